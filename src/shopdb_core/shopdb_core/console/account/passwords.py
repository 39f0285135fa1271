"""A new password as a form sends it: typed twice, and checked."""

from collections.abc import Mapping

from shopdb_core.access.sign_in.passwords import LONGEST, SHORTEST, check_password
from shopdb_core.console.framework.pages import N_
from shopdb_core.errors import InvalidParameter

RULES = {"shortest": SHORTEST, "longest": LONGEST}
"""What the page says of passwords beside the field."""

DIFFERENT = N_("This is not what you typed above; type both again.")


def password_faults(form: Mapping[str, str], username: str) -> dict[str, str]:
    """Return what is wrong with `password` and `again` of a form, by the name of the field."""
    password = form.get("password", "")
    try:
        check_password(password, username)
    except InvalidParameter as error:
        return {"password": str(error)}
    return {} if form.get("again") == password else {"again": DIFFERENT}
