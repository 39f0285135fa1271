"""Assets that may be one device: their evidence, the search for them, and what was found (contract 4, 11)."""
