"""The past of one asset: its timeline, the asset as of any moment, what changed between two, reverting."""
