"""What a scenario may ask of the world around the engine: callers, agents' phones, a PBX.

There are two worlds, the simulated PBX (`simulated`) and the real one (`asterisk`); a scenario is
written once, against `World`, and must not know which one it has. Where they differ the real one
is right. Times are the wall clock's, in seconds since the epoch, as each world's own witnesses
wrote them: SIP messages at the phones, or the virtual PBX's facts. Nothing here asks the engine.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

Found = TypeVar("Found")

SERVICE_NUMBER = "0800555100"
"""What callers dial if nothing else is said."""


@dataclass(frozen=True, slots=True)
class PassOn:
    """He passes his caller on to this number, ``attended`` after a word with who is there."""

    to: str
    attended: bool = False


@dataclass(frozen=True, slots=True)
class Handset:
    """How an agent's phone behaves at each ring.

    does: `answers`, `busy` (486), `declined` (603), `do_not_disturb` (480), `rings_on` (180 and
    nothing more), `dead` (no reply at all). talk_seconds: until the agent hangs up; None: the
    caller does. passes_on: what he does at the end of that time instead; only `HANDS_ON` can.
    """

    does: str = "answers"
    ring_seconds: float = 0.2
    talk_seconds: float | None = None
    passes_on: PassOn | None = None


@dataclass(frozen=True, slots=True)
class Ring:
    """One INVITE at a phone: when, whose, and what its display shows. `id` is the world's own."""

    at: float
    agent: str
    label: str
    number: str
    id: str


@dataclass(frozen=True, slots=True)
class RingEnd:
    """How a ring ended that came to no talk: `refused` by the phone, or `cancelled` by the PBX."""

    at: float
    how: str


@dataclass(frozen=True, slots=True)
class Talk:
    """A ring that was answered; `ended_at` is None while they talk."""

    began_at: float
    ended_at: float | None


@dataclass(frozen=True, slots=True)
class Visit:
    """What became of one call so far, seen from the caller's phone; None: not yet.

    ended_by: `caller` or `pbx`. told: names and numbers the PBX told him he is connected with.
    """

    answered_at: float | None
    ended_at: float | None
    ended_by: str
    told: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hostile:
    """What a far end writes where a name, a number and an identity should stand."""

    name: str = ""
    number: str = ""
    headers: str = ""


class Caller(Protocol):
    """A call that was placed, by a caller or from an agent's phone."""

    number: str

    def visit(self) -> Visit:
        """What has become of it."""

    def wait_ended(self, timeout: float = 15.0) -> Visit:
        """Return when it is over; raises TimeoutError when it goes on."""


Keys = Sequence[tuple[float, str]]
"""Keys as (seconds after the answer, key); each is held for 60 ms."""


@dataclass(frozen=True, slots=True)
class AmiAccess:
    """Where the PBX listens, and as whom the engine logs in."""

    port: int
    user: str
    secret: str
    system_name: str


class World(Protocol):
    """A PBX with callers on one side and agents' phones on the other."""

    name: str
    ami: AmiAccess
    prompts_path: str
    recordings_path: str
    voicemail_path: str

    def phones(self, handsets: Mapping[str, Handset]) -> None:
        """These phones are plugged in, in place of those before; no call may be under way."""

    def call(
        self,
        number: str,
        *,
        keys: Keys = (),
        hang_up_after: float | None = None,
        hostile: Hostile | None = None,
        in_sound: bool = False,
        dialled: str = SERVICE_NUMBER,
        speaks: float = 0.0,
    ) -> Caller:
        """A caller dials in. Without `hang_up_after` (seconds after the answer) he stays.

        He `speaks` for so long from the answer on.

        His keys are messages of their own (INFO), which SIP repeats until they are answered, or
        RFC 4733 events in his sound, of which a busy machine loses one now and then (`in_sound`).
        """

    def dial(
        self, agent: str, number: str, *, keys: Keys = (), hang_up_after: float | None = None
    ) -> Caller:
        """The agent's phone dials a code and waits for the PBX to hang up.

        With `hang_up_after` (seconds after the answer) he does not wait.
        """

    def own_call(self, agent: str, seconds: float) -> Caller:
        """The agent's phone calls a colleague (never one that a scenario needs)."""

    def unplug(self, agents: Sequence[str]) -> None:
        """These phones drop off the network, and the PBX notices (only `QUALIFIED` ones)."""

    def rings(self, agent: str | None = None) -> list[Ring]:
        """Every ring since `phones`, in order."""

    def ring_end(self, ring: Ring) -> RingEnd | None:
        """How the ring ended without a talk; None while it rings or when it was answered."""

    def talk(self, ring: Ring) -> Talk | None:
        """The talk that came of the ring; None when it was not answered (yet)."""

    def shown(self, agent: str) -> list[str]:
        """Every name the agent's phone was given to show, in order, repeats of one left out."""

    def in_emergency(self) -> set[str]:
        """The numbers of the callers whom the dialplan has taken to acd-emergency."""

    def recorded(self, name: str) -> float:
        """How many seconds can be heard in the file of a message, 0 when there is none."""

    def channels(self) -> list[str]:
        """All channels there are at the PBX."""

    def recordings(self) -> list[str]:
        """Every file below ``recordings_path`` that the PBX has written to, by its path there."""

    def restart(self) -> None:
        """The PBX dies without a word, its calls with it, and is started. Returns when it is up."""

    def clear(self) -> None:
        """End every call at once, from the PBX's side."""

    def stop(self) -> None:
        """The end of it."""


QUALIFIED = "1040"
"""The one phone that the PBX asks every second whether it lives."""

HANDS_ON = "1041"
"""The one phone whose user can pass a caller on."""


def until(find: Callable[[], Found | None], timeout: float = 5.0, what: str = "it") -> Found:
    """Return what `find` finds as soon as that is true; raises TimeoutError that says `what`."""
    deadline = time.monotonic() + timeout
    while not (found := find()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come about in {timeout:g} s")
        time.sleep(0.01)
    return found


def remains(holds: Callable[[], bool], seconds: float, what: str = "it") -> None:
    """Return after `seconds` in which it held all the time; raises AssertionError when not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert holds(), f"{what} did not remain for {seconds:g} s"
        time.sleep(0.01)
