"""What a PBX shows of agents who are on duty: as device states ``Custom:acd-<agent>``. Pure.

An agent's line in an emergency queue takes its state from a hint of two devices, his phone and this
one (``acd.config.emergency``); the busier of the two counts. Hence the states: INVALID adds nothing
to a phone's own state, INUSE and BUSY make any phone one that is not rung, and only INUSE lets the
queue count as empty (``joinempty=inuse``). One that was never set is UNKNOWN, which adds nothing
either.

Rules: a state that the PBX shows already is not sent again; of several wishes the last counts; a
PBX that has thousands to be told gets them few at a time, so that a ring waits for few.
"""

from collections.abc import Iterable
from typing import Final

from acd.ami.messages import DeviceStated
from acd.core.commands import Duty
from acd.core.ids import AgentId

CUSTOM: Final = "Custom:"
"""Devices that are set by hand or by us: no phone."""

DEVICE: Final = CUSTOM + "acd-"

STATES: Final = {Duty.READY: "INVALID", Duty.WRAP_UP: "BUSY", Duty.OFF: "INUSE"}

BATCH: Final = 50
"""Asterisk takes 4 ms for so many."""

PAUSE_SECONDS: Final = 0.1


class DutyBoard:
    """What one PBX shows, as far as we know, and what it is to show."""

    def __init__(self) -> None:
        self.wanted: dict[AgentId, str] = {}
        self.next_at = 0.0
        """When the next batch may be sent."""
        self.refused = False
        """The PBX cannot show anything; it is not asked again before its next login."""
        self._shown: dict[AgentId, str] = {}

    def clear(self) -> None:
        """The connection is gone."""
        self.wanted.clear()
        self._shown.clear()
        self.refused = False

    def refuse(self) -> None:
        """The PBX answered that it cannot."""
        self.refused = True
        self.wanted.clear()

    def read(self, devices: Iterable[DeviceStated]) -> None:
        """Take up what the PBX lists of all its devices."""
        self._shown = {
            AgentId(device.device.removeprefix(DEVICE)): device.state
            for device in devices
            if device.device.startswith(DEVICE)
        }

    def want(self, agent: AgentId, duty: Duty) -> None:
        """Let the PBX show this of the agent, unless it does already."""
        state = STATES[duty]
        if self.refused or self._shown.get(agent) == state:
            self.wanted.pop(agent, None)
        else:
            self.wanted[agent] = state

    def take(self, now: float) -> list[tuple[AgentId, str]]:
        """Return whose states are to be set now, and to what; they count as shown."""
        if now < self.next_at or not self.wanted:
            return []
        batch = [(agent, self.wanted.pop(agent)) for agent in list(self.wanted)[:BATCH]]
        self._shown.update(batch)
        self.next_at = now + PAUSE_SECONDS
        return batch
