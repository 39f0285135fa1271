"""The OpenAPI document of a site, made of what its resources declare, and a page that shows it (ADR 0041)."""
