"""What every page of the console is built on."""
