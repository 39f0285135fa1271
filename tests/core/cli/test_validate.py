"""`shopdb validate`: files are validated without a site, a server or a database."""

import json
from collections.abc import Callable
from subprocess import CompletedProcess
from typing import Any

import pytest

Refused = Callable[[CompletedProcess[str]], str]

SOUND = {"hostname": "PC-1", "osname": "Debian", "colour": "grey"}
FAULTY = {"hostname": "PC-9", "osname": 11, "macaddress": "none"}


@pytest.fixture
def bare(bare: Any) -> Any:
    """A directory with three files, without settings or database."""
    for name, content in {"sound": SOUND, "faulty": FAULTY}.items():
        (bare.directory / f"{name}.json").write_text(json.dumps(content))
    (bare.directory / "broken.json").write_text('{"hostname": ')
    return bare


def test_a_sound_file_is_valid_with_its_warnings(bare: Any) -> None:
    """Exit code 0; no file is created."""
    before = set(bare.directory.iterdir())

    done = bare.run("validate", "computers", "sound.json")

    assert (done.returncode, done.stderr) == (0, "")
    result, warning = done.stdout.splitlines()
    assert result == "sound.json: valid"
    assert warning.startswith("    colour: ")
    assert set(bare.directory.iterdir()) == before


def test_every_fault_of_every_file_is_printed(bare: Any) -> None:
    """A line for each file, its other faults below it; the last line counts."""
    done = bare.run("validate", "computers", "faulty.json", "broken.json", "missing.json", "sound.json")

    assert done.returncode == 1
    faulty, also, broken, missing, sound, _ = done.stdout.splitlines()
    assert faulty.startswith("faulty.json: The submission does not fit the collector computers: /macaddress ")
    assert also.startswith("    /osname ")
    assert broken.startswith("broken.json: The body is not JSON")
    assert missing == "missing.json: cannot be read: No such file or directory"
    assert sound == "sound.json: valid"
    assert done.stderr == "shopdb: 3 of 4 files would be refused.\n"


def test_json_is_the_problem_document_of_the_endpoint(bare: Any) -> None:
    """For scripts: status, type, detail and the faults with their pointers."""
    done = bare.run("validate", "computers", "--json", "faulty.json")

    (result,) = json.loads(done.stdout)
    assert result["file"] == "faulty.json"
    assert result["valid"] is False
    assert result["problem"]["status"] == 422
    assert [fault["pointer"] for fault in result["problem"]["errors"]] == ["/macaddress", "/osname"]


def test_lenient_drops_the_odd_value(bare: Any) -> None:
    """What `Prefer: handling=lenient` would save is valid, with a warning for each value."""
    done = bare.run("validate", "computers", "--lenient", "faulty.json")

    assert done.returncode == 0
    assert "osname: " in done.stdout
    assert "macaddress: " in done.stdout


def test_standard_input_is_a_file_too(bare: Any) -> None:
    """`-` validates what another command writes."""
    done = bare.run("validate", "computers", "-", input=json.dumps({"hostname": "PC-1"}))

    assert (done.returncode, done.stdout) == (0, "-: valid\n")


def test_the_settings_of_the_site_count(bare: Any) -> None:
    """The limit on bodies is the one that the site's server has."""
    bare.variables["SHOPDB_MAX_BODY_BYTES"] = "20"

    done = bare.run("validate", "computers", "--json", "sound.json")

    assert json.loads(done.stdout)[0]["problem"]["status"] == 413


def test_an_unknown_collector_is_reported(bare: Any, refused: Refused) -> None:
    """The line names the command that shows what there is."""
    line = refused(bare.run("validate", "toasters", "sound.json"))

    assert line == "There is no collector named 'toasters'; `shopdb plugin list` shows them."
