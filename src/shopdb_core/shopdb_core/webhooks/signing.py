"""The message that a receiver gets for an entry, and its signature (standardwebhooks.com, version 1)."""

import base64
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from shopdb_hookspecs import JsonObject

# Times in UTC end in `Z`, as in the API. SQLAlchemy's names of columns are a subclass of `str`.
_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


@dataclass(frozen=True, slots=True)
class Message:
    """An entry as it is sent; every attempt has the same `id`, by which a receiver finds duplicates."""

    id: str
    body: bytes

    def headers(self, secrets: Sequence[bytes], timestamp: int) -> Mapping[str, str]:
        """Return the headers of an attempt, with a signature by each secret; `timestamp` is in seconds."""
        content = b"%b.%d.%b" % (self.id.encode(), timestamp, self.body)
        digests = (hmac.digest(secret, content, "sha256") for secret in secrets)
        return {
            "Content-Type": "application/json",
            "webhook-id": self.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests),
        }


def message_of(entry: JsonObject, feedid: str) -> Message:
    """Return the message for an entry of the feed."""
    content = {"type": f"asset.{entry['action']}", "timestamp": entry["at"], "data": entry}
    return Message(f"msg_{feedid}_{entry['auditid']}", orjson.dumps(content, option=_OPTIONS))
