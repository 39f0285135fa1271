"""JSON pointers (RFC 6901) into declarations and submissions."""

from collections.abc import Iterable


def step(key: str | int) -> str:
    """Return one escaped key of a pointer, with its leading slash."""
    return "/" + str(key).replace("~", "~0").replace("/", "~1")


def pointer(path: Iterable[str | int]) -> str:
    """Join the keys and indexes of a path; the empty path is the whole document."""
    return "".join(step(key) for key in path)


def keys(place: str) -> list[str]:
    """Return the unescaped keys of a pointer, indexes as text; the empty pointer has none."""
    return [key.replace("~1", "/").replace("~0", "~") for key in place.split("/")[1:]]
