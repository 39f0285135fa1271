"""Write .env.example, and the tables of docs/settings.md between their markers, from the declared settings.

python docs/generate.py
python docs/generate.py --check
"""

import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from shopdb_core.settings.records import all_settings
from shopdb_core.settings.setting import FILE, GROUPS, PLUGIN, Setting

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/settings.md"
EXAMPLE = ROOT / ".env.example"

_MARKED = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end of generated -->)", re.DOTALL)
_ASIDE = re.compile(r" \(\[[^]]*\]\([^)]*\)\)")
_LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")


def tables() -> Iterator[str]:
    """Yield the lines of the settings, a table for each group."""
    for group in GROUPS:
        yield from ("", f"### {group}", "", "| variable | default | meaning |", "| --- | --- | --- |")
        for setting in all_settings():
            if setting.group == group:
                default = setting.otherwise if setting.default is None else f"`{setting.default}`"
                yield f"| `{setting.variable}` | {default} | {setting.about} |"
    yield ""


def files() -> Iterator[str]:
    """Yield the lines of the settings that may be in a file."""
    yield from ("", "| variable | names a file that holds |", "| --- | --- |")
    for setting in all_settings():
        if setting.conceal:
            yield f"| `{setting.variable}{FILE}` | `{setting.variable}` |"
    yield ""


def example() -> Iterator[str]:
    """Yield the lines of .env.example, in which every setting is a comment."""
    yield "# Every setting, with its default or an example; docs/generate.py writes this file. Copy the lines"
    yield "# that you need to .env, and run `chmod 600 .env`. `shopdb init` writes a .env with secrets."
    for group in GROUPS:
        yield from ("", f"## {group}")
        for setting in all_settings():
            if setting.group == group:
                yield from _entry(setting)


def _entry(setting: Setting) -> Iterator[str]:
    default = setting.otherwise if setting.default is None else setting.default
    about = _LINK.sub(r"\1", f"{_ASIDE.sub('', setting.about)} (default: {default})")
    yield ""
    yield from textwrap.wrap(about, 110, initial_indent="# ", subsequent_indent="# ", break_long_words=False)
    value = setting.example or setting.default
    yield f"#{setting.variable.replace(PLUGIN, 'COMPUTERS')}={value}"


def generated() -> dict[Path, str]:
    """Return what the files must contain."""
    contents = {"settings": tables, "files": files}
    page = _MARKED.sub(
        lambda found: found[1] + "\n".join(contents[found[2]]()) + "\n" + found[3], PAGE.read_text()
    )
    return {PAGE: page, EXAMPLE: "\n".join(example()) + "\n"}


def main(arguments: list[str]) -> int:
    """Write the files; with `--check` name those that differ, and return 1 if there are any."""
    stale = [
        (path, text) for path, text in generated().items() if not path.exists() or path.read_text() != text
    ]
    for path, text in stale:
        if "--check" in arguments:
            sys.stderr.write(
                f"{path.relative_to(ROOT)} differs from the settings: run python docs/generate.py\n"
            )
        else:
            path.write_text(text)
    return int(bool(stale) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
