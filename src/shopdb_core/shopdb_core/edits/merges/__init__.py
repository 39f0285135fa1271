"""Merging two assets that are one device, undoing that, and releasing an identity (ADR 0030)."""
