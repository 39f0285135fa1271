"""The first page: the site at a glance."""
