"""`write_distribution` writes the files of a new plugin: copier renders the template beside this file.

`template/copier.yml` has the questions, their defaults and the rules for answers.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import copier

from shopdb_core.errors import ConfigurationError
from shopdb_core.plugins.discovery import name_fault

_TEMPLATE = Path(__file__).parent / "template"


def distribution_fault(name: str) -> str:
    """Return why `name` cannot be the name of a new plugin; empty if it can."""
    return "shopdb-hookspecs is a distribution of ShopDB itself" if name == "hookspecs" else name_fault(name)


def write_distribution(
    name: str, answers: Mapping[str, str | bool], directory: Path, *, asks: bool
) -> list[Path]:
    """Write the files of a new plugin into `directory`, which must not exist, and return their paths in it.

    A question without an answer is put to the terminal if `asks`, else its default is the answer. Raises
    `ConfigurationError` if `directory` exists or cannot be written, or if an answer is not valid; `directory`
    is then not created.
    """
    if directory.exists() or directory.is_symlink():
        raise ConfigurationError(f"{directory} exists and is not overwritten: choose another --directory.")
    try:
        with tempfile.TemporaryDirectory(prefix=f".{directory.name}-", dir=directory.parent) as scratch:
            rendered = Path(scratch) / directory.name
            _render(rendered, {"name": name, **answers}, asks=asks)
            # Rendered beside `directory`, so that all files appear at once.
            rendered.rename(directory)
    except OSError as error:
        raise ConfigurationError(f"{directory} cannot be written: {error.strerror}") from error
    return sorted(path.relative_to(directory) for path in directory.rglob("*") if path.is_file())


def _render(directory: Path, answers: dict[str, str | bool], *, asks: bool) -> None:
    try:
        copier.run_copy(str(_TEMPLATE), directory, data=answers, defaults=not asks, quiet=True)
    except ValueError as error:
        # The answer breaks a rule of the template.
        reason = str(error).removeprefix("Validation error for question ")
        raise ConfigurationError(f"No plugin was written; {reason}") from error
