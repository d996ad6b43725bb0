"""The real PBX as a world: a lab Asterisk, SIPp callers, SIPp phones.

What happened is read from SIPp's message logs. AMI is used only to look for channels that are left
and to end calls, by a session of its own.
"""

import contextlib
import itertools
import secrets
import wave
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.lab.ami import AmiError
from tests.lab.asterisk import LabAsterisk
from tests.lab.deskphone import DeskPhone, Manner, section
from tests.lab.place import AGENTS_ADDRESS, free_udp_port
from tests.lab.rtp import Key
from tests.lab.siplog import SipMessage
from tests.lab.sipp import UNTIL_BYE, Call, Phone, SippAgents, SippCallers
from tests.lab.sipp import Hostile as RawText
from tests.scenarios.world import (
    HANDS_ON,
    QUALIFIED,
    SERVICE_NUMBER,
    AmiAccess,
    Caller,
    Handset,
    Hostile,
    Keys,
    Ring,
    RingEnd,
    Talk,
    Visit,
    until,
)

COLLEAGUE = "1039"
KEY_SECONDS = 0.06
AUDIBLE = 1000
"""Of 32767: a tenth of a second in which nothing is louder is silence."""
GIVE_UP_SECONDS = 45.0

TRUNK_CHANNELS = "PJSIP/trunk-"
"""What the callers' channels are called."""


class SippCaller:
    """One caller, or one phone that dials: a SIPp process of its own."""

    def __init__(self, sipp: SippCallers, number: str) -> None:
        self.sipp = sipp
        self.number = number

    def visit(self) -> Visit:
        (row,) = self.sipp.rows()
        # A 401 is only the question who it is.
        over = row.hung_up_by is not None or (row.status >= 300 and row.status != 401)
        ended_at = row.ended_at if over else None
        return Visit(row.answered_at, ended_at, row.hung_up_by or "", row.told_names)

    def wait_ended(self, timeout: float = 15.0) -> Visit:
        until(lambda: self.visit().ended_at, timeout, f"the end of the call from {self.number}")
        return self.visit()


class AsteriskWorld:
    """See `World`."""

    name = "asterisk"

    def __init__(self, workdir: Path, agents: Sequence[str], prompts: Path) -> None:
        port, secret = free_udp_port(AGENTS_ADDRESS), secrets.token_hex(16)
        agents = [agent for agent in agents if agent != HANDS_ON]
        self.lab = LabAsterisk.start(
            workdir,
            [*agents, COLLEAGUE],
            prompts=prompts,
            extra={"pjsip.conf": _qualified() + section(HANDS_ON, port, secret)},
        )
        self._desk = DeskPhone(HANDS_ON, self.lab.sip_port, port, secret)
        self.ami = AmiAccess(
            self.lab.ami_port, self.lab.ami_user, self.lab.ami_secret, self.lab.system_name
        )
        self.prompts_path = self.lab.prompts_path_on_pbx
        self._recordings = self.lab.directory / "spool" / "recordings"
        self.recordings_path = self.lab.place.inside(self._recordings)
        self.voicemail_path = self.lab.voicemail_path_on_pbx
        self._workdir = workdir
        self._unplugged = dict.fromkeys(agents, Handset("dead"))
        self._count = itertools.count(1)
        self._agents: SippAgents | None = None
        self._earlier: set[str] = set()
        """Calls to phones of earlier scenarios: to a dead one INVITE is repeated for 32 s."""
        self._callers: list[SippCallers] = []

    def _directory(self, name: str) -> Path:
        return self._workdir / f"{next(self._count)}-{name}"

    # -- who there is --------------------------------------------------------------------------

    def phones(self, handsets: Mapping[str, Handset]) -> None:
        self._put_away()
        self._desk.behave(_manner(handsets[HANDS_ON]) if HANDS_ON in handsets else None)
        phones = {
            agent: Phone(
                handset.does,
                handset.ring_seconds,
                UNTIL_BYE if handset.talk_seconds is None else handset.talk_seconds,
            )
            for agent, handset in {**self._unplugged, COLLEAGUE: Handset(), **handsets}.items()
            if agent != HANDS_ON
        }
        # A port that was in use a moment ago may be free a moment later.
        self._agents = until(lambda: self._plugged_in(phones), 5, "phones")

    def _plugged_in(self, phones: Mapping[str, Phone]) -> SippAgents | None:
        try:
            return SippAgents(self.lab, phones, self._directory("phones"))
        except RuntimeError:
            return None

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
        media_port: int | None = None,
    ) -> SippCaller:
        call = Call(
            number,
            dnis=dialled,
            speaks_seconds=speaks,
            keys=_pressed(keys),
            hang_up_after_seconds=UNTIL_BYE if hang_up_after is None else hang_up_after,
            keys_by="rfc4733" if in_sound else "info",
            media_port=media_port,
        )
        raw = None if hostile is None else _raw(hostile)
        return self._placed(call, raw)

    def dial(
        self, agent: str, number: str, *, keys: Keys = (), hang_up_after: float | None = None
    ) -> SippCaller:
        until_then = UNTIL_BYE if hang_up_after is None else hang_up_after
        return self._dialled(
            Call(agent, dnis=number, keys=_pressed(keys), hang_up_after_seconds=until_then)
        )

    def own_call(self, agent: str, seconds: float) -> SippCaller:
        return self._dialled(Call(agent, dnis=COLLEAGUE, hang_up_after_seconds=seconds))

    def _dialled(self, call: Call) -> SippCaller:
        return self._placed(
            call,
            RawText(display=f'"{call.number}"'),
            address=AGENTS_ADDRESS,
            credentials=(call.number, self.lab.agents_secret),
        )

    def _placed(
        self,
        call: Call,
        raw: RawText | None,
        *,
        address: str = "127.0.0.2",
        credentials: tuple[str, str] | None = None,
    ) -> SippCaller:
        sipp = SippCallers(
            self.lab,
            [call],
            self._directory("caller"),
            hostile=raw,
            give_up_seconds=GIVE_UP_SECONDS,
            address=address,
            credentials=credentials,
        )
        self._callers.append(sipp)
        return SippCaller(sipp, call.number)

    def unplug(self, agents: Sequence[str]) -> None:
        # All phones are one process; nobody but a qualified one is missed.
        assert set(agents) == {QUALIFIED}
        assert self._agents is not None
        self._agents.stop()

    # -- what they saw -------------------------------------------------------------------------

    def _at_phones(self) -> list[SipMessage]:
        assert self._agents is not None
        return self._agents.messages()

    def rings(self, agent: str | None = None) -> list[Ring]:
        assert self._agents is not None
        at_desk = [
            Ring(one.rung_at, HANDS_ON, *one.shown, one.call_id)
            for one in self._desk.rung
            if agent in (None, HANDS_ON)
        ]
        return at_desk + [
            Ring(row.at, row.agent, row.from_name, row.from_number, row.call_id)
            for row in self._agents.rings()
            if row.agent != COLLEAGUE
            and agent in (None, row.agent)
            and row.call_id not in self._earlier
        ]

    def ring_end(self, ring: Ring) -> RingEnd | None:
        if ring.agent == HANDS_ON:
            dialog = next(one for one in self._desk.rung if one.call_id == ring.id)
            gone = dialog.ended_at and not dialog.began_at
            return RingEnd(dialog.ended_at, "cancelled") if gone else None
        for message in self._at_phones():
            if message.call_id != ring.id:
                continue
            if message.kind == "CANCEL":
                return RingEnd(message.at, "cancelled")
            if message.sent and message.method == "INVITE" and message.status >= 400:
                return RingEnd(message.at, "refused")
        return None

    def talk(self, ring: Ring) -> Talk | None:
        if ring.agent == HANDS_ON:
            dialog = next(one for one in self._desk.rung if one.call_id == ring.id)
            return Talk(dialog.began_at, dialog.ended_at or None) if dialog.began_at else None
        began: float | None = None
        for message in self._at_phones():
            if message.call_id == ring.id and message.sent and message.status >= 300:
                return None
            if message.call_id == ring.id and message.kind == "ACK" and began is None:
                began = message.at
            elif message.call_id == ring.id and message.kind == "BYE" and began is not None:
                return Talk(began, message.at)
        return None if began is None else Talk(began, None)

    def shown(self, agent: str) -> list[str]:
        names: list[str] = []
        calls = {ring.id for ring in self.rings(agent)}
        for message in self._at_phones():
            if message.call_id in calls and not message.sent and not message.status:
                if message.kind not in ("INVITE", "UPDATE"):
                    continue
                found = [
                    message.address(header)[0]
                    for header in ("from", "p-asserted-identity", "remote-party-id")
                ]
                names += [name for name in found if name and names[-1:] != [name]]
        return names

    # -- the PBX -------------------------------------------------------------------------------

    def in_emergency(self) -> set[str]:
        with self.lab.observer() as observer:
            return {
                row["CallerIDNum"]
                for row in observer.rows("CoreShowChannels")
                if row["Context"] == "acd-emergency"
            }

    def recorded(self, name: str) -> float:
        path = self.lab.directory / "voicemail" / f"{name}.wav"
        if not path.exists():
            return 0.0
        with wave.open(str(path)) as sound:
            rate, whole = sound.getframerate(), array("h", sound.readframes(sound.getnframes()))
        parts = [whole[at : at + rate // 10] for at in range(0, len(whole), rate // 10)]
        return sum(max(map(abs, part)) > AUDIBLE for part in parts) / 10

    def channels(self) -> list[str]:
        return self.lab.channels()

    def recordings(self) -> list[str]:
        found = self._recordings.rglob("*.*")
        return sorted(str(file.relative_to(self._recordings)) for file in found)

    def restart(self) -> None:
        self.lab.kill()
        self.lab.boot()

    def clear(self) -> None:
        # Callers first: a ring that is ended by its caller's leaving is nobody's fault.
        self.hang_up(TRUNK_CHANNELS)
        with contextlib.suppress(TimeoutError):
            self.lab.wait_until_idle(0.5)
        self.hang_up("")
        self.lab.wait_until_idle()
        for sipp in self._callers:
            sipp.stop()
        self._callers.clear()

    def hang_up(self, prefix: str) -> None:
        """Have the PBX hang up every channel whose name begins so."""
        with self.lab.observer() as observer:
            for row in observer.rows("CoreShowChannels"):
                if row["Channel"].startswith(prefix):
                    with contextlib.suppress(AmiError):  # It may have gone by itself.
                        observer.action("Hangup", Channel=row["Channel"], Cause="16")

    def _put_away(self) -> None:
        if self._agents is not None:
            self._earlier |= {message.call_id for message in self._agents.messages()}
            self._agents.stop()
            self._agents = None
        self._desk.rung.clear()

    def stop(self) -> None:
        for sipp in self._callers:
            sipp.stop()
        self._put_away()
        self._desk.stop()
        self.lab.stop()


def _manner(handset: Handset) -> Manner:
    on = handset.passes_on
    to, attended = (on.to, on.attended) if on is not None else ("", False)
    return Manner(handset.ring_seconds, handset.talk_seconds, to, attended)


def _pressed(keys: Keys) -> tuple[Key, ...]:
    return tuple(Key(key, at, KEY_SECONDS) for at, key in keys)


def _raw(hostile: Hostile) -> RawText:
    return RawText(
        display=hostile.name or '"Caller"',
        user=hostile.number or "[field1]",
        headers=hostile.headers,
    )


def _qualified() -> str:
    """A phone that the PBX notices to be gone, within about a second."""
    return f"[{QUALIFIED}](+type=aor)\nqualify_frequency=1\nqualify_timeout=0.5\n"


def as_caller(caller: Caller) -> SippCaller:
    """The caller as this world knows him."""
    assert isinstance(caller, SippCaller)
    return caller
