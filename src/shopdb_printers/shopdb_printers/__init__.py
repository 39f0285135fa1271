"""The ShopDB plugin for printers: an object as plugin."""

from shopdb_printers.plugin import PrintersPlugin

plugin = PrintersPlugin()

__all__ = ["PrintersPlugin", "plugin"]
