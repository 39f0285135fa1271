"""The audit: one entry for each submission that was stored, chained by hashes (ADR 0008)."""
