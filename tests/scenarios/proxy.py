"""A door between the engine and a PBX's AMI port: it can be cut, shut, and spoken through.

Plain sockets and threads, no knowledge of AMI but the blank line between two messages.
"""

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass, field

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing sends RST, as a connection that breaks does."""


@dataclass(slots=True, eq=False)
class _Pair:
    """One connection: the engine's end and the PBX's."""

    engine: socket.socket
    pbx: socket.socket
    whole: threading.Condition = field(default_factory=threading.Condition)
    tail: bytes = b""
    """The last bytes that went to the engine."""

    def is_between_messages(self) -> bool:
        """Whether what went to the engine ends with a whole message."""
        return self.tail.endswith(b"\r\n\r\n")


class Proxy:
    """Listens on loopback at `port` and passes everything on to `target_port`."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._pairs: list[_Pair] = []
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self.port = 0
        self.open()

    def open(self) -> None:
        """Accept connections (again), always at the same port."""
        listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), name="proxy", daemon=True).start()

    def shut(self) -> None:
        """Refuse new connections and reset those there are."""
        listener, self._listener = self._listener, None
        if listener is not None:
            # Closing alone does not wake a thread that accepts.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.cut()

    def cut(self) -> None:
        """Reset every connection, in both directions."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            _reset(pair.engine)
            _reset(pair.pbx)

    def say(self, data: bytes) -> None:
        """Say something to the engine in the PBX's name, between two messages."""
        with self._lock:
            pairs = list(self._pairs)
        assert pairs, "nobody is connected"
        for pair in pairs:
            with pair.whole:
                assert pair.whole.wait_for(pair.is_between_messages, 5)
                pair.engine.sendall(data)

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
        while data := _receive(pair.pbx):
            with pair.whole:
                if not _send(pair.engine, data):
                    break
                pair.tail = (pair.tail + data)[-4:]
                pair.whole.notify_all()
        self._over(pair)

    def _to_pbx(self, pair: _Pair) -> None:
        while data := _receive(pair.engine):
            if not _send(pair.pbx, data):
                break
        self._over(pair)

    def _over(self, pair: _Pair) -> None:
        with self._lock:
            if pair in self._pairs:
                self._pairs.remove(pair)
        for end in (pair.engine, pair.pbx):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


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


def _reset(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        end.shutdown(socket.SHUT_RDWR)
    end.close()
