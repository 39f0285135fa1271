"""What the tests of webhooks share: a receiver, and deliveries to it by a clock that the test sets."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from receiver import SECRET, Receiver, receiving
from shops import Shop

from shopdb_core.clock import utc_now
from shopdb_core.feed.reading import Selection
from shopdb_core.webhooks.config import Webhook, read_webhooks
from shopdb_core.webhooks.delivery import Delivery
from shopdb_core.webhooks.sending import Sender


@dataclass
class PassingClock:
    """A clock that stands still until the test lets time pass."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def let_pass(self, **duration: float) -> None:
        """Let time pass."""
        self.now += timedelta(**duration)


@pytest.fixture
def clock() -> PassingClock:
    """Return a clock that begins now."""
    return PassingClock(datetime.now(UTC))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return a running receiver that accepts everything."""
    with receiving(Receiver()) as running:
        yield running


@pytest.fixture
def webhook(receiver: Receiver, tmp_path) -> Webhook:
    """Return a webhook to the receiver, which gets all changes."""
    file = tmp_path / "webhooks.toml"
    file.write_text(f'[[webhook]]\nname = "tickets"\nurl = "{receiver.url}"\nsecret = "{SECRET}"\n')
    file.chmod(0o600)
    (read,) = read_webhooks(str(file), [])
    assert read.selection == Selection(kind="change")
    return read


@pytest.fixture
def make_delivery(shop: Shop, webhook: Webhook, clock: PassingClock) -> Iterator[Callable[..., Delivery]]:
    """Return a function that makes the deliveries of one process, which have begun."""
    with ExitStack() as open_senders:

        def make(to: Webhook = webhook, timeout: float = 20) -> Delivery:
            # A receiver compares the time of a message with its own clock.
            sender = Sender(to, utc_now, timeout=timeout)
            open_senders.callback(sender.close)
            made = Delivery(to, shop.store, shop.feed, sender, clock=clock)
            made.turn()
            return made

        yield make


@pytest.fixture
def delivery(make_delivery: Callable[..., Delivery]) -> Delivery:
    """Return the deliveries of one process, which have begun."""
    return make_delivery()


@dataclass
class Shown:
    """Returns what the API shows of the one webhook."""

    shop: Shop

    def __call__(self) -> dict[str, object]:
        (item,) = self.shop.get("/api/webhooks").json["items"]
        return item


@pytest.fixture
def shown(shop: Shop, webhook: Webhook) -> Shown:
    """Return what shows the webhook."""
    shop.webhooks = [webhook]
    return Shown(shop)
