"""Searching assets: the query's grammar, an index of words, and what matches."""
