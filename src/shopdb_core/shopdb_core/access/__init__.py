"""Authentication: collector keys for submissions, JSON Web Tokens for everything else."""
