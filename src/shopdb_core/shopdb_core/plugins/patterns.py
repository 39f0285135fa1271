"""Whether a pattern means the same in every engine, and is slow in none."""

import re

import jsonschema_rs

from shopdb_core.plugins.ambiguity import is_narrow
from shopdb_core.plugins.automaton import automaton
from shopdb_core.plugins.compiled import compile_schema
from shopdb_core.plugins.messages import shortened
from shopdb_core.plugins.patternsyntax import parse
from shopdb_core.plugins.patterntree import PatternError

_AMBIGUOUS = (
    "can match some strings in so many ways that an engine which backtracks would hang: begin it with ^,"
    " and let no two repetitions that follow or contain each other take the same characters"
)


def pattern_reason(pattern: str) -> str:
    """Say what is wrong with the pattern and how to mend it; empty where nothing is.

    The published schema is matched by engines of others, too, most of which backtrack; ours does not.
    """
    try:
        narrow = is_narrow(automaton(parse(pattern)))
        re.compile(pattern)
        compile_schema({"pattern": pattern})
    except PatternError as error:
        return str(error)
    except (re.error, jsonschema_rs.ValidationError, RecursionError) as error:
        return f"cannot be compiled: {shortened(str(error))}"
    return "" if narrow else _AMBIGUOUS
