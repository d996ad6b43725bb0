"""On duty or not: what the PBX must know of agents for the time in which there is no engine.

Its emergency queues (``acd.config.emergency``) ring an agent's own phone, and skip him by what was
said here last. So it is said of everybody when a PBX is live, and then whenever it changes.
"""

from collections.abc import Container, Iterable

from acd.core.agent import Agent
from acd.core.commands import Duty, ShowDuty
from acd.core.ids import AgentId, PbxId
from acd.core.records import Activity, Presence


def duty_of(agent: Agent, known: Container[AgentId]) -> Duty:
    """Return whether the PBX alone may ring this agent; ``known`` are those of the plan.

    Who logged in at another phone may not: without an engine only his own would ring.
    """
    away = agent.phone != agent.plan.phone or agent.id not in known
    if away or agent.presence is not Presence.READY:
        return Duty.OFF
    return Duty.WRAP_UP if agent.activity is Activity.WRAP_UP else Duty.READY


class Duties:
    """What was said of each agent last."""

    def __init__(self) -> None:
        self._said: dict[AgentId, Duty] = {}

    def changed(
        self, agents: Iterable[Agent], known: Container[AgentId], live: Iterable[PbxId]
    ) -> list[ShowDuty]:
        """Return what is new of these agents, for every live PBX."""
        commands = []
        for agent in agents:
            duty = duty_of(agent, known)
            if self._said.get(agent.id) is not duty:
                self._said[agent.id] = duty
                commands += [ShowDuty(pbx, agent.id, duty) for pbx in sorted(live)]
        return commands

    def all(self, agents: Iterable[Agent], known: Container[AgentId], pbx: PbxId) -> list[ShowDuty]:
        """Return what a PBX that is live from now on has to be told, of everybody."""
        return [ShowDuty(pbx, agent.id, duty_of(agent, known)) for agent in agents]
