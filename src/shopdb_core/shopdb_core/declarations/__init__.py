"""Collector declarations: checking, comparing, and the JSON Schema that validates submissions."""
