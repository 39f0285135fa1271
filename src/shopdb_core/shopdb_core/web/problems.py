"""Every error answer: a problem document (RFC 9457)."""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import TypeAlias

import falcon

from shopdb_core import errors
from shopdb_core.outcomes.recorder import Recorder
from shopdb_core.outcomes.records import Refusal
from shopdb_core.plugins.registry import Plugins
from shopdb_core.web.access_log import LONGEST_METHOD, LONGEST_PATH, in_log
from shopdb_core.web.request import WebApp
from shopdb_core.web.responses import PROBLEM
from shopdb_hookspecs import JsonObject

TYPE_PREFIX = "urn:shopdb:problem:"

STATUSES: dict[type[errors.ShopDBError], tuple[int, str]] = {
    errors.MalformedBody: (400, "malformed-body"),
    errors.InvalidParameter: (400, "invalid-parameter"),
    errors.Unauthorized: (401, "unauthorized"),
    errors.Forbidden: (403, "forbidden"),
    errors.NotFound: (404, "not-found"),
    errors.Conflict: (409, "conflict"),
    errors.Gone: (410, "gone"),
    errors.PreconditionFailed: (412, "precondition-failed"),
    errors.PayloadTooLarge: (413, "payload-too-large"),
    errors.UnsupportedMedia: (415, "unsupported-media"),
    errors.InvalidSubmission: (422, "invalid-submission"),
    errors.PreconditionRequired: (428, "precondition-required"),
    errors.Throttled: (429, "throttled"),
    errors.PluginFailure: (500, "plugin-failure"),
    errors.Unavailable: (503, "unavailable"),
}

UNEXPECTED = "The server failed; its log names this request. Nothing was stored."

_MOST_LOGGED = 5
_LONGEST_LOGGED = 200
"""How many faults of a refusal the log names, and how many characters their pointers have at most."""

_SIGN_IN = "sign-in"
_SIGN_IN_PATHS = ("/api/auth/login", "/api/auth/refresh", "/api/auth/oidc/")

_NOT_PAGES = ("/api/", "/metrics", "/static/")

_logger = logging.getLogger(__name__)
_authentication_log = logging.getLogger("shopdb_core.authentication")


ShowProblem: TypeAlias = Callable[[falcon.Request, falcon.Response, Exception, JsonObject], None]
"""Shows a problem document as a page; the response has the status and the headers of the problem."""


def install(app: WebApp, recorder: Recorder, plugins: Plugins, show: ShowProblem | None = None) -> None:
    """Answer every error of `app` as a problem document, and record those that refuse a submission.

    `show` answers people instead, who open a page in a browser.
    """
    handlers = _Handlers(recorder, plugins, show)
    app.add_error_handler(Exception, handlers.on_error)
    app.add_error_handler(falcon.HTTPError, handlers.on_http_error)


def document(error: Exception, requestid: str) -> JsonObject:
    """Return the problem document of an error, and log a failure of the server or of a plugin."""
    if not isinstance(error, errors.ShopDBError):
        _logger.error("request %s: %s\n%s", requestid, type(error).__name__, errors.log_text(error))
        return problem(500, "internal", UNEXPECTED, requestid)
    if isinstance(error, errors.PluginFailure):
        _logger.error("%s\n%s", error, errors.log_text(error.__cause__))
    if isinstance(error, errors.Unavailable) and error.__cause__ is not None:
        _logger.debug("request %s: %s\n%s", requestid, error, errors.log_text(error.__cause__))
    status, name = STATUSES.get(type(error), (500, "internal"))
    answer = problem(status, name, str(error), requestid)
    if isinstance(error, errors.InvalidSubmission):
        return {**answer, **_explanation(error)}
    return answer


def log_refusal(error: Exception, requestid: str, what: str) -> None:
    """Log why a submission was refused: places and keywords, never a value; nothing for another error."""
    if isinstance(error, errors.InvalidSubmission):
        faults = error.faults[:_MOST_LOGGED]
        reasons = [f"{fault.pointer[:_LONGEST_LOGGED] or '/'} {fault.keyword}" for fault in faults]
        more = " and more" if len(error.faults) > len(faults) else ""
        _logger.info("request %s: %s: %s%s", requestid, what, ", ".join(reasons), more)
    elif isinstance(error, errors.MalformedBody):
        _logger.info("request %s: %s: %s", requestid, what, error)


def refusal(
    error: Exception,
    answer: JsonObject,
    plugin: str | None,
    *,
    clientaddress: str | None,
    source: str | None,
) -> Refusal:
    """Return what is recorded of a submission whose answer is the problem document of an error."""
    about = Refusal(plugin, answer["status"], answer["requestid"], clientaddress, source=source)
    if isinstance(error, errors.InvalidSubmission):
        return replace(about, faults=error.faults, identityvalue=error.identityvalue)
    return about


def _explanation(error: errors.InvalidSubmission) -> JsonObject:
    """Return the members that a refusal adds: its faults, and what was corrected before they were found."""
    faults = {"errors": [asdict(fault) for fault in error.faults]} if error.faults else {}
    return {**faults, "warnings": list(error.warnings)} if error.warnings else faults


class _Handlers:
    """The handlers of errors; they also record what refuses a submission."""

    def __init__(self, recorder: Recorder, plugins: Plugins, show: ShowProblem | None) -> None:
        self._recorder = recorder
        self._plugins = plugins
        self._show = show

    def on_error(
        self, req: falcon.Request, resp: falcon.Response, error: Exception, params: Mapping[str, str]
    ) -> None:
        if "plugin" in params:
            log_refusal(error, req.context.requestid, f"{params['plugin']} refused a submission")
        answer = document(error, req.context.requestid)
        self._record(req, error, answer, params)
        _answer(req, resp, answer)
        if isinstance(error, (errors.Unavailable, errors.Throttled)):
            resp.set_header("Retry-After", str(error.retry_after_seconds))
        if isinstance(error, errors.Unauthorized):
            resp.set_header("WWW-Authenticate", _challenge(req))
        if isinstance(error, (errors.Unauthorized, errors.Throttled)):
            _log_authentication_failure(req, error)
        self._show_to_people(req, resp, error, answer)

    def on_http_error(
        self, req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError, params: Mapping[str, str]
    ) -> None:
        status = falcon.http_status_to_code(error.status)
        name = re.sub("[^a-z]+", "-", error.title.lower()).strip("-")
        detail = error.description or _hint(req, status)
        answer = problem(status, name, detail, req.context.requestid)
        self._record(req, error, answer, params)
        _answer(req, resp, answer)
        resp.set_headers(error.headers or {})
        self._show_to_people(req, resp, error, answer)

    def _show_to_people(
        self, req: falcon.Request, resp: falcon.Response, error: Exception, answer: JsonObject
    ) -> None:
        if self._show is not None and _is_of_a_browser(req):
            self._show(req, resp, error, answer)

    def _record(
        self, req: falcon.Request, error: Exception, answer: JsonObject, params: Mapping[str, str]
    ) -> None:
        """Record the error of a submission, unless it was a dry run; of any other request nothing.

        The name of a plugin that is not installed is the client's own, and is left out.
        """
        context = req.context
        if context.submits and not getattr(context, "query", {}).get("dryrun"):
            plugin = params["plugin"] if self._plugins.get(params["plugin"]) else None
            self._recorder.refused(
                refusal(error, answer, plugin, clientaddress=context.clientaddress, source=context.source)
            )


def _is_of_a_browser(req: falcon.Request) -> bool:
    """Return whether a person sees the answer: browsers name HTML, also for a page that does not exist."""
    return not req.path.startswith(_NOT_PAGES) and falcon.MEDIA_HTML.partition(";")[0] in (req.accept or "")


def _answer(req: falcon.Request, resp: falcon.Response, answer: JsonObject) -> None:
    req.context.problem = answer["type"].removeprefix(TYPE_PREFIX)
    resp.status = answer["status"]
    resp.content_type = PROBLEM
    resp.media = answer


def problem(status: int, name: str, detail: str, requestid: str) -> JsonObject:
    """Return a problem document; `name` ends its `type` and, with blanks for hyphens, is its `title`."""
    return {
        "type": TYPE_PREFIX + name,
        "title": name.replace("-", " ").capitalize(),
        "status": status,
        "detail": detail,
        "requestid": requestid,
    }


def _challenge(req: falcon.Request) -> str:
    """Return the scheme to authenticate by (RFC 9110, section 11.6.1)."""
    return 'ApiKey realm="shopdb"' if _takes_key(req) else 'Bearer realm="shopdb", error="invalid_token"'


def _takes_key(req: falcon.Request) -> bool:
    return req.method == "POST" and req.path.startswith("/api/collector/")


def _log_authentication_failure(req: falcon.Request, error: Exception) -> None:
    """Log which credential was missing, wrong or throttled, where and from which address; never its value."""
    header = _credential(req)
    presented = "wrong" if header == _SIGN_IN or req.get_header(header) else "missing"
    _authentication_log.warning(
        "%s %s %s %s %s %s",
        "throttled" if isinstance(error, errors.Throttled) else presented,
        header,
        in_log(req.method, LONGEST_METHOD),
        in_log(req.path, LONGEST_PATH),
        req.context.clientaddress or "-",
        req.context.requestid,
    )


def _credential(req: falcon.Request) -> str:
    """Return the header of the credential, or what signing in takes."""
    if _takes_key(req):
        return "X-API-Key"
    return _SIGN_IN if req.path.startswith(_SIGN_IN_PATHS) else "Authorization"


def _hint(req: falcon.Request, status: int) -> str:
    if status == falcon.http_status_to_code(falcon.HTTP_405):
        return f"{req.method} is not allowed here; the Allow header lists the methods that are."
    return "This address does not exist."
