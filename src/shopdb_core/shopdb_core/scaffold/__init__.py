"""A new plugin's distribution, written from a template."""
