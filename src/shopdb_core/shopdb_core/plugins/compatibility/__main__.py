"""`python -m shopdb_core.plugins.compatibility NAME OUTPUT`: write what an installed plugin declares.

`shopdb plugin check --against` runs it for each of the two releases, which one process could not load both.
"""

import logging
import sys
from pathlib import Path

from shopdb_core.canonical import canonical
from shopdb_core.plugins.compatibility.declared import answer_for

# Without a handler of its own Python would write to stderr what the answer tells anyway.
logging.getLogger().addHandler(logging.NullHandler())
Path(sys.argv[2]).write_bytes(canonical(answer_for(sys.argv[1])))
