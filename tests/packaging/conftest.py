"""Real wheels: the four of this repository, and those of plugins that tests write."""

import base64
import hashlib
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
BAD_PLUGINS = Path(__file__).parent / "badplugins"
MEMBERS = ("hookspecs", "src/shopdb_core", "src/shopdb_computers", "src/shopdb_printers")
WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def pip(*arguments: str | Path) -> None:
    """Run pip without an index."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the four wheels, built before the tests or now."""
    if "SHOPDB_WHEELS" in os.environ:
        return Path(os.environ["SHOPDB_WHEELS"])
    folder = tmp_path_factory.mktemp("wheels")
    pip("wheel", "--no-deps", "--wheel-dir", folder, *(REPOSITORY / member for member in MEMBERS))
    return folder


@pytest.fixture(scope="session")
def write_wheel(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that packs files, by their path in the wheel, into a wheel of one plugin."""

    def write(distribution: str, plugin: str, files: Mapping[str, str], version: str = "1.0") -> Path:
        info = f"{distribution}-{version}.dist-info"
        contents = {
            **files,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n",
            f"{info}/WHEEL": WHEEL,
            f"{info}/entry_points.txt": f"[shopdb]\n{plugin} = {distribution}\n",
        }
        record = [_recorded(name, content.encode()) for name, content in contents.items()]
        contents[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""])
        path = tmp_path_factory.mktemp("built") / f"{distribution}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            for name, content in contents.items():
                wheel.writestr(name, content)
        return path

    return write


@pytest.fixture(scope="session")
def bad_wheel(write_wheel: Callable[..., Path]) -> Callable[[str, str], Path]:
    """Return a function that packs a plugin of `badplugins/` under the name that it claims."""

    def write(package: str, plugin: str) -> Path:
        paths = sorted((BAD_PLUGINS / package).rglob("*.py"))
        files = {str(path.relative_to(BAD_PLUGINS)): path.read_text() for path in paths}
        return write_wheel(package, plugin, files)

    return write


@pytest.fixture(scope="session")
def install(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that installs wheels into a new folder; a site has them by `PYTHONPATH`."""

    def install_into_folder(*paths: Path) -> Path:
        folder = tmp_path_factory.mktemp("installed")
        pip("install", "--no-deps", "--no-index", "--target", folder, *paths)
        return folder

    return install_into_folder


def _recorded(name: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}"
