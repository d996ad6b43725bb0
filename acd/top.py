"""`acd top`: a running engine's live state in the terminal, whatever happens to the connection.

Owns the reading end of the stream: a thread that keeps a picture up to date, and comes back with
the id of the last event when the connection ends. What is shown runs by the engine's clock, so that
waits are right on a machine whose clock is not.
It must not know how a picture is drawn, nor how an event travels.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import msgspec
from rich.console import Console

from acd.clock import Clock
from acd.core.records import Snapshot
from acd.errors import OperatorError
from acd.live import Change, Picture
from acd.remote import NotReached, Remote, StreamBusy
from acd.terminal import show

FIRST_RETRY_SECONDS: Final = 0.5
MOST_RETRY_SECONDS: Final = 10.0

_decode: Final = msgspec.json.Decoder(Change).decode


class Watch:
    """What is known of an engine; `run` keeps it so, in a thread."""

    def __init__(self, remote: Remote, clock: Clock | None = None) -> None:
        self.last_id = ""
        self.state = "connecting"
        self.came: Callable[[], object] = lambda: None
        """Called in the thread when the state was told for the first time."""
        self._remote = remote
        self._clock = clock or Clock()
        self._picture = Picture()
        self._ahead_seconds = 0.0
        self._lock = threading.Lock()
        self._over = threading.Event()

    def now(self) -> float:
        """The engine's clock."""
        return self._clock.now() + self._ahead_seconds

    def snapshot(self) -> Snapshot:
        """The state as it was told last."""
        with self._lock:
            return self._picture.snapshot(self.now())

    def title(self) -> str:
        """Whom this is about, and how far it is to be believed."""
        return f"acd top   {self._remote.url}   {self.state}"

    def run(self) -> None:
        """Read until `stop`. Raises OperatorError when there is nothing to be had at first, or
        nothing any more that waiting helps."""
        wait_seconds = FIRST_RETRY_SECONDS
        while not self._over.is_set():
            try:
                if self.read():
                    wait_seconds = FIRST_RETRY_SECONDS
                self.state = f"no connection; again in {wait_seconds:g} s"
            except (NotReached, StreamBusy) as error:
                if not self.last_id:
                    raise
                self.state = f"{error}; again in {wait_seconds:g} s"
            self._over.wait(wait_seconds)
            wait_seconds = min(2 * wait_seconds, MOST_RETRY_SECONDS)

    def read(self) -> bool:
        """Read one connection to its end; whether anything came. Raises OperatorError."""
        came = False
        with self._remote.events(self.last_id) as events:
            for event in events:
                if self._over.is_set():
                    break
                try:
                    change = _decode(event.data)
                except msgspec.DecodeError as error:
                    where = self._remote.url
                    raise OperatorError(f"{where}: another version of acd: {error}") from error
                with self._lock:
                    if event.kind == "snapshot":
                        self._picture = Picture()
                    self._picture.take(change)
                    self._ahead_seconds = change.at - self._clock.now()
                first = not self.last_id
                self.last_id, self.state, came = event.id, "live", True
                if first:
                    self.came()
        return came

    def stop(self) -> None:
        """Read no more; a `run` that waits for the next event ends with it."""
        self._over.set()


async def watch_and_show(watch: Watch, console: Console | None = None) -> None:
    """Show what ``watch`` reads, until this is cancelled or it raises."""
    loop = asyncio.get_running_loop()
    came: asyncio.Future[None] = loop.create_future()
    ended: asyncio.Future[None] = loop.create_future()

    def run() -> None:
        try:
            watch.run()
        except OperatorError as error:
            _tell(loop, ended, error)

    watch.came = lambda: _tell(loop, came)
    # No thread of the loop's pool, because the process would wait for it at the end.
    threading.Thread(target=run, name="stream", daemon=True).start()
    drawing = asyncio.create_task(_draw(watch, came, console), name="drawing")
    try:
        done, _ = await asyncio.wait([drawing, ended], return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()
    finally:
        watch.stop()
        drawing.cancel()
        await asyncio.wait([drawing])


async def _draw(watch: Watch, came: asyncio.Future[None], console: Console | None) -> None:
    # Before there is something to show, an empty centre would be a lie.
    await came
    await show(watch.snapshot, watch.now, title=watch.title, console=console)


def _tell(
    loop: asyncio.AbstractEventLoop,
    whom: asyncio.Future[None],
    error: OperatorError | None = None,
) -> None:
    """From another thread: that it has happened, or what has."""

    def tell() -> None:
        if whom.done():
            return
        if error is None:
            whom.set_result(None)
        else:
            whom.set_exception(error)

    with suppress(RuntimeError):  # The loop has ended, and nobody wants to know.
        loop.call_soon_threadsafe(tell)


def show_until_interrupted(remote: Remote) -> None:
    """Show the engine's state until Ctrl-C. Raises OperatorError."""
    with suppress(KeyboardInterrupt):
        asyncio.run(watch_and_show(Watch(remote)))
