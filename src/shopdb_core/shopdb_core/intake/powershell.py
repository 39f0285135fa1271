"""The wrappers that `ConvertTo-Json` of PowerShell 5.1 puts around arrays and dates."""

from shopdb_hookspecs import Json


def wrapped_array(value: dict[str, Json]) -> list[Json] | None:
    """Give the array inside `{"value": […], "Count": n}`, `None` for any other object.

    PowerShell writes an array so where its own wrapper object comes to light. The count is not compared:
    trimming may have dropped an item.
    """
    items = value.get("value")
    if value.keys() == {"value", "Count"} and isinstance(items, list):
        return items
    return None


def wrapped_date(value: dict[str, Json]) -> str | None:
    """Give the text inside `{"value": "/Date(ms)/", "DisplayHint": 2, …}`, as `Get-Date` is written."""
    text = value.get("value")
    return text if isinstance(text, str) and text.startswith("/Date(") else None
