"""Assets: their identities, rows and relationships, and merging a submission into one."""
