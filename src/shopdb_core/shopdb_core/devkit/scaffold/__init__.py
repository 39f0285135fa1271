"""`write_distribution` writes the files of a new plugin: copier renders the template beside this file.

`template/copier.yml` has the questions, their defaults and the rules for answers.
"""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import copier
import yaml  # type: ignore[import-untyped]  # copier depends on it, its stubs are another distribution
from jinja2 import Environment

from shopdb_core.errors import ConfigurationError
from shopdb_core.plugins.discovery import name_fault

_TEMPLATE = Path(__file__).parent / "template"


def distribution_fault(name: str) -> str:
    """Return why `name` cannot be the name of a new plugin; empty if it can."""
    return "shopdb-hookspecs is a distribution of ShopDB itself" if name == "hookspecs" else name_fault(name)


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the template; `validator` is a Jinja template that renders a fault, or nothing."""

    name: str
    text: str
    default: str | bool
    validator: str

    def fault(self, answer: str) -> str:
        """Return why an answer is not valid; empty if it is."""
        return _jinja().from_string(self.validator).render({self.name: answer}).strip()


def questions(name: str) -> Iterator[Question]:
    """Yield the questions of the template, with the defaults for a plugin's name."""
    content: dict[str, str | dict[str, str]] = yaml.safe_load((_TEMPLATE / "copier.yml").read_text("utf-8"))
    context = {"name": name}
    for field, question in content.items():
        if not isinstance(question, dict) or "default" not in question:
            continue
        default = question["default"]
        if isinstance(default, str):
            default = context[field] = _jinja().from_string(default).render(context)
        if "help" in question:
            yield Question(field, question["help"], default, question.get("validator", ""))


def _jinja() -> Environment:
    """Return the environment that copier renders in, with the same filters."""
    return Environment(extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"])  # noqa: S701  # no HTML


def write_distribution(name: str, answers: Mapping[str, str | bool], directory: Path) -> list[Path]:
    """Write the files of a new plugin into `directory`, which must not exist, and return their paths in it.

    The answer to a question without one is its default. Raises `ConfigurationError` if `directory` exists or
    cannot be written, or if an answer is not valid; `directory` is then not created.
    """
    if directory.exists() or directory.is_symlink():
        raise ConfigurationError(f"{directory} exists and is not overwritten: choose another --directory.")
    try:
        with tempfile.TemporaryDirectory(prefix=f".{directory.name}-", dir=directory.parent) as scratch:
            rendered = Path(scratch) / directory.name
            _render(rendered, {"name": name, **answers})
            # Rendered beside `directory`, so that all files appear at once.
            rendered.rename(directory)
    except OSError as error:
        raise ConfigurationError(f"{directory} cannot be written: {error.strerror}") from error
    return sorted(path.relative_to(directory) for path in directory.rglob("*") if path.is_file())


def _render(directory: Path, answers: dict[str, str | bool]) -> None:
    try:
        copier.run_copy(str(_TEMPLATE), directory, data=answers, defaults=True, quiet=True)
    except ValueError as error:
        # The answer breaks a rule of the template.
        reason = str(error).removeprefix("Validation error for question ")
        raise ConfigurationError(f"No plugin was written; {reason}") from error
