"""What a server does beside answering, in threads of its own: pruning, indexing, webhooks."""
