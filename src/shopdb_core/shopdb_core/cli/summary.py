"""`command_summary` reads the first sentence of a command's help from its source, which is not imported.

A plugin's command may import anything, and `shopdb --help` must stay fast.
"""

import ast
from contextlib import suppress
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from inspect import cleandoc
from pathlib import Path

LONGEST_SUMMARY = 120


def command_summary(module: str, name: str) -> str:
    """Return the first sentence of the help of a module's command `name`; empty where it is not there.

    The help is `short_help` or `help` of the command's decorator, or its docstring.
    """
    with suppress(Exception):  # a plugin's files must not break the list of commands
        spec = _spec(module)
        if spec is not None and spec.origin is not None:
            return _first_sentence(_help(Path(spec.origin), name))
    return ""


def _spec(module: str) -> ModuleSpec | None:
    """Find a module without importing the packages that it is in."""
    top, *inner = module.split(".")
    spec = find_spec(top)
    path = top
    for part in inner:
        if spec is None:
            return None
        path = f"{path}.{part}"
        spec = PathFinder.find_spec(path, spec.submodule_search_locations)
    return spec


def _help(file: Path, name: str) -> str:
    for node in ast.parse(file.read_bytes()).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            given = {
                keyword.arg: keyword.value.value
                for decorator in node.decorator_list
                if isinstance(decorator, ast.Call)
                and isinstance(decorator.func, ast.Attribute)
                and decorator.func.attr in ("command", "group")
                for keyword in decorator.keywords
                if isinstance(keyword.value, ast.Constant)
            }
            return str(given.get("short_help") or given.get("help") or ast.get_docstring(node) or "")
    return ""


def _first_sentence(text: str) -> str:
    """Return the first sentence of the first paragraph in one line, shortened at a word."""
    paragraph = " ".join(cleandoc(text).split("\n\n")[0].split())
    sentence = paragraph.partition(". ")[0].removesuffix(".")
    if len(sentence) <= LONGEST_SUMMARY:
        return f"{sentence}." if sentence else ""
    return f"{sentence[:LONGEST_SUMMARY].rpartition(' ')[0]} …"
