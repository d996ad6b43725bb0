"""Other programs asked about callers over HTTP, beside the engine: answers come as inbox items.

Theory: a caller waits in his menu, so an answer has to come soon or not at all. One request is one
GET with one deadline over all of it; nothing is asked twice, nothing is kept. 404 means that nobody
knows him; whatever else is not a JSON object in time is no answer, and the menu has its way for
that. More than ``MOST_AT_ONCE`` are not begun: a program that hangs must not eat our sockets.

Rules: what is put into an address is quoted whole, so that a caller's keys stay in their place;
redirects are not followed and no proxy is asked; what comes back is cut and cleaned before it is
an attribute. Tokens are read from their file each time and never logged.
It must not know what a menu does with what is found.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import msgspec

from acd.core.events import LookedUp, LookUpFailed
from acd.core.plan import LookupPlan
from acd.core.records import LookUpDue

if TYPE_CHECKING:
    import httpx

MOST_AT_ONCE: Final = 64
MOST_BYTES: Final = 64 * 1024
"""Of one answer; a longer one is none."""
MOST_LETTERS: Final = 64
"""Of one value; what is longer is cut."""

_NAME: Final = re.compile(r"\{([^{}]*)\}")

Answer = LookedUp | LookUpFailed


class _NoAnswer(Exception):
    """Why there is none, in words for operators."""


class LookUps:
    """Asks, each time in a task of its own. ``take`` gets each answer, once, on the event loop."""

    def __init__(self, take: Callable[[Answer], None]) -> None:
        self._take = take
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient | None = None

    def start(self, due: LookUpDue, plan: LookupPlan | None) -> None:
        """Ask for one caller; ``plan`` is None where the configuration has none of this name."""
        if plan is None:
            self._take(LookUpFailed(due.call, due.node, f"there is no look-up {due.lookup}"))
        elif len(self._tasks) >= MOST_AT_ONCE:
            reason = f"{MOST_AT_ONCE} look-ups are under way already"
            self._take(LookUpFailed(due.call, due.node, reason))
        else:
            task = asyncio.create_task(self._ask(due, plan), name=f"look-up {due.lookup}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Ask nobody any more; who waits for an answer gets none."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self._client is not None:
            await self._client.aclose()

    async def _ask(self, due: LookUpDue, plan: LookupPlan) -> None:
        answer: Answer
        try:
            async with asyncio.timeout(plan.timeout_seconds):
                found = await self._get(due, plan)
        except TimeoutError:
            reason = f"no answer within {plan.timeout_seconds:g} s"
            answer = LookUpFailed(due.call, due.node, f"{due.lookup}: {reason}")
        except _NoAnswer as why:
            answer = LookUpFailed(due.call, due.node, f"{due.lookup}: {why}")
        else:
            values = None if found is None else values_of(found, plan.into)
            answer = LookedUp(due.call, due.node, values)
        self._take(answer)

    async def _get(self, due: LookUpDue, plan: LookupPlan) -> object:
        httpx = await asyncio.to_thread(import_module, "httpx")
        if self._client is None:
            self._client = httpx.AsyncClient(trust_env=False, follow_redirects=False)
        headers = {"Accept": "application/json"}
        if plan.token_file:
            headers["Authorization"] = f"Bearer {await asyncio.to_thread(_token, plan.token_file)}"
        try:
            request = self._client.stream("GET", address(plan.url, due.known), headers=headers)
            async with request as response:
                if response.status_code == 404:
                    return None
                if response.status_code != 200:
                    raise _NoAnswer(f"the answer is {response.status_code}")
                return _object(await _body(response))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _NoAnswer(f"{type(error).__name__} {error}".strip()) from None


def address(url: str, known: Mapping[str, str]) -> str:
    """Return the address with the caller's attributes in it, each quoted whole."""
    return _NAME.sub(lambda name: quote(known.get(name[1], ""), safe="", errors="replace"), url)


def values_of(found: object, into: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes that an answer holds; one that is not there is left out."""
    values = {}
    for attribute, path in into.items():
        value = found
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            text = "".join(letter for letter in str(value) if letter.isprintable())
            values[attribute] = text[:MOST_LETTERS]
    return values


async def _body(response: "httpx.Response") -> bytes:
    body = b""
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > MOST_BYTES:
            raise _NoAnswer(f"the answer is longer than {MOST_BYTES} bytes")
    return body


def _object(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        raise _NoAnswer("the answer is no JSON object") from None


def _token(name: str) -> str:
    try:
        return Path(name).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _NoAnswer(f"token_file cannot be read: {type(error).__name__}") from None
