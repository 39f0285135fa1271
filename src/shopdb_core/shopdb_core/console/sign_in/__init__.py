"""Signing in and out, going on with a form after that, and the preferences of a browser."""
