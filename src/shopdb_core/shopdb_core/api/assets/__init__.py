"""The resources of assets: the list, one asset, edits, relationships, merges and duplicates."""
