"""The commands about the whole database: its tables, backups, copies, and the index of searches."""
