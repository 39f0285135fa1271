"""The own account: the password and the sessions of who is signed in."""
