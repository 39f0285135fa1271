"""Real wheels: the four of this repository, and those of plugins that tests write."""

import base64
import hashlib
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from released import pip, wheels

__all__ = ["wheels"]  # a fixture

BAD_PLUGINS = Path(__file__).parent / "badplugins"
WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


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
