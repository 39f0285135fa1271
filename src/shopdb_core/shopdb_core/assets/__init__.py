"""Assets: find and lock one, merge a submission into it, write it, relate it to others."""
