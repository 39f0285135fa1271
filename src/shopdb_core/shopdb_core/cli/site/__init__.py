"""The commands that set up and run a site."""
