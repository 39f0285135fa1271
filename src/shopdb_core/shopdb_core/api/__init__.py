"""The HTTP API: each resource takes from the request, calls one function, and answers."""
