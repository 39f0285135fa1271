"""Merging two assets that are one device, and undoing it."""
