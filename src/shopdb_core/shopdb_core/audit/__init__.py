"""The audit: one entry for every submission that reached an asset, chained by hashes."""
