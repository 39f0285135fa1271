"""Where a plugin is, installed, in a wheel or in a source tree, and how to ask it in another process."""

from shopdb_core.locating.located import Located
from shopdb_core.locating.place import located

__all__ = ["Located", "located"]
