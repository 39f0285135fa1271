"""What to paste into a pipeline: one submission to a collector, by curl, PowerShell 5.1 and Python.

The address may have what a client wrote into its request, so each snippet quotes it as its language does. The
key is never part of a snippet: it comes from the environment variable `SHOPDB_KEY`.
"""

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pprint import pformat

from shopdb_hookspecs import JsonObject

WIDTH = 90


@dataclass(frozen=True, slots=True)
class Snippet:
    """A text for one tool; `name` is a part of the id of its element."""

    name: str
    title: str
    text: str


def snippets(url: str, submission: JsonObject) -> Sequence[Snippet]:
    """Return the snippets that submit an example to the address of a collector."""
    body = json.dumps(submission, indent=2, ensure_ascii=False)
    return (
        Snippet("curl", "curl", _curl(url, body)),
        Snippet("powershell", "PowerShell 5.1", _powershell(url, body)),
        Snippet("python", "Python", _python(url, submission)),
    )


def _curl(url: str, body: str) -> str:
    return (
        "curl --silent --show-error --fail-with-body \\\n"
        "  --header 'Content-Type: application/json' --header \"X-API-Key: $SHOPDB_KEY\" \\\n"
        f"  --data-binary @- {shlex.quote(url)} <<'END'\n{body}\nEND\n"
    )


def _powershell(url: str, body: str) -> str:
    """Return a script for Windows PowerShell, which sends text as ISO-8859-1 unless it gets bytes.

    A script without a byte order mark is read in the code page of Windows, so that other characters than
    those of ASCII are written as JSON escapes.
    """
    quoted = url.replace("'", "''")
    ascii_body = "".join(each if each.isascii() else _escape(each) for each in body)
    return (
        f"$submission = @'\n{ascii_body}\n'@\n"
        f"Invoke-RestMethod -Method Post -Uri '{quoted}' `\n"
        "    -ContentType 'application/json' -Headers @{ 'X-API-Key' = $env:SHOPDB_KEY } `\n"
        "    -Body ([Text.Encoding]::UTF8.GetBytes($submission))\n"
    )


def _python(url: str, submission: JsonObject) -> str:
    written = pformat(submission, width=WIDTH, sort_dicts=False)
    return (
        "import json\nimport os\nfrom urllib.request import Request, urlopen\n\n"
        f"SUBMISSION = {written}\n\n"
        "request = Request(\n"
        f"    {url!r},\n"
        "    data=json.dumps(SUBMISSION).encode(),\n"
        '    headers={"Content-Type": "application/json", "X-API-Key": os.environ["SHOPDB_KEY"]},\n'
        ")\n"
        "with urlopen(request, timeout=30) as answer:\n"
        "    print(answer.read().decode())\n"
    )


def _escape(character: str) -> str:
    return json.dumps(character)[1:-1]
