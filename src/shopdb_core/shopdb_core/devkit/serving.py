"""`running_server` runs a server with one plugin in a thread, for the tests of the plugin."""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Thread

import httpx

from shopdb_core.access.tokens import Role, Tokens
from shopdb_core.devkit.databases import SqliteFiles, database_servers
from shopdb_core.errors import ConfigurationError
from shopdb_core.plugins.discovery import installed_candidate
from shopdb_core.plugins.registry import Plugins
from shopdb_core.server.http import Server
from shopdb_core.server.listening import listen
from shopdb_core.settings import PluginSelection, Settings
from shopdb_core.site import Site, upgrade_site

TESTER = "tester"
TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class RunningServer:
    """The address of a server, its collector key, and the key that signs tokens for the rest of the API."""

    url: str
    key: str = field(repr=False)
    secret_key: str = field(repr=False)

    def token(self, role: Role = "viewer") -> str:
        """Return a token that is valid for an hour."""
        return Tokens(self.secret_key).issue(TESTER, role, timedelta(hours=1))

    def client(self, role: Role = "editor") -> httpx.Client:
        """Return a client with the collector key and a token; the caller closes it."""
        headers = {"X-API-Key": self.key, "Authorization": f"Bearer {self.token(role)}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False)


@contextmanager
def running_server(plugin: str, database_url: str | None = None) -> Iterator[RunningServer]:
    """Serve one installed plugin, without any other, until the end of the block.

    The database is a new SQLite file, or a new database on the server of `database_url`, which is dropped.
    Raises `ConfigurationError` for a plugin that cannot serve, and for a server that cannot be used;
    `NotFound` for a plugin that is not installed.
    """
    with _new_database(database_url) as url:
        settings = Settings(
            secret_key=secrets.token_hex(32),
            shared_keys=(secrets.token_hex(32),),
            database_url=url,
            listen=("127.0.0.1", 0),
            plugin_selection=PluginSelection(frozenset({installed_candidate(plugin).name})),
        )
        with _serving(settings) as server:
            yield RunningServer(server.url, settings.shared_keys[0], settings.secret_key)


@contextmanager
def _new_database(database_url: str | None) -> Iterator[str]:
    """Give the URL of a new database, which is removed at the end of the block."""
    if database_url is None:
        with tempfile.TemporaryDirectory(prefix="shopdb-testing-") as folder:
            yield SqliteFiles(Path(folder)).make()
    else:
        with database_servers([database_url]) as (server,):
            yield server.make()


@contextmanager
def _serving(settings: Settings) -> Iterator[Server]:
    upgrade_site(settings)
    with Site.open(settings) as site:
        _require_active(site.plugins)
        server = Server(site, listen(settings.listen), flush_log=lambda: None)
        thread = Thread(target=server.run, name="shopdb-testing")
        thread.start()
        try:
            yield server
        finally:
            server.stop()
            thread.join()


def _require_active(plugins: Plugins) -> None:
    for plugin in plugins.all():
        if plugin.state == "quarantined":
            raise ConfigurationError(f"The plugin {plugin.name} cannot serve: {plugin.reason}")
