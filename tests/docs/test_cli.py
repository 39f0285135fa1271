"""Whether docs/cli.md lists exactly the commands and options that exist."""

import re
from collections.abc import Iterator

import click
import pytest
from documents import fenced

from shopdb_core.cli import shopdb

ALWAYS = {"--help"}


@pytest.fixture
def sections(docs) -> dict[str, str]:
    """Return the text below each heading that names a command."""
    parts = re.split(r"(?m)^## (shopdb.*)$", (docs / "cli.md").read_text())[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_command_has_a_section(sections):
    """The page has one section for each command, and none for a command that does not exist."""
    commands = {
        path
        for path, command in _commands(shopdb, "shopdb")
        if not isinstance(command, click.Group) or command.invoke_without_command
    }

    assert set(sections) == commands | {"shopdb"}


def test_every_option_is_named_in_its_section(sections):
    """A section names the options of its command, and no others."""
    for path, command in _commands(shopdb, "shopdb"):
        if path not in sections:
            continue
        options = {name for option in command.params for name in option.opts if name.startswith("--")}
        prose = re.sub(r"(?ms)^```.*?^```$", "", sections[path])
        assert set(re.findall(r"`(--[a-z-]+)", prose)) == options - ALWAYS, path


def _commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command with the words that call it."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from _commands(command.get_command(context, name), f"{path} {name}")


def test_commands_that_are_named_exist(document):
    """Every `shopdb …` in a text, and in a block that no test runs, names a command and options of it."""
    text = document.read_text(encoding="utf-8")
    named = re.findall(r"(?<!`)`shopdb ([^`]+)`", text)
    for block in fenced(text, "sh setup"):
        named += re.findall(r"(?m)(?:^|/bin/)shopdb ([^\n#]+)", block)

    for words in named:
        assert _unknown(words.split()) == [], words


def _unknown(words: list[str]) -> list[str]:
    """Return the words behind `shopdb` that are not commands (`A|B` names two) or options of the last one."""
    command: click.Command = shopdb
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        names, *words = words
        found = [command.get_command(click.Context(command), name) for name in names.split("|")]
        if None in found:
            return [names]
        command = found[0]
    options = {name for option in command.params for name in option.opts} | ALWAYS
    return [word for word in words if word.startswith("--") and word not in options]
