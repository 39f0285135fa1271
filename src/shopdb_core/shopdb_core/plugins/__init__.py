"""Plugins: discovery, loading, their hooks, collectors and reports."""
