"""Editing the fields of an asset: those of people, and corrections of what collectors submitted.

Two people may edit one asset: who sends last sees what the other stored beside what was typed, and decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import falcon

from shopdb_core.console.asset.frame import Frame, read_frame
from shopdb_core.console.asset.inputs import (
    PREFIX,
    Input,
    Typed,
    inputs_of,
    problems_of,
    schemas_of,
    shown_by,
)
from shopdb_core.console.framework.pages import N_, PageResource
from shopdb_core.edits.changing import Change, Changes
from shopdb_core.edits.site_fields import SiteFields
from shopdb_core.errors import InvalidSubmission, PreconditionFailed
from shopdb_core.web.browsers.forms import read_form
from shopdb_core.web.editing import answer_of, editor
from shopdb_core.web.request import Roles
from shopdb_hookspecs import JsonObject

NEW_NAME, NEW_VALUE = "newname", "newvalue"
"""The inputs for one more field of an asset that people created."""

CONFLICT = N_(
    "Someone else changed this asset while you were typing. Nothing of yours was stored. What differs is "
    "marked below: keep what you typed or correct it, then save again."
)
REFUSED = N_("Nothing was stored: see what is marked below.")


@dataclass(frozen=True, slots=True)
class Form:
    """The inputs of one asset: those of people's fields, and those of attributes."""

    sitefields: Sequence[Input]
    attributes: Sequence[Input]

    @property
    def all(self) -> Sequence[Input]:
        """All inputs."""
        return [*self.sitefields, *self.attributes]


def form_of(frame: Frame, sitefields: SiteFields) -> Form:
    """Return the inputs for what may be changed of an asset now."""
    kept = inputs_of("sitefields", frame.asset["sitefields"], sitefields.properties, _document(sitefields))
    return Form([*kept], [*inputs_of("attributes", *_attributes(frame), frame.declaration or {})])


def _attributes(frame: Frame) -> tuple[JsonObject, JsonObject]:
    """Return the attributes that a form may change, and their schemas: none while the plugin is not served.

    The identity changes with the name of the asset.
    """
    if frame.trouble:
        return {}, {}
    document = frame.declaration or {}
    identity = document.get("identityfield")
    parts = frame.asset["attributes"], document.get("fields", {})
    stored, schemas = ({name: each for name, each in part.items() if name != identity} for part in parts)
    return stored, schemas


def _schemas(frame: Frame, sitefields: SiteFields) -> dict[str, JsonObject]:
    return {
        **schemas_of("sitefields", sitefields.properties, _document(sitefields)),
        **schemas_of("attributes", _attributes(frame)[1], frame.declaration or {}),
    }


def _document(sitefields: SiteFields) -> JsonObject:
    return {"$defs": sitefields.definitions}


class EditPage(PageResource):
    """The form with every field that people may change."""

    roles: ClassVar[Roles] = {"GET": "editor", "POST": "editor"}

    def on_get(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Show the form."""
        frame = self._frame(assetid)
        self._show(req, resp, frame, form_of(frame, self._site.sitefields))

    def on_post(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Change what was typed, in the version that the form was made of."""
        form = read_form(req)
        typed, frame, sitefields = Typed.read(form), self._frame(assetid), self._site.sitefields
        document = _with_new(typed.changes(_schemas(frame, sitefields), frame.asset), form)
        try:
            change = Change(assetid, typed.version, Changes.read(document), editor(req, self._site))
            answer_of(self._site.store, change, dryrun=False)
        except PreconditionFailed:
            frame = self._frame(assetid)
            shown = _posted(form_of(frame, sitefields), typed, {})
            self._show(req, resp, frame, shown, notice=CONFLICT, posted=form)
            resp.status = falcon.HTTP_412
        except InvalidSubmission as refused:
            problems = problems_of(refused.faults) or {"": str(refused)}
            shown = _posted(form_of(frame, sitefields), typed, problems)
            about = {"problems": _elsewhere(problems, shown), "assetversion": typed.version}
            self._show(req, resp, frame, shown, notice=REFUSED, posted=form, **about)
            resp.status = falcon.HTTP_422
        else:
            self._pages.go_on(req, resp, f"/assets/{assetid}", "saved")

    def _frame(self, assetid: int) -> Frame:
        plugins = self._site.plugins
        return self._site.store.read(lambda connection: read_frame(connection, plugins, assetid))

    def _show(
        self, req: falcon.Request, resp: falcon.Response, frame: Frame, form: Form, **more: object
    ) -> None:
        stored = form_of(frame, self._site.sitefields)
        plain = {"notice": "", "problems": (), "posted": {}, "assetversion": frame.asset["version"]}
        self._pages.render(
            req,
            resp,
            "asset/edit.html",
            frame=frame,
            form=form,
            shown=shown_by(stored.all),
            isfree=not frame.declaration and not frame.trouble,
            **{**plain, **more},
        )


def _posted(form: Form, typed: Typed, problems: Mapping[str, str]) -> Form:
    """Return a form with what was typed into another, what is wrong with it, and what others stored."""
    return Form(
        [_retyped(each, typed, problems) for each in form.sitefields],
        [_retyped(each, typed, problems) for each in form.attributes],
    )


def _retyped(each: Input, typed: Typed, problems: Mapping[str, str]) -> Input:
    text = typed.touched.get(each.name)
    if text is None:
        return each
    now = each.text if typed.differs(each.name, each.text) and each.text != text else None
    control = each.control
    if control in ("choice", "truth") and text not in ("", *each.options):
        control = "line"
    return replace(each, text=text, control=control, now=now, problem=problems.get(each.name, ""))


def _elsewhere(problems: Mapping[str, str], form: Form) -> list[str]:
    """Return what is wrong with fields that have no input that was touched."""
    marked = {each.name for each in form.all if each.problem}
    return [
        f"{name.removeprefix(PREFIX)} {message}".strip()
        for name, message in problems.items()
        if name not in marked
    ]


def _with_new(document: dict[str, JsonObject], form: Mapping[str, str]) -> dict[str, JsonObject]:
    """Return the change with the field that was added, if any."""
    name, value = form.get(NEW_NAME, "").strip(), form.get(NEW_VALUE, "").strip()
    if not name:
        return document
    return {**document, "attributes": {**document.get("attributes", {}), name: value or None}}
