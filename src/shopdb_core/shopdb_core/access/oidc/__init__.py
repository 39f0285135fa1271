"""Sign-in with the site's identity provider (OpenID Connect), and its tokens on the API (ADR 0037)."""
