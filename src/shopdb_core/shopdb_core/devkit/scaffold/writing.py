"""Write the distribution of a new plugin: the template beside this file, rendered by copier.

The questions, their defaults and what an answer must look like stand in `template/copier.yml`.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import copier

from shopdb_core.errors import ConfigurationError
from shopdb_core.plugins.discovery import name_fault

_TEMPLATE = Path(__file__).parent / "template"


def distribution_fault(name: str) -> str:
    """Say why no distribution can be written for a plugin `name`; nothing if one can."""
    return "shopdb-hookspecs is a distribution of ShopDB itself" if name == "hookspecs" else name_fault(name)


def write_distribution(
    name: str, answers: Mapping[str, str | bool], directory: Path, *, asks: bool
) -> list[Path]:
    """Write the files of a new plugin into `directory`, which must not exist, and return their paths in it.

    A question that `answers` leaves open is put to the terminal if `asks`, else it has its default.
    Raises `ConfigurationError`, and then leaves nothing behind.
    """
    if directory.exists() or directory.is_symlink():
        raise ConfigurationError(f"{directory} exists and is not overwritten: choose another --directory.")
    try:
        with tempfile.TemporaryDirectory(prefix=f".{directory.name}-", dir=directory.parent) as scratch:
            rendered = Path(scratch) / directory.name
            _render(rendered, {"name": name, **answers}, asks=asks)
            # Beside its place, so that it gets there whole or not at all.
            rendered.rename(directory)
    except OSError as error:
        raise ConfigurationError(f"{directory} cannot be written: {error.strerror}") from error
    return sorted(path.relative_to(directory) for path in directory.rglob("*") if path.is_file())


def _render(directory: Path, answers: dict[str, str | bool], *, asks: bool) -> None:
    try:
        copier.run_copy(str(_TEMPLATE), directory, data=answers, defaults=not asks, quiet=True)
    except ValueError as error:
        # What copier says of an answer that the template's own rule refuses.
        told = str(error).removeprefix("Validation error for question ")
        raise ConfigurationError(f"No plugin was written; {told}") from error
