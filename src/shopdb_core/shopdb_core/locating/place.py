"""What a person means who names a plugin on the command line: PATH, WHEEL, NAME, or nothing at all."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shopdb_core.errors import ConfigurationError
from shopdb_core.locating.located import Located
from shopdb_core.locating.source import built, names_plugin
from shopdb_core.locating.wheel import unpacked
from shopdb_core.plugins.candidates import NAME


@contextmanager
def located(place: str | None) -> Iterator[Located]:
    """Give the plugin of a source tree, of a wheel, or an installed one by its name; unpacked until the end.

    `None` is the source tree in the working directory. Whether an installed plugin is there shows when it is
    asked. Raises `ConfigurationError` for what is none of these.
    """
    if place is not None and NAME.fullmatch(place):
        yield Located(place)
        return
    path = _path(place)
    with tempfile.TemporaryDirectory(prefix="shopdb-plugin-") as scratch:
        wheels, folder = Path(scratch) / "wheels", Path(scratch) / "unpacked"
        wheels.mkdir()
        folder.mkdir()
        yield unpacked(built(path, wheels) if path.is_dir() else path, folder)


def _path(place: str | None) -> Path:
    """Return a folder, or a wheel."""
    if place is None:
        if not names_plugin(Path()):
            raise ConfigurationError(
                "The working directory holds no plugin's source: give PATH (a folder with a pyproject.toml), "
                "WHEEL (a .whl file) or NAME (an installed plugin)."
            )
        return Path()
    path = Path(place)
    if path.is_dir() or (path.is_file() and path.suffix == ".whl"):
        return path
    if not path.exists():
        raise ConfigurationError(f"there is no {'file' if path.suffix == '.whl' else 'folder'} {place:.200}")
    raise ConfigurationError(
        f"{place!r:.80} is neither a folder, nor a .whl file, nor a plugin's name; a folder beside you is "
        "written ./folder."
    )
