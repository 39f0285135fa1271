"""Signing in by a password or a link: which passwords are accepted, and how often an attempt may fail."""
