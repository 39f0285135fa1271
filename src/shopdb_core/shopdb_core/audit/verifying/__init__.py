"""Whether the audit is what was written: its hashes, its heads, and the key of its seals."""
