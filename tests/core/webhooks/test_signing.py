"""Messages and signatures, verified by the library of the Standard Webhooks specification."""

import json
from datetime import UTC, datetime

import pytest
from receiver import OTHER_SECRET, SECRET
from standardwebhooks import Webhook, WebhookVerificationError

from shopdb_core.webhooks.signing import message_of

ENTRY = {
    "auditid": 7,
    "action": "updated",
    "at": datetime(2026, 11, 22, tzinfo=UTC),
    "identityvalue": "Straße",
}


def secret_bytes(*secrets: str) -> list[bytes]:
    return [Webhook(secret)._whsecret for secret in secrets]


@pytest.mark.parametrize("verifier", [SECRET, OTHER_SECRET])
def test_each_secret_of_a_rotation_verifies(verifier):
    """Receivers may move from one to the other at any time."""
    message = message_of(ENTRY, "f1")

    headers = message.headers(secret_bytes(SECRET, OTHER_SECRET), int(datetime.now(UTC).timestamp()))

    content = Webhook(verifier).verify(message.body, headers)
    assert content == {
        "type": "asset.updated",
        "timestamp": "2026-11-22T00:00:00Z",
        "data": {**ENTRY, "at": "2026-11-22T00:00:00Z"},
    }
    assert headers["webhook-id"] == "msg_f1_7"


def test_another_secret_or_body_does_not_verify():
    """What somebody else sends is refused."""
    message, now = message_of(ENTRY, "f1"), int(datetime.now(UTC).timestamp())
    headers = message.headers(secret_bytes(OTHER_SECRET), now)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(message.body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER_SECRET).verify(json.dumps({}).encode(), headers)
