"""Hypothesis strategies for submissions, from the closed vocabulary of declarations."""

from shopdb_core.conformance.generating.fields import FieldValues
from shopdb_core.conformance.generating.running import NothingGenerated, check_property, samples

__all__ = ["FieldValues", "NothingGenerated", "check_property", "samples"]
