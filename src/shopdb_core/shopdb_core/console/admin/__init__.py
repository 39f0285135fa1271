"""What an admin looks after: people, programs, keys, settings, plugins, backups, webhooks, sign-ins."""
