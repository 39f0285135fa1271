"""Which plugin `assert_conforms` takes."""

import subprocess
import sys

import pytest

import shopdb_printers
from shopdb_core.devkit.subject import candidate_of
from shopdb_core.errors import ConfigurationError, NotFound
from shopdb_core.testing import assert_conforms


def test_a_plugin_is_found_by_the_object_that_its_entry_point_names() -> None:
    """So the result has its distribution and version."""
    assert candidate_of(shopdb_printers.plugin).distribution == "shopdb-printers"
    assert candidate_of("printers").name == "printers"


def test_an_object_without_an_entry_point_needs_a_name() -> None:
    """The error says how to give one."""
    with pytest.raises(ConfigurationError, match=r'assert_conforms\(plugin, name="network"\)'):
        assert_conforms(object())


def test_a_plugin_that_is_not_installed() -> None:
    """The error lists those that are installed."""
    with pytest.raises(NotFound, match=r"no plugin named 'network'; installed are .*printers"):
        assert_conforms("network")


def test_a_missing_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "hypothesis", None)

    with pytest.raises(ConfigurationError, match=r"pip install 'shopdb-core\[testing\]'"):
        assert_conforms("printers")


def test_the_fixtures_are_cheap_to_import() -> None:
    """Every pytest beside shopdb-core imports them: neither the server nor Hypothesis may come along."""
    program = "import sys, shopdb_core.testing; print([*sys.modules])"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert not {"hypothesis", "falcon", "sqlalchemy", "httpx"} & set(eval(done.stdout))
