"""A plugin that raises when it is imported."""

raise OSError("no such switch: sw-01")
