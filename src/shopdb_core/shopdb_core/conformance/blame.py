"""What a hook raised, and where: the line of the plugin that its author looks for."""

import traceback
from pathlib import Path

import shopdb_core
from shopdb_core.plugins.messages import shortened

_CORE = Path(shopdb_core.__file__).parent


def told(error: BaseException) -> str:
    """Return what was raised with file and line in the plugin's own code, if they can be told."""
    cause = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    text = next(iter(str(cause).splitlines()), "")
    what = f"{type(cause).__name__}: {shortened(text)}" if text else type(cause).__name__
    return f"{what} ({where})" if (where := _where(cause)) else what


def _where(error: BaseException) -> str:
    """Name the innermost frame that belongs neither to the core nor to a library under it."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if not _is_foreign(Path(frame.filename))
    ]
    return f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""


def _is_foreign(file: Path) -> bool:
    libraries = {"pluggy", "sqlalchemy", "alembic", "hypothesis"}
    return _CORE in file.parents or not libraries.isdisjoint(file.parts) or not file.exists()
