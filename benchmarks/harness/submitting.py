"""Submitting to a site in this process, without HTTP."""

from collections.abc import Iterable
from itertools import islice

from shopdb_core.intake.http_body import json_body
from shopdb_core.site import Site
from shopdb_core.submissions import Origin

ORIGIN = Origin("benchmark", "benchmark", "127.0.0.1")


def submit(site: Site, bodies: Iterable[bytes], together: int) -> None:
    """Submit computers alone, or so many together as a batch; raises what stops one of them."""
    parsed = (json_body(body, len(body)) for body in bodies)
    if together == 1:
        for body in parsed:
            site.submissions.submit_body("computers", body, ORIGIN)
    while batch := list(islice(parsed, together)):
        for result in site.submissions.submit_many("computers", batch, ORIGIN):
            if isinstance(result, Exception):
                raise result
