"""Sentences of the layers below that people often meet, so that a page says them in its language.

The API answers with the same sentences in English. The catalogues have them with names in the places of their
values, by which `translate` finds a sentence again; any other one stays in English.
"""

import re
from collections.abc import Callable
from functools import cache

from shopdb_core.console.framework.pages import N_

SENTENCES = (
    # Signing in, passwords and users
    N_("The username or the password is wrong, or the user is disabled."),
    N_("Too many sign-ins of this user or from this address have failed."),
    N_(
        "This link was opened before, or it has expired: it signs in once. `shopdb user link NAME` makes "
        "another."
    ),
    N_("The current password is wrong."),
    N_("A password has %(shortest)s to %(longest)s characters; longer is better."),
    N_("The password contains the username or `shopdb`; choose another one."),
    N_(
        "The password is one of those that attackers try first; choose several words that belong to no "
        "sentence, or let a password manager generate one."
    ),
    N_("A username has 1 to %(longest)s printable characters."),
    N_("There is a user '%(name)s' already; `shopdb user list` shows all."),
    N_("'%(name)s' is the last enabled admin; add another one first, or use --force."),
    N_("The role is one of %(roles)s."),
    # What does not exist, or may not be seen
    N_("This address does not exist."),
    N_("This needs the role %(role)s; the token of '%(name)s' has %(given)s."),
    N_("There is no asset %(asset)s."),
    N_("Asset %(asset)s was erased."),
    N_("There was no asset %(asset)s at %(moment)s."),
    N_("There is no duplicate %(finding)s: the finding was withdrawn, or never made."),
    N_("There is no merge %(merge)s."),
    N_("There is no collector named '%(name)s'; `shopdb plugin list` shows them."),
    # Parameters of an address
    N_("%(name)s must be a whole number from %(smallest)s to %(largest)s."),
    N_("Unknown parameter '%(name)s'; this address takes %(taken)s."),
    N_("The parameter %(name)s is repeated."),
    # Changes of assets that are refused
    N_("Say why, for those who look for the asset. It has 1 to %(longest)s characters."),
    N_("Enter the new identity. It has 1 to %(longest)s characters."),
    N_("Asset %(asset)s is retired already (%(reason)s)."),
    N_("Asset %(asset)s is not retired."),
    N_("Asset %(asset)s was merged into asset %(kept)s: change that one, or undo the merge."),
    N_("Asset %(asset)s has version %(version)s, not %(given)s: read it again, then change it."),
    N_("Asset %(asset)s cannot be merged with itself."),
    N_(
        "Asset %(kept)s has the type %(type)s, and asset %(gone)s the type %(other)s: "
        "only assets of one type can be merged."
    ),
    N_("%(name)s is another asset already: it is %(what)s. If both are one device, merge them."),
    N_("Asset %(asset)s already has the relationship %(name)s to asset %(other)s."),
    N_("targetassetid: there is no asset %(asset)s."),
    N_("targetassetid: an asset cannot relate to itself."),
    N_("There is no %(type)s asset named '%(name)s'."),
    N_(
        "The other asset is given by its number, such as 17, not '%(given)s'; "
        "or choose its type, and give its identity."
    ),
)

_VALUE = re.compile(r"%\\?\((\w+)\\?\)s")


def translate(gettext: Callable[..., str], text: str) -> str:
    """Return the translation of a sentence of a layer below, or the sentence if the catalogues lack it."""
    translated = gettext(text)
    if translated != text:
        return translated
    for sentence, pattern in _patterns():
        if found := pattern.fullmatch(text):
            return gettext(sentence, **found.groupdict())
    return text


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return the sentences that have values, each with the pattern of what they can be."""
    return tuple(
        (each, re.compile(_VALUE.sub(r"(?P<\1>.+?)", re.escape(each)))) for each in SENTENCES if "%(" in each
    )
