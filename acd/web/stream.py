"""Live state over HTTP as server-sent events: the whole state first, then what has changed.

Rules:
- While nobody reads nothing is done. While somebody does, there is one look every
  `EVERY_SECONDS`, and what it finds is made bytes once, for all readers.
- A reader has no queue of his own, only a number: the last event he was sent. Nothing is written to
  whoever has not taken what was written before, and who then is too far behind gets the newest
  state instead of what he missed. Whoever takes nothing for `STUCK_SECONDS` is cut off.
- An event's id is the feed's and a number; whoever comes back with one gets what he missed, as far
  as it is still there, and everything otherwise.
- Who may read is asked again every second: a token that is revoked ends what it opened.

Bytes go past the HTTP library to the connection (`acd.web.outlet`), because framing each event anew
for each reader cost more than all the rest. A server without such outlets sends the state once.
It must not know what the state is made of.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from acd.live import Change, Live
from acd.web.guard import ALLOWED
from acd.web.models import refused
from acd.web.outlet import OUTLET, Outlet

EVERY_SECONDS: Final = 0.1
MOST_READERS: Final = 250
KEPT_EVENTS: Final = 600
KEPT_BYTES: Final = 2_000_000
STUCK_SECONDS: Final = 10.0
SILENT_SECONDS: Final = 15.0
"""After so long without an event a comment is sent: proxies cut off what is silent."""

_ASK_SECONDS: Final = 1.0
_BEHIND_BYTES: Final = 200_000
"""Who has missed more than this, or than the whole state has, gets the whole state."""
_LAST_ID: Final = re.compile(r"([0-9a-f]{8})-(\d{1,15})")
_HEADERS: Final = {"content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no"}
_COMMENT: Final = b":\n\n"

_log: Final = logging.getLogger(__name__)
_encode: Final = msgspec.json.Encoder().encode


class Reader:
    """Somebody who reads; ``seen`` is the number of the last event he was sent, -1 for none."""

    def __init__(self, outlet: Outlet, seen: int, allowed: Callable[[], bool]) -> None:
        self.outlet = outlet
        self.seen = seen
        self.allowed = allowed
        self.unsent = 0
        """What he had not taken at ``stuck_since``, when he took something last."""
        self.stuck_since: float | None = None


class Feed:
    """The one stream of events, and everybody who reads it."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._name = secrets.token_hex(4)
        self._number = 0
        """Of the last event."""
        self._kept: deque[bytes] = deque()
        self._kept_bytes = 0
        self._whole = b""
        self._whole_number = -1
        self._readers: set[Reader] = set()
        self._task: asyncio.Task[None] | None = None
        self._asked_at = 0.0
        self._said_at = 0.0

    @property
    def is_full(self) -> bool:
        """Whether nobody else may read."""
        return len(self._readers) >= MOST_READERS

    def join(self, outlet: Outlet, last_id: str, allowed: Callable[[], bool]) -> Reader:
        """Somebody reads from now on, after the event with that id, or from the beginning."""
        self._watch()
        reader = Reader(outlet, self._number_of(last_id), allowed)
        self._readers.add(reader)
        self._live.touched.readers = len(self._readers)
        self._send(reader)
        return reader

    def leave(self, reader: Reader) -> None:
        """He reads no more. When he was the last, what is known stays, and nothing is looked at."""
        self._readers.discard(reader)
        self._live.touched.readers = len(self._readers)
        if not self._readers and self._task is not None:
            self._task.cancel()
            self._task = None
            self._live.end()

    def now(self) -> bytes:
        """The event that tells everything, for somebody who does not stay."""
        if self._task is None:
            self._live.begin()
            self._look()
            self._live.end()
        else:
            self._look()
        return self._event("snapshot", self._live.picture.whole(self._live.now()))

    def turn(self) -> None:
        """Look, and tell everybody; called every `EVERY_SECONDS` while there are readers."""
        now = self._live.now()
        self._look()
        silent = not (self._said_at <= now < self._said_at + SILENT_SECONDS)
        ask = not (self._asked_at <= now < self._asked_at + _ASK_SECONDS)
        if ask:
            self._asked_at = now
        if silent:
            self._said_at = now
        for reader in list(self._readers):
            if ask and not reader.allowed():
                self._drop(reader, "his token is not valid any more")
            else:
                self._serve(reader, now, comment=silent)

    # -- what happens --------------------------------------------------------------------------

    def _watch(self) -> None:
        if self._task is None:
            self._live.begin()
            self._task = asyncio.create_task(self._run(), name="stream")
            self._look()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            self.turn()

    def _look(self) -> None:
        change = self._live.look()
        if not change:
            return
        self._number += 1
        self._said_at = self._live.now()
        event = self._event("change", change)
        self._kept.append(event)
        self._kept_bytes += len(event)
        while len(self._kept) > KEPT_EVENTS or self._kept_bytes > KEPT_BYTES:
            self._kept_bytes -= len(self._kept.popleft())

    def _event(self, kind: str, change: Change) -> bytes:
        head = f"id: {self._name}-{self._number}\nevent: {kind}\ndata: "
        return b"%s%s\n\n" % (head.encode(), _encode(change))

    def _number_of(self, last_id: str) -> int:
        """The number of the event that was the last for somebody, -1 when that is of no use."""
        found = _LAST_ID.fullmatch(last_id)
        if found is None or found[1] != self._name or int(found[2]) > self._number:
            return -1
        return int(found[2])

    def _serve(self, reader: Reader, now: float, *, comment: bool = False) -> None:
        """Send him what he has not had, if he has taken what he was sent before."""
        unsent = reader.outlet.unsent
        if unsent:
            since = reader.stuck_since
            if since is None or since > now or unsent < reader.unsent:
                reader.stuck_since, reader.unsent = now, unsent
            elif now - since >= STUCK_SECONDS:
                self._drop(reader, "he does not read")
            return
        reader.stuck_since = None
        if reader.seen != self._number:
            self._send(reader)
        elif comment:
            reader.outlet.write([_COMMENT])

    def _send(self, reader: Reader) -> None:
        if reader.seen != self._number:
            reader.outlet.write(self._missed(reader.seen))
            reader.seen = self._number

    def _missed(self, seen: int) -> list[bytes]:
        """What comes after the event with that number."""
        missing = self._number - seen
        if missing == 1 and self._kept:
            return [self._kept[-1]]
        if seen >= 0 and missing <= len(self._kept):
            events = self._last(missing)
            if sum(map(len, events)) <= max(_BEHIND_BYTES, len(self._whole)):
                return events
        since = self._number - self._whole_number
        # A second of changes at most is put on top, so that many who come are given the same bytes.
        if self._whole_number < 0 or since > min(len(self._kept), 1 / EVERY_SECONDS):
            self._whole = self._event("snapshot", self._live.picture.whole(self._live.now()))
            self._whole_number, since = self._number, 0
        return [self._whole, *self._last(since)]

    def _last(self, count: int) -> list[bytes]:
        first = len(self._kept) - count
        return [self._kept[at] for at in range(first, len(self._kept))]

    def _drop(self, reader: Reader, why: str) -> None:
        self._live.touched.cut_off += 1
        _log.info("stream: a reader was cut off: %s", why)
        self.leave(reader)
        reader.outlet.cut()


class _Events(Response):
    """An answer that goes on until its reader leaves."""

    def __init__(self, feed: Feed, last_id: str) -> None:
        super().__init__(headers=_HEADERS)
        self._feed = feed
        self._last_id = last_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        outlet: Outlet | None = scope.get(OUTLET)
        headers = [(name, value) for name, value in self.raw_headers if name != b"content-length"]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if outlet is None:
            await send({"type": "http.response.body", "body": self._feed.now()})
            return
        outlet.take()
        outlet.write([b"retry: 1000\n\n"])
        reader = self._feed.join(outlet, self._last_id, scope[ALLOWED])
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            self._feed.leave(reader)


def stream(live: Live) -> APIRouter:
    """The route, and the feed behind it."""
    router = APIRouter(tags=["state"])
    feed = Feed(live)

    @router.get(
        "/stream",
        summary="Queues, calls and agents as server-sent events: everything, then each change",
        response_class=Response,
        responses={
            200: {"content": {"text/event-stream": {}}, "description": "docs/live.md says what."},
            503: refused("Too many read already."),
        },
    )
    async def events(request: Request) -> Response:
        if feed.is_full:
            why = f"{MOST_READERS} read already, which is the most"
            raise HTTPException(503, why, {"retry-after": "10"})
        return _Events(feed, request.headers.get("last-event-id", ""))

    return router
