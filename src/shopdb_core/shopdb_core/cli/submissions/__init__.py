"""The commands that send, check and count submissions."""
