"""A desk phone whose user passes callers on: it answers, holds, dials and sends REFER.

SIPp plays one dialog in a scenario; an attended transfer needs two of one phone. It is as much of a
SIP phone as that takes: one line of its own port, no sound, no retransmission (it is on loopback).
"""

import contextlib
import hashlib
import re
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self

from tests.lab.place import AGENTS_ADDRESS, PBX_ADDRESS

SIP_SECONDS = 5.0


@dataclass(slots=True)
class Dialog:
    """One call of the phone. The headers are written as in requests of its own."""

    call_id: str
    local: str
    remote: str
    target: str
    tag: str
    shown: tuple[str, str] = ("", "")
    """Name and number on the display, of a call to the phone."""
    cseq: int = 1
    rung_at: float = 0.0
    """When it came, `began_at` when it was answered, `ended_at` when either side hung up. 0: not
    yet."""
    began_at: float = 0.0
    ended_at: float = 0.0
    notified: list[str] = field(default_factory=list)
    """What NOTIFY told of a transfer: the first line of each."""


@dataclass(frozen=True, slots=True)
class Message:
    """One SIP message, its headers' names in small letters."""

    first: str
    headers: Mapping[str, str]
    body: str

    @property
    def status(self) -> int:
        return int(self.first.split()[1]) if self.first.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        return self.headers["cseq"].split()[-1]


@dataclass(frozen=True, slots=True)
class Manner:
    """How its user takes a call: he answers after `ring_seconds`, and after `talk_seconds` he hangs
    up, or passes the first who is still there on to `passes_to`; None: he waits for the other."""

    ring_seconds: float = 0.1
    talk_seconds: float | None = None
    passes_to: str = ""
    attended: bool = False


CONSULTS_SECONDS = 0.2
"""How long he speaks with a colleague before he passes a caller on to him."""


def section(number: str, port: int, secret: str) -> str:
    """The phone for pjsip.conf."""
    return (
        f"[{number}](acd-agent)\nauth={number}\naors={number}\n"
        f'callerid="Agent {number}" <{number}>\n'
        f"[{number}](acd-agent-auth)\nusername={number}\npassword={secret}\n"
        f"[{number}](acd-agent-aor)\nqualify_frequency=0\n"
        f"contact=sip:{number}@{AGENTS_ADDRESS}:{port}\n"
    )


class DeskPhone:
    """The phone of one agent, at an address of its own (`port`), from its making until `stop`.

    Without a `manner` it is unplugged: it answers nothing.
    """

    def __init__(self, number: str, sip_port: int, port: int, secret: str) -> None:
        self.number = number
        self.manner: Manner | None = None
        self._has_passed_on = False
        self.rung: list[Dialog] = []
        """Calls to it, in order."""
        self._pbx = f"{PBX_ADDRESS}:{sip_port}"
        self._peer = (PBX_ADDRESS, sip_port)
        self._secret = secret
        self._contact = f"<sip:{number}@{AGENTS_ADDRESS}:{port}>"
        self._dialogs: dict[str, Dialog] = {}
        self._answers: list[Message] = []
        self._news = threading.Condition()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((AGENTS_ADDRESS, port))
        self._socket.settimeout(0.05)
        self._stopping = False
        self._thread = threading.Thread(target=self._listen, name="desk-phone", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Pull the plug; calls it holds are not said goodbye to."""
        self._stopping = True
        self._thread.join()
        self._socket.close()

    def behave(self, manner: Manner | None) -> None:
        """From the next call on."""
        self.manner, self._has_passed_on = manner, False

    # -- what its user does --------------------------------------------------------------------

    def hold(self, dialog: Dialog) -> None:
        """Put the other side on hold."""
        assert self._asked(dialog, "INVITE", body=self._sdp("sendonly")).status == 200
        self._send(self._request(dialog, "ACK", ""))

    def hang_up(self, dialog: Dialog) -> None:
        """Hang up."""
        dialog.ended_at = dialog.ended_at or time.time()
        self._asked(dialog, "BYE")

    def refer(self, dialog: Dialog, number: str, instead_of: Dialog | None = None) -> int:
        """Pass the other side on to a number, or to the other side of another call of the phone.

        Returns the status of the answer: 202 is yes, for the time being.
        """
        to = f"sip:{number}@{self._pbx}"
        if instead_of is not None:
            theirs, ours = _tag(instead_of.remote), _tag(instead_of.local)
            replaces = f"{instead_of.call_id};to-tag={theirs};from-tag={ours}"
            escaped = replaces.replace(";", "%3B").replace("=", "%3D").replace("@", "%40")
            to = f"{to}?Replaces={escaped}"
        by = f"<sip:{self.number}@{self._pbx}>"
        return self._asked(dialog, "REFER", f"Refer-To: <{to}>\r\nReferred-By: {by}\r\n").status

    def dial(self, number: str) -> Dialog:
        """Call a number; returns when that is answered, and raises RuntimeError when it is not."""
        tag, call_id = secrets.token_hex(4), f"{secrets.token_hex(8)}@{AGENTS_ADDRESS}"
        target = f"sip:{number}@{self._pbx}"
        me = f"<sip:{self.number}@{self._pbx}>;tag={tag}"
        dialog = Dialog(call_id, me, f"<{target}>", target, tag)
        self._dialogs[call_id] = dialog
        refused = self._asked(dialog, "INVITE", body=self._sdp())
        dialog.remote = refused.headers["to"]
        self._send(self._request(dialog, "ACK", ""))
        dialog.remote = f"<{target}>"
        challenge = refused.headers["www-authenticate"]
        asked = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        login = _digest(self.number, self._secret, "INVITE", target, asked)
        answer = self._asked(dialog, "INVITE", f"Authorization: {login}\r\n", self._sdp())
        dialog.remote = answer.headers["to"]
        if answer.status != 200:
            raise RuntimeError(f"{number} says {answer.first}")
        dialog.target = _address(answer.headers["contact"])
        self._send(self._request(dialog, "ACK", ""))
        dialog.began_at = time.time()
        return dialog

    def until(self, find: Callable[[], object], what: str) -> None:
        """Return when `find` finds something, which is looked at with each message."""
        deadline = time.monotonic() + SIP_SECONDS
        with self._news:
            while not find():
                if not self._news.wait(deadline - time.monotonic()):
                    raise TimeoutError(f"no {what} at the desk phone {self.number}")

    # -- requests of its own -------------------------------------------------------------------

    def _asked(self, dialog: Dialog, method: str, more: str = "", body: str = "") -> Message:
        """Send a request and return its final answer."""
        dialog.cseq += 1
        self._send(self._request(dialog, method, more, body))
        cseq = f"{dialog.cseq} {method}"
        found: list[Message] = []

        def final() -> list[Message]:
            found[:] = [
                one
                for one in self._answers
                if one.headers["call-id"] == dialog.call_id
                and one.headers["cseq"] == cseq
                and one.status >= 200
            ]
            return found

        self.until(final, f"answer to {method}")
        return found[0]

    def _request(self, dialog: Dialog, method: str, more: str, body: str = "") -> str:
        kind = "Content-Type: application/sdp\r\n" if body else ""
        return (
            f"{method} {dialog.target} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self._contact[5:-1].partition('@')[2]}"
            f";branch=z9hG4bK{secrets.token_hex(6)}\r\n"
            f"From: {dialog.local}\r\nTo: {dialog.remote}\r\nCall-ID: {dialog.call_id}\r\n"
            f"CSeq: {dialog.cseq} {method}\r\nContact: {self._contact}\r\nMax-Forwards: 70\r\n"
            f"{more}{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def _sdp(self, direction: str = "sendrecv") -> str:
        return (
            f"v=0\r\no=desk 1 1 IN IP4 {AGENTS_ADDRESS}\r\ns=-\r\nc=IN IP4 {AGENTS_ADDRESS}\r\n"
            "t=0 0\r\nm=audio 9998 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n"
            f"a=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
        )

    def _send(self, text: str) -> None:
        self._socket.sendto(text.encode(), self._peer)

    # -- what comes ----------------------------------------------------------------------------

    def _listen(self) -> None:
        while not self._stopping:
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                continue
            message = _parse(data.decode("utf-8", "replace"))
            with self._news:
                if message.status:
                    self._answers.append(message)
                else:
                    self._taken(message)
                self._news.notify_all()

    def _taken(self, message: Message) -> None:
        if self.manner is None:
            return
        dialog = self._dialogs.get(message.headers["call-id"])
        if message.method == "INVITE" and dialog is None:
            self._begin(message, self.manner)
        elif message.method == "INVITE":
            self._send(self._answer(message, "200 OK", body=self._sdp()))
        elif message.method != "ACK":
            if dialog is not None and message.method == "NOTIFY":
                dialog.notified.append(message.body.partition("\r\n")[0])
            if dialog is not None and message.method in ("BYE", "CANCEL"):
                dialog.ended_at = time.time()
            self._send(self._answer(message, "200 OK"))

    def _begin(self, invite: Message, manner: Manner) -> None:
        heads, tag = invite.headers, secrets.token_hex(4)
        name, _, rest = heads["from"].partition("<")
        number = rest.partition(":")[2].partition("@")[0]
        dialog = Dialog(
            heads["call-id"],
            f"{heads['to']};tag={tag}",
            heads["from"],
            _address(heads["contact"]),
            tag,
            (name.strip().strip('"'), number),
            rung_at=time.time(),
        )
        self._dialogs[dialog.call_id] = dialog
        self.rung.append(dialog)
        self._send(self._answer(invite, "180 Ringing", tag))
        user = threading.Thread(target=self._takes, args=(invite, dialog, manner), daemon=True)
        user.start()

    def _takes(self, invite: Message, dialog: Dialog, manner: Manner) -> None:
        """What its user does with a call."""
        with contextlib.suppress(OSError):  # Somebody pulled the plug.
            time.sleep(manner.ring_seconds)
            if dialog.ended_at:
                self._send(self._answer(invite, "487 Request Terminated", dialog.tag))
                return
            with self._news:
                dialog.began_at = time.time()
                self._send(self._answer(invite, "200 OK", dialog.tag, self._sdp()))
                self._news.notify_all()
            if manner.talk_seconds is None:
                return
            time.sleep(manner.talk_seconds)
            if dialog.ended_at:
                return
            if not manner.passes_to or self._has_passed_on:
                self.hang_up(dialog)  # Perhaps he came back.
                return
            self._has_passed_on = True
            if manner.attended:
                self.hold(dialog)
                second = self.dial(manner.passes_to)
                time.sleep(CONSULTS_SECONDS)
                self.refer(dialog, manner.passes_to, second)
            else:
                self.refer(dialog, manner.passes_to)

    def _answer(self, request: Message, status: str, tag: str = "", body: str = "") -> str:
        heads = request.headers
        tagged = f";tag={tag}" if tag else ""
        kind = "Content-Type: application/sdp\r\n" if body else ""
        return (
            f"SIP/2.0 {status}\r\nVia: {heads['via']}\r\nFrom: {heads['from']}\r\n"
            f"To: {heads['to']}{tagged}\r\nCall-ID: {heads['call-id']}\r\n"
            f"CSeq: {heads['cseq']}\r\nContact: {self._contact}\r\n{kind}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )


def _parse(text: str) -> Message:
    head, _, body = text.partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), value.strip())
    return Message(first, headers, body)


def _address(contact: str) -> str:
    return contact.partition("<")[2].partition(">")[0]


def _tag(address: str) -> str:
    return address.partition(";tag=")[2].partition(";")[0]


def _digest(user: str, secret: str, method: str, uri: str, asked: Mapping[str, str]) -> str:
    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    one, two = md5(f"{user}:{asked['realm']}:{secret}"), md5(f"{method}:{uri}")
    nonce, count, own = asked["nonce"], "00000001", secrets.token_hex(4)
    response = md5(f"{one}:{nonce}:{count}:{own}:auth:{two}")
    opaque = f', opaque="{asked["opaque"]}"' if "opaque" in asked else ""
    return (
        f'Digest username="{user}", realm="{asked["realm"]}", nonce="{nonce}", uri="{uri}", '
        f'response="{response}", algorithm=MD5, qop=auth, nc={count}, cnonce="{own}"{opaque}'
    )
