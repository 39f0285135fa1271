"""Charts: their geometry, and how it is drawn as SVG with a table of the same numbers."""
