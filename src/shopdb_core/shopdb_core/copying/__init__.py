"""Copying a site into another, empty database: whole, or as it was at a time (ADR 0031)."""
