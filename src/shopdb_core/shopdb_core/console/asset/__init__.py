"""The pages of one asset as it is now: its fields, its edits, its relationships, its label."""
