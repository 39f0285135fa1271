"""Values and submissions that a plugin must accept: Hypothesis strategies, made of a declaration."""
