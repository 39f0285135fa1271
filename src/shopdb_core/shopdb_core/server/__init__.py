"""Serving the application: the HTTP server, workers, sockets, the log, and work in the background."""
