"""The type of the WSGI application, as Falcon's own types want it."""

from typing import TypeAlias

import falcon

WebApp: TypeAlias = "falcon.App[falcon.Request, falcon.Response]"
