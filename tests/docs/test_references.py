"""Whether the links, files, sessions, decisions and versions that the documents name exist."""

import ast
import builtins
import re
import tomllib

import pytest

MEMBERS = ("hookspecs", "src/shopdb_core", "src/shopdb_computers", "src/shopdb_printers")


def test_links_lead_somewhere(document):
    """Every link to a file of the repository finds it, and the heading that it names."""
    for target in re.findall(r"\]\(([^)]+)\)", document.read_text()):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        linked = document.parent / path if path else document
        assert linked.is_file(), target
        assert not anchor or anchor in _anchors(linked.read_text()), target


def test_files_that_are_named_exist(document, repository):
    """Every path in backticks is a file or folder of the repository."""
    shown = re.findall(r'title="([^"]+)"', document.read_text())
    named = re.findall(r"`([\w./-]+\.(?:py|toml|md|json|run)|(?:[\w.-]+/)+)`", document.read_text())
    tree = {str(path.relative_to(repository)) for path in _tree(repository)}

    for name in named:
        known = any(f"/{path}".endswith(f"/{name.strip('/')}") for path in [*tree, *shown])
        assert known or name == "dist/", name


@pytest.fixture(scope="module")
def words_of_code(repository) -> set[str]:
    """Return every word in the Python files of the distributions, the tests and the benchmarks."""
    folders = (repository / name for name in ("src", "hookspecs", "tests", "benchmarks"))
    files = [path for folder in folders for path in folder.rglob("*.py")]
    return {word for path in files for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}


def test_classes_that_are_named_exist(document, words_of_code):
    """Every name such as `AssetWrite` in backticks occurs in the code, or is Python's own."""
    named = set(re.findall(r"`((?:[A-Z][a-z]+){2,})`", document.read_text(encoding="utf-8")))

    assert named <= words_of_code | set(dir(builtins))


def test_sessions_that_are_named_exist(document, repository):
    """Every `nox -s NAME` names a session of noxfile.py."""
    named = set(re.findall(r"nox -s (\w+)", document.read_text()))

    assert named <= _sessions(repository)


def test_every_session_is_documented(repository):
    """The guide for developers has a row for each session."""
    text = (repository / "docs/development.md").read_text()

    assert set(re.findall(r"(?m)^\| `(\w+)` \| ", text)) == _sessions(repository)


def test_the_commands_of_the_readme_are_those_of_ci(repository):
    """CI runs the README's two commands with `nox` exactly as the README prints them."""
    readme, ci = (repository / "README.md").read_text(), (repository / ".ci/run").read_text()

    commands = re.findall(r"(?m)^python3 -m venv .*nox -s \w+$", readme)

    assert [command.split()[-1] for command in commands] == ["demo", "tests"]
    assert all(re.search(rf"(?m)^{re.escape(command)}( -- --once)?$", ci) for command in commands)


def test_what_is_installed_by_path_exists(document, repository):
    """Every folder that a document installs is a distribution, of the repository or of the document."""
    text = document.read_text()

    for line in re.findall(r"(?m)^.*pip install .*$", text):
        for folder in re.findall(r"\./([\w/-]+)", line):
            known = (repository / folder / "pyproject.toml").is_file()
            assert known or f'title="{folder}/pyproject.toml"' in text, line


def test_decisions_are_numbered_and_listed(docs):
    """Decisions count up from 1, have the four parts, and are listed with their titles."""
    decisions = sorted((docs / "adr").glob("0*.md"))
    listed = (docs / "adr/README.md").read_text()

    for number, decision in enumerate(decisions, start=1):
        title, *parts = re.findall(r"(?m)^#+ (.+)$", decision.read_text())
        assert title.startswith(f"{number:04}: ")
        assert decision.name.startswith(f"{number:04}-")
        assert parts == ["Status", "Context", "Decision", "Consequences"]
        assert f"| [{number:04}]({decision.name}) | {title[6:]} |" in listed


def test_the_changelog_has_every_version(repository):
    """Each distribution has a section, with its present version."""
    text = (repository / "CHANGELOG.md").read_text()

    for member in MEMBERS:
        project = tomllib.loads((repository / member / "pyproject.toml").read_text())["project"]
        section = re.search(rf"(?ms)^## {project['name']}$(.*?)(?=^## |\Z)", text)[1]
        assert f"### [{project['version']}]" in section


def test_documents_describe_the_product_alone(document):
    """No document names a folder outside the repository, or the number of an issue."""
    assert not re.search(r"/(?:shared|work|tmp)/|\B#\d+", document.read_text())


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"(?m)^#+ (.+)$", text)
    return {re.sub(r"[^\w\s-]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _tree(repository):
    for top in repository.iterdir():
        yield top
        if top.name in {".ci", "benchmarks", "docs", "examples", "hookspecs", "src", "tests"}:
            yield from top.rglob("*")


def _sessions(repository) -> set[str]:
    module = ast.parse((repository / "noxfile.py").read_text())
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef)]
    return {
        function.name
        for function in functions
        if any("session" in ast.unparse(mark) for mark in function.decorator_list)
    }
