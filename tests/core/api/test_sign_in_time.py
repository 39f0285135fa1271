"""How long an answer takes does not say whether a user exists."""

import os
import statistics
import time

import pytest
from people import add_user, login

FULL = bool(os.environ.get("SHOPDB_TEST_FULL"))
ROUNDS, TOLERANCE = (200, 0.1) if FULL else (30, 0.25)


@pytest.mark.alone
def test_unknown_users_and_wrong_passwords_take_the_same_time(shop, record_property):
    """The medians, of attempts in turn; in time of the processor, since the machine may be busy."""
    add_user(shop, "ann")
    seconds: dict[str, list[float]] = {"ann": [], "nobody": []}
    for _ in range(ROUNDS):
        for name, taken in seconds.items():
            shop.store.transaction(lambda connection: connection.exec_driver_sql("DELETE FROM signinattempt"))
            began = time.process_time()
            assert login(shop, name, "wrong-horse-battery-8").status_code == 401
            taken.append(time.process_time() - began)

    known, unknown = map(statistics.median, seconds.values())
    record_property("milliseconds", [known * 1000, unknown * 1000])
    assert known == pytest.approx(unknown, rel=TOLERANCE)
