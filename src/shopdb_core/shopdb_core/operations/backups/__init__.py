"""Backups of a site: their archives, making them, restoring one."""
