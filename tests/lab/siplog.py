"""SIPp's message log as typed rows: what a phone or the trunk really received and sent.

Read from the file that `-trace_msg` writes, which may still be growing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_BLOCK = re.compile(
    rb"^-{20,} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+)\r?\n"
    rb"\w+ message (sent|received) [^\n]*\n\r?\n",
    re.MULTILINE,
)
_ADDRESS = re.compile(r'^\s*(?:"((?:[^"\\]|\\.)*)"|([^<]*?))\s*<?sips?:([^@;>]*)@')


@dataclass(frozen=True, slots=True)
class SipMessage:
    """One SIP message. `at` is the wall clock in seconds; `sent` is from SIPp's side.

    method: of the request, or of the request that is answered; status: 0 for a request. The
    headers' names are in small letters, their values as written; of a repeated one the first.
    """

    at: float
    sent: bool
    method: str
    status: int
    uri: str
    call_id: str
    headers: dict[str, str]
    body: str

    @property
    def kind(self) -> str:
        """`INVITE`, `CANCEL` ... for a request, `180`, `200` ... for an answer."""
        return str(self.status) if self.status else self.method

    def address(self, header: str) -> tuple[str, str]:
        """The display name and the user part of an address header; empty where there is none."""
        found = _ADDRESS.match(self.headers.get(header.lower(), ""))
        if not found:
            return "", ""
        return (found[1] or found[2] or "").strip(), found[3]

    @property
    def from_name(self) -> str:
        """The display name in From: what a phone shows when it rings."""
        return self.address("from")[0]

    @property
    def from_number(self) -> str:
        """The user part of From."""
        return self.address("from")[1]

    @property
    def to_number(self) -> str:
        """The user part of To: at an agent's phone, the agent."""
        return self.address("to")[1]


def read(path: Path) -> list[SipMessage]:
    """All messages in the log so far, in order; empty if there is no such file yet."""
    return list(_messages(path.read_bytes())) if path.exists() else []


class Log:
    """A log that SIPp is still writing: each reading takes up only what is new."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: list[SipMessage] = []
        self._offset = 0

    def messages(self) -> list[SipMessage]:
        """All messages so far, in the order of the log; the list is the caller's own."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        starts = [block.start() for block in _BLOCK.finditer(data)]
        if not starts:
            return list(self._read)
        # The last message may still be growing: it is read again next time.
        self._read += _messages(data[: starts[-1]])
        self._offset += starts[-1]
        return [*self._read, *_messages(data[starts[-1] :])]


def _messages(data: bytes) -> Iterator[SipMessage]:
    blocks = list(_BLOCK.finditer(data))
    for block, following in zip(blocks, [*blocks[1:], None], strict=False):
        text = data[block.end() : following.start() if following else len(data)]
        at = datetime.fromisoformat(block[1].decode()).timestamp()
        message = _parse(at, block[2] == b"sent", text.decode("utf-8", "backslashreplace"))
        if message is not None:
            yield message


def _parse(at: float, sent: bool, text: str) -> SipMessage | None:
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    first, *lines = head.split("\n")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), value.strip())
    words = first.split(" ")
    if "cseq" not in headers or len(words) < 3:
        return None  # The last message, cut off as it is being written.
    status = int(words[1]) if words[0] == "SIP/2.0" else 0
    method = headers["cseq"].split()[-1]
    uri = "" if status else words[1]
    return SipMessage(at, sent, method, status, uri, headers["call-id"], headers, body)
