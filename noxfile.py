"""The checks that people and CI run, one session each: `nox -l` lists them."""

import itertools
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import nox

if sys.version_info < (3, 11):  # noqa: UP036 - whichever Python the README's command finds runs this
    sys.exit(
        f"ShopDB needs Python 3.11 or newer, and this is Python {sys.version.split()[0]}: "
        "remove .venv, and write for example python3.13 instead of python3"
    )
import tomllib

nox.needs_version = ">=2024.4.15"
nox.options.sessions = ["lint", "tests"]
nox.options.default_venv_backend = "venv"

ROOT = Path(__file__).parent
WHEELS = ROOT / "dist"
MEMBERS = ("./hookspecs", "./src/shopdb_core", "./src/shopdb_computers", "./src/shopdb_printers")
GRANIAN = "granian>=2.8"
DATASETTE = "datasette>=1.0a0"
PIP_TOOLS = "pip-tools>=7.4"
COMPOSE = "docker-compose==1.29.2"
"""For the schema that it has; without its dependencies, which are not needed for that."""
AXE = "axe-playwright-python>=0.1.4"
"""For axe-core (MPL-2.0), which it contains; the npm package has the same file, but would need npm."""
CHROMIUM = "chromium"
"""Debian's package and program."""
FONT = "fonts-dejavu-core"
"""Without a font a text has no size."""
TEST_TOOLS = (
    "pytest>=8.3",
    "pytest-xdist>=3.6.1",
    "playwright>=1.47",
    AXE,
    "hypothesis>=6.112",
    "editables>=0.5",
    "hatchling>=1.27",
    GRANIAN,
    "oidc-provider-mock>=0.3.4",
    "pysnmp>=7.1.22",
    "standardwebhooks>=1.0",
)
OPENAPI_TOOLS = ("openapi-python-client>=0.29", "openapi-spec-validator>=0.9")
SCHEMATHESIS = "schemathesis>=4.32"
"""In an environment of its own: it needs another jsonschema-rs than ShopDB, with other patterns."""
OPENAPI_TESTS = "tests/openapi"
PROCESSES = min(8, (os.cpu_count() or 1) * 3 // 2)
"""More than there are cores: many tests wait for a server to start, to end or to be killed."""
IN_PARALLEL = (f"--numprocesses={PROCESSES}", "--dist=worksteal")
LINT_TOOLS = (
    "import-linter>=2.1",
    "mypy>=1.13",
    "pysnmp>=7.1.22",
    "ruff>=0.8",
    "types-greenlet>=3.1",
    "types-jsonschema>=4.23",
    "types-psutil>=6.1",
)


@nox.session
def demo(session: nox.Session) -> None:
    """Build and install the wheels, then run `shopdb demo`; `-- --once` ends it by itself.

    SIGTERM ends it as Ctrl-C does: nox waits until the demo has removed its directory.
    """
    install_wheels(session)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    session.run("shopdb", "demo", *session.posargs, terminate_timeout=30)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the whole test suite against the installed wheels; arguments go to pytest."""
    install_wheels(session, *TEST_TOOLS, *OPENAPI_TOOLS, extras=test_extras())
    run_tests(session)


@nox.session
def lowest(session: nox.Session) -> None:
    """Run the test suite with the lowest version of each dependency that the members declare.

    Without the tests of the OpenAPI document: their tools need newer ones.
    """
    constraints = Path(session.create_tmp()) / "lowest.txt"
    constraints.write_text("\n".join(sorted(set(lowest_versions()))))
    pins = f"--constraint={constraints}"
    install_wheels(session, *TEST_TOOLS, pins, extras=test_extras())
    run_tests(session, f"--ignore={OPENAPI_TESTS}")


@nox.session
def nightly(session: nox.Session) -> None:
    """Run the whole test suite in its full size, one test after the other; arguments go to pytest.

    It has what `nox -s tests` leaves out: tests marked `full_size`, more repetitions, examples and databases.
    """
    install_wheels(session, *TEST_TOOLS, *OPENAPI_TOOLS, extras=test_extras())
    install_chromium(session)
    session.run("pytest", *session.posargs, env={**test_environment(session), "SHOPDB_TEST_FULL": "1"})


@nox.session
def galera(session: nox.Session) -> None:
    """Run ShopDB on a Galera cluster of three nodes, and kill some of them; arguments go to pytest."""
    install_wheels(session, *TEST_TOOLS, extras=f"workers,heads,metrics,oidc,{drivers()}")
    session.run("pytest", "tests/galera", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types and import layers; style and types also of the example and of a new plugin."""
    members = (f"--editable={member}" for member in MEMBERS)
    session.install(
        *LINT_TOOLS,
        *(member.replace("core", "core[testing,heads,metrics,oidc,postgresql]") for member in members),
    )
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")
    scratch = Path(session.create_tmp())
    for name, options in {"racks": (), "paper_shredders": ("--with-tables",)}.items():
        shutil.rmtree(scratch / name, ignore_errors=True)
        session.run("shopdb", "plugin", "new", name, "--defaults", f"--directory={scratch / name}", *options)
        lint_third_party(session, scratch / name)
    lint_third_party(session, ROOT / "examples/shopdb-network")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure submissions on servers side by side, compared with a no-op; arguments go to the benchmark.

    With `--save` docs/performance.md shows what was recorded. The databases are in `.nox`, since the system's
    temporary directory may be in memory.
    """
    install_wheels(session, GRANIAN, extras=f"workers,{drivers()}")
    folder = Path(session.create_tmp())
    named = any("datasette" in argument for argument in session.posargs)
    peer = (f"--datasette={install_datasette(session, folder)}",) if named else ()
    session.run("python", "benchmarks/submissions.py", *session.posargs, *peer)
    if any(argument.startswith("--save") for argument in session.posargs):
        session.run("python", "benchmarks/tables.py")


@nox.session
def messages(session: nox.Session) -> None:
    """Bring the catalogues of the console up to date with its texts."""
    session.install("babel>=2.16", "jinja2>=3.1.5")
    session.run("python", "docs/messages.py", *session.posargs)


@nox.session
def wheels(session: nox.Session) -> None:
    """Build the four wheels into `dist/`."""
    build_wheels(session)


@nox.session
def release(session: nox.Session) -> None:
    """Build the wheels, and pin all that they need by hashes in `dist/requirements.txt`; install both once.

    It is made for the Python that runs nox, as an installation must have it: `deploy/Containerfile` and
    docs/deploy.md install from `dist/` alone.
    """
    build_wheels(session)
    wanted = Path(session.create_tmp()) / "requirements.in"
    wanted.write_text("\n".join(sorted(set(third_party()))))
    pinned = WHEELS / "requirements.txt"
    session.install(PIP_TOOLS)
    # Neither an address of an index nor a path may be in the file.
    silent = (
        "--no-emit-index-url",
        "--no-emit-trusted-host",
        "--no-emit-find-links",
        "--no-annotate",
        "--no-header",
    )
    session.run(
        *("pip-compile", "--quiet", "--generate-hashes", "--strip-extras", "--allow-unsafe", *silent),
        *(f"--output-file={pinned}", str(wanted)),
    )
    installed = Path(session.create_tmp()) / "installed"
    shutil.rmtree(installed, ignore_errors=True)
    session.run("python", "-m", "venv", str(installed))
    pip = (str(installed / "bin/python"), "-m", "pip")
    session.run(*pip, "install", "--quiet", "--require-hashes", f"--requirement={pinned}", external=True)
    ours = map(str, sorted(WHEELS.glob("*.whl")))
    session.run(*pip, "install", "--quiet", "--no-deps", "--no-index", *ours, external=True)
    session.run(*pip, "check", external=True)
    session.run(str(installed / "bin/shopdb"), "plugin", "list", external=True)


@nox.session
def audit(session: nox.Session) -> None:
    """Look up what `nox -s release` pinned in the index's list of known vulnerabilities."""
    session.install("pip-audit>=2.7")
    session.run(
        "pip-audit", f"--requirement={WHEELS / 'requirements.txt'}", "--require-hashes", "--disable-pip"
    )


def install_datasette(session: nox.Session, folder: Path) -> Path:
    """Return the Python of an environment with Datasette alone; without an index it is left out later."""
    return install_alone(session, folder / "datasette", DATASETTE, success_codes=[0, 1])


def install_schemathesis(session: nox.Session) -> Path:
    """Return the Python of an environment with schemathesis alone."""
    return install_alone(session, Path(session.create_tmp()).absolute() / "schemathesis", SCHEMATHESIS)


def unpack_compose_schema(session: nox.Session) -> Path:
    """Return the file of the schema of compositions."""
    folder = Path(session.create_tmp()).absolute() / "compose"
    install = ("python", "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade")
    session.run(*install, f"--target={folder}", COMPOSE)
    return folder / "compose/config/compose_spec.json"


def install_alone(
    session: nox.Session, environment: Path, package: str, success_codes: Sequence[int] = (0,)
) -> Path:
    """Make an environment with one package, and return its Python."""
    session.run("python", "-m", "venv", str(environment))
    python = environment / "bin/python"
    command = (str(python), "-m", "pip", "install", "--quiet", package)
    session.run(*command, external=True, success_codes=success_codes)
    return python


def run_tests(session: nox.Session, *options: str) -> None:
    """Run pytest with the arguments; without any, first on every core, then the tests marked `alone`.

    Both runs always take place, and the session fails if one of them fails.
    """
    install_chromium(session)
    env = test_environment(session)
    if session.posargs:
        session.run("pytest", *options, *session.posargs, env=env)
        return
    try:
        session.run("pytest", *options, *IN_PARALLEL, "-m", "not alone", env=env)
    finally:
        session.run("pytest", *options, "-m", "alone", env=env)


def test_environment(session: nox.Session) -> dict[str, str]:
    """Return the variables that name what tests need beside their environment."""
    return {
        "SHOPDB_WHEELS": str(WHEELS),
        "SHOPDB_SCHEMATHESIS": str(install_schemathesis(session)),
        "SHOPDB_COMPOSE_SCHEMA": str(unpack_compose_schema(session)),
    }


def install_chromium(session: nox.Session) -> None:
    """Install Debian's Chromium if it is missing and we may; else the tests in a browser are skipped."""
    may = shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0
    if may and not shutil.which(CHROMIUM):
        session.run("apt-get", "update", "-qq", external=True)
        install = ("apt-get", "install", "-y", "-qq", "--no-install-recommends")
        session.run(*install, CHROMIUM, FONT, external=True)


def lint_third_party(session: nox.Session, folder: Path) -> None:
    """Check a third party's plugin with our settings; for its imports, our packages are third parties."""
    settings = f"--config={ROOT / 'pyproject.toml'}"
    with session.chdir(folder):
        session.run("ruff", "check", settings, "--config=lint.isort.known-first-party=[]", ".")
        session.run("ruff", "format", "--check", settings, ".")
        session.run("mypy", ".")


def lowest_versions() -> Iterator[str]:
    """Yield the `name>=version` of every member as `name==version`, without our own distributions."""
    for requirement in third_party("testing"):
        name, _, version = requirement.partition(">=")
        yield f"{name.partition('[')[0]}=={version.partition(',')[0]}"


def third_party(*extras: str) -> Iterator[str]:
    """Yield what the members require of others: always, for a site's choices, and for the extras named."""
    for member in MEMBERS:
        project = tomllib.loads((ROOT / member / "pyproject.toml").read_text())["project"]
        optional = project.get("optional-dependencies", {})
        chosen = [optional[extra] for extra in optional if extra != "testing" or extra in extras]
        for requirement in itertools.chain(project["dependencies"], *chosen):
            if not requirement.startswith("shopdb-"):
                yield requirement


def install_wheels(session: nox.Session, *tools: str, extras: str = "") -> None:
    """Install all members at once and by path, since pip would look for a missing one on an index.

    `extras` are those of shopdb-core.
    """
    build_wheels(session)
    wheels = [str(wheel) for wheel in sorted(WHEELS.glob("*.whl"))]
    chosen = [f"{wheel}[{extras}]" if "shopdb_core-" in wheel and extras else wheel for wheel in wheels]
    session.install(*chosen, *tools)


def test_extras() -> str:
    """Return all extras of the core that tests need."""
    return f"testing,workers,heads,metrics,oidc,{drivers()}"


def drivers() -> str:
    """Return the extras of the databases that can be tested here.

    Installing the driver of MySQL and MariaDB compiles it, which needs the headers of the client library.
    Without them its tests are skipped, except in CI.
    """
    compiles = any(map(shutil.which, ("mariadb_config", "mysql_config"))) or sys.platform == "win32"
    return "postgresql,mysql" if compiles or "CI" in os.environ else "postgresql"


def build_wheels(session: nox.Session) -> None:
    """Build the members' wheels into an empty `dist/`."""
    shutil.rmtree(WHEELS, ignore_errors=True)
    session.run("python", "-m", "pip", "wheel", "--quiet", "--no-deps", f"--wheel-dir={WHEELS}", *MEMBERS)
