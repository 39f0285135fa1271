"""The audit as people read it: pages of entries with filters, timelines, what happened on a day."""
