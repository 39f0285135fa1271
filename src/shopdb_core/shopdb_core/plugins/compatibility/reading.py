"""What a wider schema takes away: the server reads what PowerShell sends by what the schema asks for."""

from shopdb_core.plugins.compatibility.gap import Gap
from shopdb_core.plugins.compatibility.kinds import ALL_KINDS, of_types


def reading_loss(gap: Gap) -> str:
    """Say what is no longer read because a rule of the older schema went; empty if nothing (contract 2)."""
    if gap.keyword == "format" and gap.rule == "date-time":
        return (
            "date-times are no longer read as such: their other spellings are stored as they come, or refused"
        )
    if gap.keyword == "type" and "array" in (kinds := of_types(gap.rule)) and kinds != ALL_KINDS:
        return "an array is no longer asked for alone: a single value is stored as it comes, or refused"
    return ""
