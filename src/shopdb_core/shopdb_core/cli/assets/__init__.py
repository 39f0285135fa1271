"""The commands that show, edit and merge assets."""
