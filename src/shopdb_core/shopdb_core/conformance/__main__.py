"""`python -m shopdb_core.conformance NAME OUTPUT`: check one plugin in this process, and write the verdict.

`shopdb plugin check` runs it, so that a plugin from a wheel is loaded by a Python that knows no other.
"""

import logging
import sys
from pathlib import Path

import orjson

from shopdb_core.conformance import check_plugin
from shopdb_core.errors import ShopDBError
from shopdb_core.plugins.candidates import installed_candidate


def main(name: str, output: Path) -> None:
    """Write the verdict as JSON, or the sentence that says why there is none."""
    # Without a handler of its own Python would write to stderr what the verdict tells anyway.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        answer = check_plugin(installed_candidate(name)).as_json()
    except ShopDBError as error:
        answer = {"refused": str(error)}
    output.write_bytes(orjson.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
