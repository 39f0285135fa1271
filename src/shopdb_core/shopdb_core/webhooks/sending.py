"""`Sender`: posts messages to one receiver, which may be slow, away, broken, or hostile."""

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass

import httpx

from shopdb_core.clock import Clock
from shopdb_core.errors import first_line
from shopdb_core.webhooks.config import Webhook
from shopdb_core.webhooks.signing import Message

TIMEOUT_SECONDS = 10.0
"""How long an attempt takes at most, from the look-up of the host's name until the status arrives."""

LARGEST_ANSWER = 16 * 1024
"""How much of an answer is read, so that its connection can be used again; nothing of it is kept."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a message was not accepted; `is_final` if the receiver wants no more."""

    reason: str
    is_final: bool = False


class Sender:
    """Sends to one webhook, in the thread that made it; `close` ends its connections.

    No redirect is followed, and no proxy of the environment is used: the administrator named this address.
    """

    def __init__(self, webhook: Webhook, clock: Clock, timeout: float = TIMEOUT_SECONDS) -> None:
        self._webhook = webhook
        self._clock = clock
        self._timeout = timeout
        # The only way to bound an attempt as a whole: a receiver may send a byte now and then.
        self._runner = asyncio.Runner()
        self._http = httpx.AsyncClient(
            verify=ssl.create_default_context(),
            trust_env=False,
            timeout=None,  # noqa: S113  # `asyncio.timeout` bounds the whole
            headers={"User-Agent": "ShopDB"},
            limits=httpx.Limits(max_connections=1),
        )

    def send(self, message: Message) -> Failure | None:
        """Send a message; return `None` if the receiver accepted it, with any status of 2xx."""
        try:
            status = self._runner.run(self._post(message))
        except TimeoutError:
            return Failure(f"did not answer within {self._timeout:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Failure(f"could not be reached: {first_line(error)}")
        if httpx.codes.is_success(status):
            return None
        if httpx.codes.is_redirect(status):
            return Failure(f"answered {status}, and redirects are not followed")
        return Failure(f"answered {status}", is_final=status == httpx.codes.GONE)

    def close(self) -> None:
        """Close the connections."""
        self._runner.run(self._http.aclose())
        self._runner.close()

    async def _post(self, message: Message) -> int:
        headers = message.headers(self._webhook.secrets, int(self._clock().timestamp()))
        async with asyncio.timeout(self._timeout):
            request = self._http.build_request(
                "POST", self._webhook.url, content=message.body, headers=dict(headers)
            )
            response = await self._http.send(request, stream=True)
        # The receiver has decided: what becomes of the rest of its answer does not matter.
        with suppress(TimeoutError, httpx.HTTPError):
            async with asyncio.timeout(self._timeout):
                await _read_on(response)
        with suppress(httpx.HTTPError):
            await response.aclose()
        return response.status_code


async def _read_on(response: httpx.Response) -> None:
    size = 0
    async for chunk in response.aiter_raw():
        size += len(chunk)
        if size > LARGEST_ANSWER:
            return
