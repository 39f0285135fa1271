"""`shopdb validate`: without a server it says of each file what the endpoint says."""

import codecs
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shopdb_computers.examples import EXAMPLES as COMPUTERS
from shopdb_hookspecs import Json, JsonObject
from shopdb_printers.examples import EXAMPLES as PRINTERS

GENERATED = 1_000
"""For each of the two collectors."""

EXAMPLES = {"computers": COMPUTERS, "printers": PRINTERS}

VALUES: list[Json] = [
    *(None, True, 0, -1, 2**63, 2**64, 1.5, 1e400, "", " ", "x", "x" * 300, [], {}, [[]], [None], {"a": 1}),
    *("\x00", "\ud800", "/Date(1704103200000)/", "20240101110000.000000+060", "2024-01-01 10:00:00"),
    *("2024-01-01T10:00:00+01:00", "00-1b-44-11-3a-b7", "AA:BB:CC:DD:EE:FF", "192.0.2.1", "@{name=x}"),
    {"value": ["x"], "Count": 1},
    {"value": "/Date(1704103200000)/", "DateTime": "Monday"},
    {"name": "7-Zip", "version": "24"},
    "System.Collections.Hashtable",
]
"""What a field may be found to hold: of every type, and as PowerShell spells it."""

ENCODINGS: list[Callable[[bytes], bytes]] = [
    *[bytes] * 12,
    lambda body: codecs.BOM_UTF8 + body,
    lambda body: body.decode("utf-8", "replace").encode("utf-16"),
    lambda body: body[: len(body) // 2],
    lambda body: body[:-1] + b', "osname": "twice"}',
    lambda body: body + b" \xe9",
    lambda body: b"[" + body + b"]",
]
"""How a body may arrive; most of the time as it should."""


def generated(plugin: str) -> Iterator[bytes]:
    """Yield bodies made from a plugin's examples, each spoilt a little, the same in every run."""
    chance = random.Random(plugin)
    names = sorted({name for example in EXAMPLES[plugin] for name in example})
    for _ in range(GENERATED):
        submission = dict(chance.choice(EXAMPLES[plugin]))
        for _ in range(chance.randrange(4)):
            _spoil(submission, chance, names)
        yield chance.choice(ENCODINGS)(json.dumps(submission).encode())


def _spoil(submission: dict[str, Json], chance: random.Random, names: list[str]) -> None:
    name = chance.choice([*names, "unknown"])
    kind = chance.choice(["drop", "replace", "single", "item"])
    value = submission.get(name)
    if kind == "drop":
        submission.pop(name, None)
    elif kind == "single" and isinstance(value, list) and value:
        submission[name] = chance.choice([value[0], {"value": value, "Count": len(value)}])
    elif kind == "item" and isinstance(value, list):
        submission[name] = [*value, chance.choice(VALUES)]
    else:
        submission[name] = chance.choice(VALUES)


def given(plugin: str, testdata: Path) -> Iterator[bytes]:
    """Yield the payloads for one plugin, and every file of JSONTestSuite as the value of a field."""
    yield from (path.read_bytes() for path in sorted(testdata.glob(f"payloads/{plugin}/*.json")))
    for path in sorted(testdata.glob("jsontestsuite/test_parsing/*.json")):
        yield path.read_bytes()
        yield b'{"hostname": "pc-1", "osname": %s}' % path.read_bytes()


@pytest.mark.parametrize("plugin", EXAMPLES)
@pytest.mark.parametrize("lenient", [False, True], ids=["strict", "lenient"])
def test_no_verdict_differs_from_the_endpoint(shop, testdata, tmp_path, plugin, lenient) -> None:
    """The warnings of what is taken and the problem of what is refused are the same, word by word."""
    bodies = [*given(plugin, testdata), *generated(plugin)]
    files = [tmp_path / f"{number}.json" for number in range(len(bodies))]
    for file, body in zip(files, bodies, strict=True):
        file.write_bytes(body)
    preference = {"Prefer": "handling=lenient"} if lenient else {}

    offline = validate(plugin, files, "--lenient" if lenient else "--")
    online = [endpoint_verdict(shop.post(plugin, body, "?dryrun=true", **preference)) for body in bodies]

    assert {verdict["valid"] for verdict in offline} == {True, False}
    for answer, expected, body in zip(offline, online, bodies, strict=True):
        answer.pop("file")
        assert answer == expected, body


def validate(plugin: str, files: list[Path], option: str) -> list[dict[str, Json]]:
    """Run the command on all files at once, in a folder without a site."""
    folder = files[0].parent
    names = [file.name for file in files]
    done = subprocess.run(
        [sys.executable, "-m", "shopdb_core", "validate", plugin, "--json", option, *names],
        cwd=folder,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1, done.stderr
    return json.loads(done.stdout)


def endpoint_verdict(answer: object) -> JsonObject:
    """Return what the endpoint said in the words of the command."""
    body = answer.json
    if answer.status_code == 200:
        return {"valid": True, "warnings": body["warnings"], "problem": None}
    problem = {name: value for name, value in body.items() if name != "requestid"}
    return {"valid": False, "warnings": [], "problem": problem}
