"""Webhooks: entries of the feed, sent to the addresses that a site names (ADR 0033)."""
