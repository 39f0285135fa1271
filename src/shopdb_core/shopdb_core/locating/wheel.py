"""A wheel, unpacked and not installed."""

import shutil
import zipfile
from importlib.metadata import Distribution
from pathlib import Path

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from shopdb_core.errors import ConfigurationError
from shopdb_core.locating.located import Located
from shopdb_core.plugins.candidates import ENTRY_POINT_GROUP

_IMPORTABLE = ("purelib", "platlib")


def unpacked(wheel: Path, folder: Path) -> Located:
    """Unpack a wheel into an empty folder, and find its plugin; raises `ConfigurationError` if it is none."""
    try:
        parse_wheel_filename(wheel.name)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
    except (OSError, InvalidWheelFilename, zipfile.BadZipFile) as error:
        raise ConfigurationError(f"{wheel.name} cannot be read as a wheel: {error}") from error
    _merge_data(folder)
    return Located(_plugin_name(wheel, folder), folder)


def _merge_data(folder: Path) -> None:
    """Move what an installer would take from `NAME.data` to where Python finds it."""
    for kind in _IMPORTABLE:
        for source in folder.glob(f"*.data/{kind}"):
            shutil.copytree(source, folder, dirs_exist_ok=True)


def _plugin_name(wheel: Path, folder: Path) -> str:
    """Return the name of the one entry point of the group `shopdb`."""
    metadata = list(folder.glob("*.dist-info"))
    if len(metadata) != 1 or not (metadata[0] / "METADATA").is_file():
        raise ConfigurationError(f"{wheel.name} is no wheel: it has no metadata in one .dist-info folder.")
    points = Distribution.at(metadata[0]).entry_points.select(group=ENTRY_POINT_GROUP)
    names = sorted(point.name for point in points)
    if len(names) != 1:
        raise ConfigurationError(
            f"{wheel.name} has {_told(names)} of the group {ENTRY_POINT_GROUP}, where one names the plugin: "
            f'write [project.entry-points.{ENTRY_POINT_GROUP}] and a line such as network = "shopdb_network" '
            "in its pyproject.toml."
        )
    return names[0]


def _told(names: list[str]) -> str:
    return f"the entry points {', '.join(names)}" if names else "no entry point"
