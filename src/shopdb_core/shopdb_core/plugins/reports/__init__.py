"""The reports of plugins: which are valid, running them, and the lists of software that they make."""
