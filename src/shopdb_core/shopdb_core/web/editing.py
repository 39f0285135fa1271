"""What every edit of a person needs: who edits, and whether it is only tried."""

from collections.abc import Callable

import falcon

from shopdb_core.edits.edit import Editor
from shopdb_core.site import Site
from shopdb_core.store import Connection, Store
from shopdb_core.submissions import Origin
from shopdb_hookspecs import JsonObject


def editor(req: falcon.Request, site: Site) -> Editor:
    """Return the person who edits, for the audit, and what an edit needs of the site."""
    context = req.context
    origin = Origin(f"user:{context.bearer.subject}", context.requestid, context.clientaddress)
    return site.editor(origin)


def answer_of(store: Store, edit: Callable[[Connection], JsonObject], *, dryrun: bool) -> JsonObject:
    """Return what an edit returns, after its commit; a dry run is rolled back."""
    return (store.dry_run if dryrun else store.transaction)(edit)
