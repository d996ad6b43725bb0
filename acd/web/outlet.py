"""A connection as an answer that never ends sees it: bytes out, without a wait.

The server puts one into the scope of each HTTP/1.1 request, as `OUTLET`. Whoever takes it has sent
the head of his answer without a length, so that the HTTP library has announced chunks, and from
then on writes all of the body here; such an answer ends by being cut off.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Final

OUTLET: Final = "acd.outlet"
SYSTEM_BYTES: Final = 65_536
"""What the system is to keep of a connection that is not read from."""


class Outlet:
    """The way out of one connection."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.is_taken = False

    def take(self) -> None:
        """The body of the answer is written here from now on."""
        self.is_taken = True
        # The system would take some megabytes for somebody who reads none of them.
        connection: socket.socket | None = self._transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SYSTEM_BYTES)

    def write(self, parts: Sequence[bytes]) -> None:
        """Send these one after another as one chunk; what cannot go out now waits in memory."""
        length = b"%x\r\n" % sum(map(len, parts))
        if not self._transport.is_closing():
            self._transport.writelines([length, *parts, b"\r\n"])

    @property
    def unsent(self) -> int:
        """How many bytes wait for the other side to read."""
        return self._transport.get_write_buffer_size()

    def cut(self) -> None:
        """End the connection, whatever waits."""
        self._transport.abort()
