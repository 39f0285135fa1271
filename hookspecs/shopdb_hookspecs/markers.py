"""The two pluggy markers, bound to the project name that core and plugins share."""

import pluggy

PROJECT = "shopdb"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
