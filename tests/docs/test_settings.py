"""docs/settings.md and .env.example have the declared settings."""

import subprocess
import sys
from dataclasses import replace
from io import StringIO

import pytest
from dotenv import dotenv_values

from shopdb_core.errors import ConfigurationError
from shopdb_core.settings import DEFAULT_ADOPT_AFTER_HOURS, DEFAULT_ONMATCH, read_settings
from shopdb_core.settings.records import all_settings
from shopdb_core.settings.setting import PLUGIN

SECRET = {"SECRET_KEY": "a-secret-key-for-tests-0123456789-abcdef"}
KEY = "a-collector-key-for-tests-0123456789-abc"


@pytest.fixture
def examples(docs) -> dict[str, str]:
    """Return the variables of .env.example, as if every line were used."""
    text = (docs.parent / ".env.example").read_text()
    return dotenv_values(stream=StringIO(text.replace("\n#SHOPDB", "\nSHOPDB").replace("\n#C", "\nC")))


def test_the_tables_and_the_example_are_generated(docs):
    """Both have what the declarations say; the message names the command that writes them."""
    check = subprocess.run(
        [sys.executable, docs / "generate.py", "--check"], capture_output=True, text=True, check=False
    )

    assert (check.returncode, check.stderr) == (0, "")


def test_a_variable_with_its_default_changes_nothing():
    """A default in the documentation is the one that holds."""
    defaults = {
        setting.variable.replace(PLUGIN, "DOCS"): setting.default
        for setting in all_settings()
        if setting.default is not None
    }

    given = read_settings({**SECRET, **defaults})

    assert given.onmatch == {"docs": DEFAULT_ONMATCH}
    assert given.adopt_after_hours == {"docs": DEFAULT_ADOPT_AFTER_HOURS}
    assert replace(given, onmatch={}, adopt_after_hours={}) == read_settings(SECRET)


def test_the_example_can_be_read(examples):
    """Every value but those of the secrets is one that a site may have; no two secrets are the same."""
    secrets = {name: f"{name}-{KEY}" for name, value in examples.items() if value.startswith("replace-me")}

    settings = read_settings({**examples, **secrets, **SECRET})

    assert settings.sources == {"computers": ("glpi", "pxe")}
    assert len(examples) == len(all_settings()) - 1


def test_the_secrets_of_the_example_are_refused(examples):
    """They are published, in capitals as in any other spelling."""
    for name, value in examples.items():
        if value.startswith("replace-me") and name != "SHOPDB_KEY":
            with pytest.raises(ConfigurationError, match=f"^{name} is an example value"):
                read_settings({**SECRET, name: value})
