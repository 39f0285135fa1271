"""The list of assets: searching, filtering, choosing columns, and retiring several assets."""
