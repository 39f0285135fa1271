"""ShopDB's core: the server, the submission path and the command line.

Importable without the command line: `shopdb_core.site.Site`, `shopdb_core.app.create_app`,
`shopdb_core.settings.Settings` and `shopdb_core.store.open_store` (docs/library.md).
"""
