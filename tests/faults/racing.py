"""Callers and phones in one thread, so that a BYE and a 200 OK leave within a millisecond.

SIPp's callers and phones are processes of their own, and nobody can tell two of them to act at one
moment. Here each caller dials in, presses his key and waits; when a phone rings for him, its 200 OK
and his BYE are sent `offset` apart. Everything a SIP stack must say besides is said: ACK, 200 to
BYE and CANCEL, 487.
"""

import heapq
import itertools
import re
import select
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.lab.asterisk import LabAsterisk
from tests.lab.place import AGENTS_ADDRESS, PBX_ADDRESS
from tests.lab.sipp import CALLERS_ADDRESS, DEFAULT_DNIS

RINGS_SECONDS = 0.05
PRESSES_AFTER_SECONDS = 0.08
_RETRY_SECONDS = 0.5


@dataclass(slots=True)
class Race:
    """One caller; times are the wall clock's, 0 is never."""

    number: str
    offset: float
    """Seconds from the phone's 200 OK to the caller's BYE; below 0 the BYE is first."""
    agent: str = ""
    answered_at: float = 0.0
    left_at: float = 0.0
    bye_confirmed_at: float = 0.0
    phone_ended_at: float = 0.0
    """When the PBX told the phone that it is over: CANCEL or BYE."""
    dialog: dict[str, str] = field(default_factory=dict)

    @property
    def apart(self) -> float:
        """How far apart the two really were sent."""
        return abs(self.left_at - self.answered_at)


class Racers:
    """Runs races, `at_once` at a time; the phones answer as long as it runs."""

    def __init__(self, lab: LabAsterisk) -> None:
        self._pbx = (PBX_ADDRESS, lab.sip_port)
        self._callers = self._socket(CALLERS_ADDRESS, 0)
        self._phones = self._socket(AGENTS_ADDRESS, lab.agents_port)
        self._port = self._callers.getsockname()[1]
        self._phones_port = lab.agents_port
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self.races: dict[str, Race] = {}
        self._rung: dict[str, Race] = {}
        """By the Call-ID at the phone."""
        self._seen: set[tuple[str, str]] = set()

    @staticmethod
    def _socket(address: str, port: int) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind((address, port))
        made.setblocking(False)
        return made

    def close(self) -> None:
        """Free the ports."""
        self._callers.close()
        self._phones.close()

    def run(self, races: Iterator[Race], at_once: int, give_up_seconds: float) -> None:
        """Run all of them; one whose phone was never told of its end is given up in the end."""
        running: set[str] = set()
        more, quiet_at = True, time.time() + give_up_seconds
        while running or more:
            while more and len(running) < at_once:
                race = next(races, None)
                if race is None:
                    more = False
                    break
                self.races[race.number] = race
                running.add(race.number)
                self._invite(race)
            self.turn(0.01)
            over = {one for one in running if self._is_over(self.races[one])}
            running -= over
            if over:
                quiet_at = time.time() + give_up_seconds
            if time.time() > quiet_at:
                break

    def turn(self, seconds: float) -> None:
        """Do what is due and read what has come, for about so long."""
        end = time.time() + seconds
        while (now := time.time()) < end:
            while self._due and self._due[0][0] <= now:
                heapq.heappop(self._due)[2]()
            wait = min(end, self._due[0][0] if self._due else end) - time.time()
            readable, _, _ = select.select([self._callers, self._phones], [], [], max(0.0, wait))
            for sock in readable:
                self._read(sock)

    def _is_over(self, race: Race) -> bool:
        return bool(race.bye_confirmed_at and (race.phone_ended_at or not race.agent))

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._due, (time.time() + seconds, next(self._count), act))

    # -- the callers ----------------------------------------------------------------------------

    def _invite(self, race: Race) -> None:
        race.dialog = {"to": f"<sip:{DEFAULT_DNIS}@{PBX_ADDRESS}>", "cseq": "1"}
        body = (
            f"v=0\r\no=- 1 1 IN IP4 {CALLERS_ADDRESS}\r\ns=-\r\nc=IN IP4 {CALLERS_ADDRESS}\r\n"
            "t=0 0\r\nm=audio 40000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
        )
        self._request(race, "INVITE", body, "application/sdp")

    def _request(self, race: Race, method: str, body: str = "", kind: str = "") -> None:
        number, cseq = race.number, race.dialog["cseq"]
        content = f"Content-Type: {kind}\r\n" if body else ""
        uri = race.dialog.get("target", f"sip:{DEFAULT_DNIS}@{PBX_ADDRESS}:{self._pbx[1]}")
        branch = "z9hG4bK" + f"{number}{cseq}" + ("ack" if method == "ACK" else "")
        text = (
            f"{method} {uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {CALLERS_ADDRESS}:{self._port};rport;branch={branch}\r\n"
            f"From: <sip:{number}@{CALLERS_ADDRESS}>;tag=c{number}\r\nTo: {race.dialog['to']}\r\n"
            f"Call-ID: race-{number}\r\nCSeq: {cseq} {method}\r\n"
            f"Contact: <sip:{number}@{CALLERS_ADDRESS}:{self._port}>\r\nMax-Forwards: 70\r\n"
            f"{content}Content-Length: {len(body)}\r\n\r\n{body}"
        )
        self._callers.sendto(text.encode(), self._pbx)

    def _next(self, race: Race) -> None:
        race.dialog["cseq"] = str(int(race.dialog["cseq"]) + 1)

    def _press(self, race: Race) -> None:
        self._next(race)
        self._request(race, "INFO", "Signal=1\r\nDuration=60\r\n", "application/dtmf-relay")

    def _leave(self, race: Race) -> None:
        self._next(race)
        self._request(race, "BYE")
        race.left_at = time.time()

    def _caller_hears(self, race: Race, first: str, head: dict[str, str]) -> None:
        method = head["cseq"].partition(" ")[2]
        status = int(first.split()[1])
        if method == "INVITE" and status == 200:
            race.dialog["to"] = head["to"]
            found = re.search(r"<([^>]*)>", head["contact"])
            assert found is not None
            race.dialog["target"] = found[1]
            self._request(race, "ACK")
            if (race.number, "pressed") not in self._seen:
                self._seen.add((race.number, "pressed"))
                self._after(PRESSES_AFTER_SECONDS, lambda: self._press(race))
        elif method == "BYE" and not race.bye_confirmed_at:
            race.bye_confirmed_at = time.time()

    # -- the phones -----------------------------------------------------------------------------

    def _answer(self, head: dict[str, str], status: str, body: str = "") -> None:
        tag = "" if "tag=" in head["to"] or status.startswith("100") else ";tag=phone"
        content = "Content-Type: application/sdp\r\n" if body else ""
        text = (
            f"SIP/2.0 {status}\r\nVia: {head['via']}\r\nFrom: {head['from']}\r\n"
            f"To: {head['to']}{tag}\r\nCall-ID: {head['call-id']}\r\nCSeq: {head['cseq']}\r\n"
            f"Contact: <sip:phone@{AGENTS_ADDRESS}:{self._phones_port}>\r\n"
            f"{content}Content-Length: {len(body)}\r\n\r\n{body}"
        )
        self._phones.sendto(text.encode(), self._pbx)

    def _phone_is_asked(self, first: str, head: dict[str, str]) -> None:
        method, uri, _ = first.split()
        call_id = head["call-id"]
        if method == "INVITE":
            self._rings(uri, head)
            return
        race = self._rung.get(call_id)
        if method in ("BYE", "CANCEL", "OPTIONS", "UPDATE"):
            self._answer(head, "200 OK")
        if race is None or method not in ("BYE", "CANCEL"):
            return
        race.phone_ended_at = race.phone_ended_at or time.time()
        if method == "CANCEL" and not race.answered_at:
            cseq = head["cseq"].split()[0]
            self._answer({**head, "cseq": f"{cseq} INVITE"}, "487 Request Terminated")
            race.answered_at = -1.0

    def _rings(self, uri: str, head: dict[str, str]) -> None:
        found = re.search(r"sip:([^@;>]*)@", head["from"])
        race = self.races.get(found[1]) if found is not None else None
        if race is None or head["call-id"] in self._rung or "tag=" in head["to"]:
            return
        self._rung[head["call-id"]] = race
        race.agent = uri.removeprefix("sip:").partition("@")[0]
        self._answer(head, "180 Ringing")
        body = (
            f"v=0\r\no=- 1 1 IN IP4 {AGENTS_ADDRESS}\r\ns=-\r\nc=IN IP4 {AGENTS_ADDRESS}\r\n"
            "t=0 0\r\nm=audio 40002 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
        )

        def lifts() -> None:
            if not race.answered_at:
                self._answer(head, "200 OK", body)
                race.answered_at = time.time()

        self._after(RINGS_SECONDS, lifts)
        self._after(RINGS_SECONDS + race.offset, lambda: self._leave(race))

    # -- the wire -------------------------------------------------------------------------------

    def _read(self, sock: socket.socket) -> None:
        for _ in range(50):
            try:
                data = sock.recv(65536).decode(errors="replace")
            except BlockingIOError:
                return
            first, _, rest = data.partition("\r\n")
            head: dict[str, str] = {}
            for line in rest.partition("\r\n\r\n")[0].split("\r\n"):
                name, _, value = line.partition(":")
                name = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact"}.get(
                    name.strip().lower(), name.strip().lower()
                )
                head.setdefault(name, value.strip())
            if sock is self._phones:
                if not first.startswith("SIP/2.0"):
                    self._phone_is_asked(first, head)
            elif first.startswith("SIP/2.0"):
                race = self.races.get(head["call-id"].removeprefix("race-"))
                if race is not None:
                    self._caller_hears(race, first, head)
