"""The simulated PBX as a world: the virtual Asterisk behind its real TCP socket, in real time.

It runs on an event loop in a thread of its own. What happened is read from the virtual PBX's
facts, which it states whether or not an event about them was sent.
"""

import asyncio
import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import TypeVar

from acd.sim.facts import Fact, Happening
from acd.sim.pbx import AgentPhone, Behaviour, Options, Reply, VirtualPbx
from acd.sim.phones import PassesOn
from acd.sim.server import AmiServer
from tests.scenarios.world import (
    QUALIFIED,
    SERVICE_NUMBER,
    AmiAccess,
    Handset,
    Hostile,
    Keys,
    Ring,
    RingEnd,
    Talk,
    Visit,
    until,
)

Seen = TypeVar("Seen")

_REPLIES = {
    "answers": Reply.ANSWERS,
    "busy": Reply.BUSY,
    "declined": Reply.DECLINES,
    "do_not_disturb": Reply.UNAVAILABLE,
    "rings_on": Reply.RINGS,
    "dead": Reply.DEAD,
}
_CANCELLED = ("0", "19")
"""Causes of a ring that the PBX ended: our cancel, and Originate's own time-out."""

USER = "acd"


class SimulatedCaller:
    """One channel from outside: a caller's, or an agent's phone that dialled."""

    def __init__(self, world: "SimulatedWorld", number: str, uniqueid: str, began_at: float):
        self.number = number
        self.uniqueid = uniqueid
        self.hangs_up_at: float | None = None
        self._world = world
        self._began_at = began_at

    def visit(self) -> Visit:
        gone = (Happening.CALLER_GONE, Happening.CODE_ENDED)
        for fact in self._world.facts():
            if fact.kind in gone and self.uniqueid in (fact.caller, fact.leg):
                by = self.hangs_up_at is not None and fact.at >= self.hangs_up_at
                return Visit(self._began_at, fact.at, "caller" if by else "pbx", ())
        return Visit(self._began_at, None, "", ())

    def wait_ended(self, timeout: float = 15.0) -> Visit:
        until(lambda: self.visit().ended_at, timeout, f"the end of the call from {self.number}")
        return self.visit()


class OwnCall:
    """A call of the agent's own, which the virtual PBX knows only as a busy phone."""

    def __init__(self, agent: str, began_at: float, seconds: float) -> None:
        self.number = agent
        self._began_at, self._ends_at = began_at, began_at + seconds

    def visit(self) -> Visit:
        over = time.time() >= self._ends_at
        return Visit(self._began_at, self._ends_at if over else None, "caller" * over, ())

    def wait_ended(self, timeout: float = 15.0) -> Visit:
        until(lambda: self.visit().ended_at, timeout, f"the end of the call of {self.number}")
        return self.visit()


class SimulatedWorld:
    """See `World`. `prompt_seconds` by the name of the prompt (`de/main/welcome`)."""

    name = "simulated"

    def __init__(
        self,
        agents: Sequence[str],
        prompt_seconds: Mapping[str, float],
        missing: Sequence[str] = (),
    ) -> None:
        self.prompts_path = "/prompts"
        self.recordings_path = "/recordings"
        self.voicemail_path = "/voicemail"
        secret, system_name = secrets.token_hex(8), f"sim-{secrets.token_hex(4)}"
        options = Options(
            prompt_seconds={
                f"{self.prompts_path}/{name}": seconds for name, seconds in prompt_seconds.items()
            },
            missing_prompts=frozenset(f"{self.prompts_path}/{name}" for name in missing),
        )
        start = time.time()
        self.pbx = VirtualPbx(
            system_name=system_name,
            seed=20,
            phones={device: AgentPhone(device) for device in map(_device, agents)},
            start=start,
            options=options,
        )
        self._first_fact = 0
        started: Future[asyncio.AbstractEventLoop] = Future()
        self._stopping: asyncio.Event | None = None

        async def serve() -> None:
            self.server = AmiServer(self.pbx, users={USER: secret}, start=time.time())
            await self.server.start()
            self._stopping = asyncio.Event()
            started.set_result(asyncio.get_running_loop())
            await self._stopping.wait()
            await self.server.stop()

        self._thread = threading.Thread(
            target=lambda: asyncio.run(serve()), name="virtual-pbx", daemon=True
        )
        self._thread.start()
        self._loop = started.result(5)
        self.ami = AmiAccess(self.server.port, USER, secret, system_name)

    def act(self, do: Callable[[VirtualPbx, float], Seen]) -> Seen:
        """Let the world do something now, and send what comes of it."""

        async def done() -> Seen:
            return self.server.world(do)

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result(5)

    def facts(self) -> list[Fact]:
        """What has happened since the last `phones`."""
        return self.pbx.facts[self._first_fact :]

    # -- who there is --------------------------------------------------------------------------

    def phones(self, handsets: Mapping[str, Handset]) -> None:
        self._first_fact = len(self.pbx.facts)

        def plug_in(pbx: VirtualPbx, now: float) -> None:
            for device, phone in pbx.phones.items():
                handset = handsets.get(device.partition("/")[2])
                phone.behaviour = Behaviour(Reply.DEAD) if handset is None else _behaviour(handset)
                if not phone.reachable:
                    pbx.set_reachable(device, now, reachable=True)

        self.act(plug_in)

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
    ) -> SimulatedCaller:
        raw = hostile or Hostile()

        def dial_in(pbx: VirtualPbx, now: float) -> SimulatedCaller:
            uniqueid = pbx.dial_in(
                now,
                number=number,
                name=raw.name,
                dnis=raw.number or dialled,
                keys=list(keys) if in_sound else (),
            )
            for at, key in () if in_sound else keys:
                self._press_later(pbx, uniqueid, key, now + at, begin=False)
            caller = SimulatedCaller(self, number, uniqueid, now)
            if hang_up_after is not None:
                self._hang_up_later(pbx, caller, now + hang_up_after)
            return caller

        return self.act(dial_in)

    def dial(
        self, agent: str, number: str, *, keys: Keys = (), hang_up_after: float | None = None
    ) -> SimulatedCaller:
        def dial_out(pbx: VirtualPbx, now: float) -> SimulatedCaller:
            uniqueid = pbx.agent_dial(_device(agent), number, now)
            for at, key in keys:
                self._press_later(pbx, uniqueid, key, now + at, begin=True)
            caller = SimulatedCaller(self, agent, uniqueid, now)
            if hang_up_after is not None:
                self._hang_up_later(pbx, caller, now + hang_up_after)
            return caller

        return self.act(dial_out)

    def own_call(self, agent: str, seconds: float) -> OwnCall:
        def begin(pbx: VirtualPbx, now: float) -> OwnCall:
            pbx.private_call(_device(agent), now, seconds=seconds)
            return OwnCall(agent, now, seconds)

        return self.act(begin)

    @staticmethod
    def _press_later(pbx: VirtualPbx, channel: str, key: str, at: float, *, begin: bool) -> None:
        pbx.at(at, lambda now: pbx.press(channel, key, now, begin=begin))

    def _hang_up_later(self, pbx: VirtualPbx, caller: SimulatedCaller, at: float) -> None:
        caller.hangs_up_at = at
        pbx.at(at, lambda now: pbx.hang_up(caller.uniqueid, now))

    def unplug(self, agents: Sequence[str]) -> None:
        assert set(agents) == {QUALIFIED}

        def drop_off(pbx: VirtualPbx, now: float) -> None:
            for agent in agents:
                pbx.set_reachable(_device(agent), now, reachable=False)

        self.act(drop_off)

    # -- what they saw -------------------------------------------------------------------------

    def rings(self, agent: str | None = None) -> list[Ring]:
        found = []
        for fact in self.facts():
            phone = fact.phone.partition("/")[2]
            if fact.kind is Happening.PHONE_RUNG and agent in (None, phone):
                label, _, rest = fact.detail.rpartition(" <")
                found.append(Ring(fact.at, phone, label.strip('"'), rest.rstrip(">"), fact.leg))
        return found

    def ring_end(self, ring: Ring) -> RingEnd | None:
        for fact in self.facts():
            if fact.kind is Happening.RING_ENDED and fact.leg == ring.id:
                # 19 is Originate's own time-out, and a phone's 480 as well.
                refuses = self.pbx.phones[fact.phone].behaviour.reply is Reply.UNAVAILABLE
                cancelled = fact.detail in _CANCELLED and not refuses
                return RingEnd(fact.at, "cancelled" if cancelled else "refused")
        return None

    def talk(self, ring: Ring) -> Talk | None:
        found: Talk | None = None
        for fact in self.facts():
            if fact.leg == ring.id and fact.kind is Happening.BRIDGED:
                found = Talk(fact.at, None)
            elif fact.leg == ring.id and fact.kind is Happening.TALK_ENDED and found is not None:
                found = replace(found, ended_at=fact.at)
        return found

    def shown(self, agent: str) -> list[str]:
        return [ring.label for ring in self.rings(agent)]

    # -- the PBX -------------------------------------------------------------------------------

    def in_emergency(self) -> set[str]:
        return self.act(
            lambda pbx, now: {
                channel.number
                for channel in pbx.channels.values()
                if channel.context == "acd-emergency"
            }
        )

    def recorded(self, name: str) -> float:
        # Whoever has the line says something all the time.
        return self.pbx.recorded.get(f"{self.voicemail_path}/{name}", 0.0)

    def channels(self) -> list[str]:
        return self.act(lambda pbx, now: list(pbx.channels))

    def recordings(self) -> list[str]:
        start = f"{self.recordings_path}/"
        return self.act(
            lambda pbx, now: sorted(file.removeprefix(start) for file in pbx.recordings)
        )

    def restart(self) -> None:
        async def restarted() -> None:
            self.server.restart()

        asyncio.run_coroutine_threadsafe(restarted(), self._loop).result(5)

    def clear(self) -> None:
        # Callers first: a ring that is ended by its caller's leaving is nobody's fault.
        self._hang_up("PJSIP/trunk-")
        with contextlib.suppress(TimeoutError):
            until(lambda: not self.channels(), 0.5)
        self._hang_up("")
        until(lambda: not self.channels(), 5, "the end of every call")

    def _hang_up(self, prefix: str) -> None:
        def hang_up(pbx: VirtualPbx, now: float) -> None:
            for channel in list(pbx.channels):
                if channel.startswith(prefix):
                    pbx.hang_up(channel, now)
            for device in pbx.phones:
                pbx.private_call(device, now, busy=False)

        self.act(hang_up)

    def stop(self) -> None:
        assert self._stopping is not None
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(5)


def _device(agent: str) -> str:
    return f"PJSIP/{agent}"


def _behaviour(handset: Handset) -> Behaviour:
    # What a phone refuses it refuses at once.
    after = handset.ring_seconds if handset.does == "answers" else 0.0
    on = handset.passes_on
    passes_on = None if on is None else PassesOn(on.to, on.attended)
    return Behaviour(_REPLIES[handset.does], after, handset.talk_seconds, passes_on)
