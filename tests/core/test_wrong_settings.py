"""Each setting that is wrong, in each way: found by its variable, and a secret is not shown."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shopdb_core.errors import ConfigurationError
from shopdb_core.settings import read_settings
from shopdb_core.settings.environment import LONGEST_VALUE, setting_findings
from shopdb_core.settings.records import all_settings
from shopdb_core.settings.setting import FILE, PLUGIN, Setting
from shopdb_core.settings.values import read_names, read_path, read_unchanged

GOOD = {"SECRET_KEY": "a-secret-key-for-tests-0123456789-abcdef"}
CANARY = "canary-4711"

SETTINGS = {setting.variable: setting for setting in all_settings()}
PARSED = [
    name for name, each in SETTINGS.items() if each.parse not in (read_unchanged, read_path, read_names)
]
WITH_FILE = [name for name, each in SETTINGS.items() if each.conceal]

TEXTS = {
    "empty": "",
    "blanks": " \t ",
    "too long": CANARY + "x" * LONGEST_VALUE,
    "NUL": f"{CANARY}\0{CANARY}",
    "bytes that are not UTF-8": f"{CANARY}\udc80",
}

Wrong = Callable[[Setting, dict[str, str]], str]


@pytest.fixture
def wrong() -> Wrong:
    """Return a function that expects one finding of a setting, which a server does not start with."""

    def find(setting: Setting, variables: dict[str, str]) -> str:
        environ = {name: value for name, value in GOOD.items() if name != setting.variable} | variables
        (finding,) = setting_findings(environ)
        assert finding.variable == named(setting)
        assert finding.message.startswith(named(setting))
        assert CANARY not in finding.message or not setting.conceal
        if setting.group != "Command line":
            with pytest.raises(ConfigurationError) as refusal:
                read_settings(environ)
            assert str(refusal.value) == finding.message
        return finding.message

    return find


def named(setting: Setting) -> str:
    return setting.variable.replace(PLUGIN, "COMPUTERS")


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", SETTINGS)
def test_a_text_that_no_setting_may_have(wrong: Wrong, name: str, text: str) -> None:
    """Nothing, white space, more than any value needs, and what is not text."""
    setting = SETTINGS[name]

    wrong(setting, {named(setting): TEXTS[text]})


@pytest.mark.parametrize("name", PARSED)
def test_a_value_of_another_type(wrong: Wrong, name: str) -> None:
    """The message names what is expected; of a secret, that it is too short."""
    wrong(SETTINGS[name], {named(SETTINGS[name]): f"{CANARY}?"})


@pytest.mark.parametrize("name", [name for name in SETTINGS if name.startswith("SHOPDB_")])
def test_a_misspelt_name(name: str) -> None:
    """The name that was meant is suggested."""
    variable = named(SETTINGS[name])
    misspelt = f"{variable}X"

    (finding,) = setting_findings({**GOOD, misspelt: CANARY})

    assert finding.variable == misspelt
    assert finding.message.endswith(f"Did you mean {variable}?")
    assert CANARY not in finding.message


@pytest.mark.parametrize("content", [None, "", "\n", "\0", "\udc80", "a directory"])
@pytest.mark.parametrize("name", WITH_FILE)
def test_a_file_that_has_no_secret(wrong: Wrong, tmp_path: Path, name: str, content: str | None) -> None:
    """It is missing, empty, not text, or a directory; the variable of the file is named."""
    file = tmp_path / "secret"
    if content == "a directory":
        file.mkdir()
    elif content is not None:
        file.write_bytes(content.encode(errors="surrogateescape"))

    message = wrong(SETTINGS[name], {f"{named(SETTINGS[name])}{FILE}": str(file)})

    assert content == "\0" or f"{FILE} names " in message


@pytest.mark.parametrize("name", WITH_FILE)
def test_a_secret_that_is_set_both_ways(wrong: Wrong, tmp_path: Path, name: str) -> None:
    """Which one counts must not be a guess."""
    (tmp_path / "secret").write_text(CANARY * 4)
    variable = named(SETTINGS[name])

    message = wrong(SETTINGS[name], {variable: CANARY * 4, f"{variable}{FILE}": str(tmp_path / "secret")})

    assert message == f"{variable} and {variable}{FILE} are both set; remove one of them."


@pytest.mark.parametrize("name", [name for name in SETTINGS if name not in WITH_FILE])
def test_a_file_for_what_is_not_secret(name: str) -> None:
    """Only secrets may be in files."""
    variable = f"{named(SETTINGS[name])}{FILE}"

    (finding,) = setting_findings({**GOOD, variable: "x"})

    assert finding.message.startswith(f"{variable} is not a setting")


def test_all_faults_are_found_at_once() -> None:
    """Each variable that is wrong has a finding, whatever the others are."""
    environ = {named(each): "" for each in SETTINGS.values()}

    assert {each.variable for each in setting_findings(environ)} == set(environ)
