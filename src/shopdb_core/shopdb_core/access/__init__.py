"""Who may do what: collector keys, users and their sessions, tokens of programs, sign-in with a provider."""
