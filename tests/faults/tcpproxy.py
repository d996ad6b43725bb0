"""A door between the engine and a PBX's AMI port, through which everything can go wrong.

Bytes can be cut, frozen, delayed and throttled; whole messages to the engine lost, doubled, put out
of order, cut in their middle and made up. Plain sockets and threads; of AMI it knows the blank line
between two messages, and by `Disturbance` what an event looks like.
"""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from select import select

from acd.sim.faults import Disturbance

Spoil = Callable[[bytes], list[bytes]]
"""What arrives in place of one message, its blank line included: nothing, itself, or several."""

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing sends RST, as a connection that breaks does."""
_END = b"\r\n\r\n"
_PIECE_SECONDS = 0.02
"""In what steps a throttled connection passes on, and how long a message held back waits alone."""


@dataclass(slots=True, eq=False)
class _Pair:
    """One connection: the engine's end and the PBX's."""

    engine: socket.socket
    pbx: socket.socket
    changed: threading.Condition = field(default_factory=threading.Condition)
    tail: bytes = b""
    """The last bytes that went to the engine."""
    pending: bytes = b""
    """The beginning of a message whose end has not come, where whole ones are spoiled."""
    frozen: bool = False
    over: bool = False

    def is_between_messages(self) -> bool:
        """Whether what went to the engine ends with a whole message."""
        return self.tail.endswith(_END)


class Proxy:
    """Listens on loopback at `port` and passes everything on to `target_port`.

    delay_seconds: how long each piece is held, in both directions. bytes_per_second: at most so
    many to the engine; None: as many as come. spoil, disturbance: what becomes of each message to
    the engine, by a function or by chance; None: nothing.
    """

    def __init__(self, target_port: int) -> None:
        self.delay_seconds = 0.0
        self.bytes_per_second: float | None = None
        self.spoil: Spoil | None = None
        self.disturbance: Disturbance | None = None
        self._target_port = target_port
        self._pairs: list[_Pair] = []
        self._frozen: list[_Pair] = []
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self.port = 0
        self.open()

    # -- the whole door ------------------------------------------------------------------------

    def open(self) -> None:
        """Accept connections (again), always at the same port."""
        listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), name="proxy", daemon=True).start()

    def shut(self) -> None:
        """Refuse new connections and reset those there are, frozen ones too."""
        listener, self._listener = self._listener, None
        if listener is not None:
            # Closing alone does not wake a thread that accepts.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.thaw()
        self.cut()

    def cut(self) -> None:
        """Reset every connection, in both directions."""
        for pair in self._taken():
            self._end(pair, reset=True)

    def freeze(self) -> None:
        """Pass nothing on for the connections there are, not even their end; new ones pass."""
        for pair in self._taken():
            with pair.changed:
                pair.frozen = True
            with self._lock:
                self._frozen.append(pair)

    def thaw(self) -> None:
        """The end of all frozen connections."""
        with self._lock:
            pairs, self._frozen = self._frozen, []
        for pair in pairs:
            self._end(pair, reset=True)

    def truncate(self) -> None:
        """Close each connection in the middle of the next message to the engine."""

        def halved(message: bytes) -> list[bytes]:
            raise _CutInTheMiddle(message[: len(message) // 2])

        self.spoil = halved

    def say(self, data: bytes) -> None:
        """Say something to the engine in the PBX's name, between two messages."""
        with self._lock:
            pairs = list(self._pairs)
        assert pairs, "nobody is connected"
        for pair in pairs:
            with pair.changed:
                assert pair.changed.wait_for(pair.is_between_messages, 5)
                pair.engine.sendall(data)

    # -- one connection ------------------------------------------------------------------------

    def _taken(self) -> list[_Pair]:
        with self._lock:
            pairs, self._pairs = self._pairs, []
        return pairs

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                engine, _ = listener.accept()
            except OSError:
                return
            try:
                pbx = socket.create_connection(("127.0.0.1", self._target_port), timeout=5)
            except OSError:
                _reset(engine)
                continue
            pbx.settimeout(None)
            for end in (engine, pbx):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair = _Pair(engine, pbx)
            with self._lock:
                self._pairs.append(pair)
            for run in (self._to_engine, self._to_pbx):
                threading.Thread(target=run, args=(pair,), name="proxy", daemon=True).start()

    def _to_engine(self, pair: _Pair) -> None:
        try:
            while True:
                # What is held back goes on by itself when nothing comes that it could follow.
                idle = self._is_spoiling and not select([pair.pbx], [], [], _PIECE_SECONDS)[0]
                data = b"" if idle else _receive(pair.pbx)
                if not data and not idle:
                    break
                self._held(pair)
                if not self._pass(pair, self._spoiled(pair, data)):
                    break
        except _CutInTheMiddle as cut:
            self.spoil = None
            _send(pair.engine, cut.half)
        except (OSError, ValueError):
            pass  # The connection was closed while it was waited for.
        self._over(pair)

    def _to_pbx(self, pair: _Pair) -> None:
        while data := _receive(pair.engine):
            self._held(pair)
            if pair.over or not _send(pair.pbx, data):
                break
        self._over(pair)

    def _held(self, pair: _Pair) -> None:
        if self.delay_seconds:
            time.sleep(self.delay_seconds)
        with pair.changed:
            pair.changed.wait_for(lambda: not pair.frozen)

    @property
    def _is_spoiling(self) -> bool:
        return self.spoil is not None or self.disturbance is not None

    def _spoiled(self, pair: _Pair, data: bytes) -> bytes:
        """What passes now of these bytes, and of those kept before."""
        if not self._is_spoiling and not pair.pending:
            return data
        rest = b""
        if pair.tail and not pair.is_between_messages():
            # The end of a message whose beginning has passed.
            rest, end, data = (pair.tail + data).partition(_END)
            rest = (rest + end)[len(pair.tail) :]
        *whole, pair.pending = (pair.pending + data).split(_END)
        messages = [message + _END for message in whole]
        if self.spoil is not None:
            messages = [each for message in messages for each in self.spoil(message)]
        if self.disturbance is not None:
            messages = self.disturbance.through(messages, time.monotonic())
        return b"".join([rest, *messages])

    def _pass(self, pair: _Pair, data: bytes) -> bool:
        """Give it to the engine, in pieces where it is throttled."""
        while data:
            rate = self.bytes_per_second
            size = len(data) if rate is None else max(1, int(rate * _PIECE_SECONDS))
            with pair.changed:
                if pair.over or not _send(pair.engine, data[:size]):
                    return False
                pair.tail = (pair.tail + data[:size])[-len(_END) :]
                pair.changed.notify_all()
            data = data[size:]
            if rate is not None:
                time.sleep(_PIECE_SECONDS)
        return not pair.over

    def _over(self, pair: _Pair) -> None:
        """One side has closed: so does the other, unless nothing passes any more."""
        with pair.changed:
            pair.changed.wait_for(lambda: not pair.frozen)
        with self._lock:
            if pair in self._pairs:
                self._pairs.remove(pair)
        self._end(pair, reset=False)

    def _end(self, pair: _Pair, *, reset: bool) -> None:
        with self._lock:
            first, pair.over = not pair.over, True
        if first:
            # Whoever is sending to one who does not read is woken by this, and lets go of the pair.
            for end in (pair.engine, pair.pbx):
                if reset:
                    _reset(end)
                else:
                    _close(end)
        with pair.changed:
            pair.frozen = False
            pair.changed.notify_all()


class _CutInTheMiddle(Exception):
    """The connection ends with this half of a message."""

    def __init__(self, half: bytes) -> None:
        self.half = half


def _receive(end: socket.socket) -> bytes:
    try:
        return end.recv(65536)
    except OSError:
        return b""


def _send(end: socket.socket, data: bytes) -> bool:
    try:
        end.sendall(data)
    except OSError:
        return False
    return True


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


def _reset(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        end.shutdown(socket.SHUT_RDWR)
    end.close()
