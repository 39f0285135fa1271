"""The store on one SQLite file: engines, locks, the writer thread."""
