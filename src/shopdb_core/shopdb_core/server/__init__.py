"""How the application is served: the HTTP server, its workers, its log."""
