"""The log of the whole site: what happened, with filters, one entry, and one day."""
