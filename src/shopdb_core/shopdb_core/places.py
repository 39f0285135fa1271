"""Where in a plugin's own files something went wrong, so that its author need not search."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType, TracebackType

Own = Callable[[FrameType], bool]
"""Whether a frame is one of the author's."""


def in_package(name: str) -> Own:
    """Tell the frames of a top-level package, or of a module that stands alone."""
    return lambda frame: str(frame.f_globals.get("__name__", "")).partition(".")[0] == name


def in_directory(directory: Path) -> Own:
    """Tell the frames of what was loaded by path from a directory."""
    return lambda frame: Path(frame.f_code.co_filename).is_relative_to(directory)


def told(error: BaseException) -> str:
    """Return what an exception says in its first line, without the place where it was raised."""
    # SQLAlchemy tells the statement and a web page in further lines.
    lines = str(error.msg if isinstance(error, SyntaxError) else error).splitlines()
    return next(iter(lines), type(error).__name__)


def place_raised(error: BaseException, own: Own) -> str:
    """Return ` (file, line N)` of the last of the author's own lines that was at work, nothing if none was.

    What does not parse is told with its own file and line.
    """
    if isinstance(error, SyntaxError) and error.filename:
        return _place(error.filename, error.lineno or 1)
    steps = [step for step in _steps(error.__traceback__) if own(step.tb_frame)]
    return _place(steps[-1].tb_frame.f_code.co_filename, steps[-1].tb_lineno) if steps else ""


def place_defined(code: CodeType) -> str:
    """Return ` (file, line N)` of a function."""
    return _place(code.co_filename, code.co_firstlineno)


def _steps(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback:
        yield traceback
        traceback = traceback.tb_next


def _place(filename: str, line: int) -> str:
    return f" ({_as_imported(Path(filename))}, line {line})"


def _as_imported(file: Path) -> str:
    """Shorten a path to what an author knows it by: from the package on."""
    roots = [root for root in map(Path, filter(None, sys.path)) if file.is_relative_to(root)]
    shown = file.relative_to(max(roots, key=lambda root: len(root.parts))) if roots else file.name
    return Path(shown).as_posix()
