"""The feed of changes: every committed audit entry once, in an order in which no gap is filled later."""
