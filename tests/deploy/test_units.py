"""The systemd units are valid, and leave a process little that it could do."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "deploy/systemd"
SERVICES = sorted(UNITS.glob("*.service"))
MOST_EXPOSED = 15
"""In tenths; systemd calls below 20 "OK", and a service without any restriction has 96."""


@pytest.fixture(scope="module")
def analyze(not_permitted) -> str:
    """Return the program that checks units."""
    return shutil.which("systemd-analyze") or not_permitted("systemd-analyze is not installed")


def test_every_unit_is_valid(analyze, tmp_path):
    """With programs that exist here; a name that systemd does not know would be a warning."""
    for unit in UNITS.iterdir():
        text = unit.read_text()
        (tmp_path / unit.name).write_text(text.replace("/opt/shopdb/bin/shopdb", sys.executable))
    paths = sorted(map(str, tmp_path.iterdir()))

    done = subprocess.run([analyze, "verify", *paths], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_a_service_can_do_little(analyze, unit):
    command = [analyze, "security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(unit)]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_a_service_runs_commands_that_exist(unit):
    """Each unit calls commands of ShopDB by names that `--help` shows."""
    called = re.findall(r"/opt/shopdb/bin/shopdb ([a-z]+(?: (?:check|head))?)", unit.read_text())

    assert called
    for command in called:
        help_of = [sys.executable, "-m", "shopdb_core", *command.split(), "--help"]
        done = subprocess.run(help_of, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
