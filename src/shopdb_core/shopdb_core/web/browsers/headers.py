"""The headers of answers that are for browsers: the defaults of every answer, TLS, pages of other origins."""

from collections.abc import Sequence

import falcon

from shopdb_core.access.keys import is_trusted
from shopdb_core.settings import Network

ANSWER_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
"""The headers of every answer that does not set them itself, as a page with scripts does."""

STRICT_TRANSPORT = ("Strict-Transport-Security", "max-age=31536000")

EXPOSED = "Content-Disposition, ETag, Link, Location, Preference-Applied, Retry-After, X-Request-ID"
FOR_COLLECTORS = "Content-Encoding, Content-Type, Prefer, X-API-Key, X-Collected-At, X-Request-ID"
FOR_PEOPLE = "Authorization, Content-Type, If-Match, If-None-Match, X-Request-ID"


def came_by_tls(
    scheme: str, peer: str | None, forwarded_proto: str | None, trusted: Sequence[Network]
) -> bool:
    """Return whether the client used TLS, to this server or to a trusted proxy (`X-Forwarded-Proto`)."""
    return scheme == "https" or (forwarded_proto == "https" and is_trusted(peer, trusted))


class CrossOrigin(falcon.CORSMiddleware):  # type: ignore[type-arg]  # generic since Falcon 4.2 only
    """Middleware: lets pages of the listed origins use the API (CORS), without cookies.

    The answer to a preflight names the methods of the route, and the headers that its requests may have.
    """

    def __init__(self, origins: Sequence[str]) -> None:
        super().__init__(allow_origins=origins, expose_headers=EXPOSED)

    def process_response(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        resource: object,
        req_succeeded: bool,  # noqa: FBT001
    ) -> None:
        """Set the headers of an answer below `/api/`; caches learn that it depends on the origin."""
        if not req.path.startswith("/api/"):
            return
        resp.append_header("Vary", "Origin")
        super().process_response(req, resp, resource, req_succeeded)
        if resp.get_header("Access-Control-Allow-Headers"):
            takes_keys = getattr(resource, "roles", {}).get("POST") == "collector"
            resp.set_header("Access-Control-Allow-Headers", FOR_COLLECTORS if takes_keys else FOR_PEOPLE)
