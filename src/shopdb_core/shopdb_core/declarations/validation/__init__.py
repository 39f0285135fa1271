"""Validating a submission by its declaration, and explaining what is wrong with it."""
