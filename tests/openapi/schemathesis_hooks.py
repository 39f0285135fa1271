"""What schemathesis needs to know of this API."""

from typing import Any

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def ndjson(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """Send the lines of a batch as they were made up."""
    return str(value).encode("utf-8", "surrogatepass")
