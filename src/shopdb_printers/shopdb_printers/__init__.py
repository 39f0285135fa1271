"""The ShopDB plugin for printers: an object with one method for each hook."""

from shopdb_printers.plugin import PrintersPlugin

plugin = PrintersPlugin()

__all__ = ["PrintersPlugin", "plugin"]
