"""The command that prints this machine's inventory."""

import json

from click.testing import CliRunner
from jsonschema import Draft202012Validator

from shopdb_computers.collect import collect
from shopdb_computers.declaration import DECLARATION
from shopdb_computers.inventory.system import model_name
from shopdb_core.declarations.validation.explaining import format_checker


def test_collect_prints_a_valid_submission() -> None:
    """The inventory of this machine is valid."""
    schema = {"properties": DECLARATION["fields"], "required": ["hostname"], "additionalProperties": False}
    validator = Draft202012Validator(schema, format_checker=format_checker())

    printed = CliRunner().invoke(collect, catch_exceptions=False)

    assert printed.exit_code == 0
    validator.validate(json.loads(printed.stdout))


def test_model_name_is_read_from_cpuinfo() -> None:
    """The model of the first processor is used."""
    cpuinfo = "processor\t: 0\nmodel\t\t: 78\nmodel name\t: Intel(R) Core(TM) i5 \nprocessor\t: 1\n"

    assert model_name(cpuinfo) == "Intel(R) Core(TM) i5"


def test_a_processor_without_a_model_has_none() -> None:
    """ARM kernels name features instead."""
    assert model_name("processor\t: 0\nmodel name\t: \nFeatures\t: fp asimd\n") is None
