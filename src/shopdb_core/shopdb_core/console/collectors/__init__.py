"""What each collector accepts, and a place to try a submission."""
