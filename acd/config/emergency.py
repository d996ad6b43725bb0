"""The service without the engine: the files that let Asterisk's own queues take over.

Owned here: what is written into them, from a plan. For each of acd's queues there is one of
Asterisk's, with the agents who may serve it; a caller is sent into the one he waits in, at the
place he had there. Two files, because Asterisk reads queues and dialplan from different ones; the
sample dialplan (``config/asterisk/acd-extensions.conf``) includes one, ``queues.conf`` the other.

Rules: the same plan on the same day gives the same text. What comes from YAML is named by its id
only: an id's pattern lets nothing through that means something to Asterisk's parsers. Decided for a
time in which nobody looks on: no agent is rung first again and again though he does not answer
(hence no penalties, and neither leastrecent nor fewestcalls), and no wrap-up, which nobody could
end early.
"""

from collections.abc import Iterable
from math import ceil
from pathlib import Path
from typing import Final

from acd.core.ids import AgentId, NodeId, QueueId
from acd.core.plan import (
    AgentPlan,
    Ask,
    Branch,
    Collect,
    Enqueue,
    Keep,
    LookUp,
    Plan,
    QueuePlan,
    Say,
    SubMenu,
    SwitchLanguage,
)
from acd.core.queueplan import Strategy
from acd.errors import OperatorError

QUEUES_FILE: Final = "acd-emergency-queues.conf"
DIALPLAN_FILE: Final = "acd-emergency-extensions.conf"

PREFIX: Final = "acd-emergency-"
"""What Asterisk's queue is called, before the name of acd's."""

_HEADER: Final = """\
; Written by `acd asterisk emergency-queues`, from acd's own configuration: do not edit this
; file, write it again when queues.yaml, agents.yaml or skills change, and reload Asterisk.
"""

_STRATEGIES: Final = {
    Strategy.RING_ALL: "ringall",
    Strategy.ORDERED: "linear",
    Strategy.WEIGHTED_RANDOM: "random",
}
"""All others are rrmemory, which goes on to the next agent when one does not answer."""

_SETTINGS: Final = """\
; What all of them have in common. Who comes while nobody is on duty does not wait for nobody: the
; dialplan goes on with him. An agent who is logged out or not ready counts as in use; one in
; wrap-up or in a talk as busy, which is somebody. Who waits already stays when the last one leaves.
[acd-emergency-settings](!)
musicclass=default
retry=1
wrapuptime=0
ringinuse=no
autofill=yes
autopause=no
announce-frequency=0
announce-position=no
announce-holdtime=no
reportholdtime=no
joinempty=paused,inuse,unavailable,invalid
leavewhenempty=paused,unavailable,invalid
"""

_QUEUE: Final = """\
[{prefix}{queue}](acd-emergency-settings)
strategy={strategy}
timeout={timeout}
"""

_PLACE: Final = """\
; Included by acd-emergency. From the caller's place, which the engine has written on his channel
; (queue|queued at|entered at|due at|...), follow his queue and his rank in it: Asterisk puts the
; highest QUEUE_PRIO first, so he who is due first has it; in tenths of a second, because it is a
; whole number of 31 bits. Who comes from the menu has no place, and is due as if he joined now.
[acd-emergency-place]
exten => place,1,Set(ACD_QUEUE_ELSE={default})
 same => n,Set(ACD_PLACE=${{ACD_CALL}})
 same => n,Set(ACD_QUEUE=${{FILTER(a-z0-9_,${{SHIFT(ACD_PLACE,|)}})}})
 same => n,Set(ACD_DUE=${{SHIFT(ACD_PLACE,|)}})
 same => n,Set(ACD_DUE=${{SHIFT(ACD_PLACE,|)}})
 same => n,Set(ACD_DUE=${{FILTER(0-9.,${{SHIFT(ACD_PLACE,|)}})}})
 same => n,GotoIf($["${{ACD_DUE}}"!=""]?known)
 same => n,Set(ACD_QUEUE={default})
 same => n,Set(ACD_DUE=$[${{EPOCH}}+{due}])
 same => n(known),Set(QUEUE_PRIO=$[2000000000-((${{ACD_DUE}}*10)%2000000000)])
 same => n,GotoIf($[${{QUEUE_EXISTS({prefix}${{ACD_QUEUE}})}}]?there)
 same => n,Set(ACD_QUEUE={default})
 same => n(there),Return()

; What the queues know an agent by: his phone, and what the engine says of him, of which the busier
; counts. A "-" in an extension means nothing to Asterisk, so it is written as "+".
[acd-duty]
"""


def emergency_files(plan: Plan, now: float, default: str = "") -> dict[str, str]:
    """Return the files, by name, for the skills that agents have ``now`` (epoch seconds).

    ``default`` is the queue of callers who have not chosen one yet; when it is "" the one to which
    the menu sends who presses nothing, or else the first. Raises OperatorError when it is not in
    the configuration, or when nobody could serve any queue.
    """
    served = {queue.id: _agents_of(queue, plan, now) for queue in plan.queues.values()}
    served = {queue: agents for queue, agents in served.items() if agents}
    if not served:
        raise OperatorError("no queue has an agent who could serve it: nothing was written")
    fallback = _default_queue(plan, served, default)
    queues = [_queue_text(plan.queues[queue], agents) for queue, agents in served.items()]
    serving = {agent.id for agents in served.values() for agent in agents}
    hints = [_hint(agent) for agent in plan.agents.values() if agent.id in serving]
    queue = plan.queues[fallback]
    due = ceil(queue.target_seconds - queue.priority_seconds)
    place = _PLACE.format(default=fallback, prefix=PREFIX, due=due)
    return {
        QUEUES_FILE: "\n".join([_HEADER, _SETTINGS, *queues]),
        DIALPLAN_FILE: f"{_HEADER}\n{place}{''.join(hints)}",
    }


def write_files(files: dict[str, str], folder: Path) -> None:
    """Write them into ``folder``, each whole or not at all. Raises OperatorError."""
    for name, text in files.items():
        path = folder / name
        fresh = folder / f"{name}.new"
        try:
            fresh.write_text(text, encoding="ascii", newline="\n")
            fresh.replace(path)
        except OSError as error:
            raise OperatorError(
                f"{path} could not be written: {error.strerror}; name a folder that may be"
            ) from error


def _agents_of(queue: QueuePlan, plan: Plan, now: float) -> list[AgentPlan]:
    """Return who may serve the queue; if nobody, who may after its last relaxation."""
    requirements = [queue.requirement, *(step.requirement for step in queue.relaxations[-1:])]
    for requirement in requirements:
        agents = [one for one in plan.agents.values() if requirement.met_by(one.skills_at(now))]
        if agents:
            return _in_order(agents, queue.agent_order)
    return []


def _in_order(agents: list[AgentPlan], order: Iterable[AgentId]) -> list[AgentPlan]:
    """Return the agents, those first whom the queue puts in an order."""
    ranks = {agent: rank for rank, agent in enumerate(order)}
    return sorted(agents, key=lambda agent: ranks.get(agent.id, len(ranks)))


def _default_queue(plan: Plan, served: Iterable[QueueId], wanted: str) -> QueueId:
    names = list(served)
    if wanted:
        if wanted not in plan.queues:
            raise OperatorError(
                f"--default-queue: there is no queue {wanted!r}; there are {', '.join(plan.queues)}"
            )
        if wanted not in names:
            raise OperatorError(f"--default-queue: nobody could serve {wanted}; name another queue")
        return QueueId(wanted)
    silent = _queue_of_the_silent(plan)
    return silent if silent in names else names[0]


def _queue_of_the_silent(plan: Plan) -> QueueId | None:
    """Return the queue a caller comes to who presses nothing in the menu, None if to none."""
    menu = plan.menus[plan.callers_menu]
    at, seen = menu.entry, set[NodeId]()
    while at not in seen:
        seen.add(at)
        match menu.nodes[at]:
            case Enqueue(queue=queue):
                return queue
            case Ask(otherwise=otherwise) | Collect(otherwise=otherwise):
                at = otherwise
            case (
                Say(next=following)
                | SwitchLanguage(next=following)
                | Branch(next=following)
                | Keep(next=following)
            ):
                at = following
            case LookUp(failed=following) | SubMenu(entry=following):
                at = following
            case _:
                return None
    return None


def _queue_text(queue: QueuePlan, agents: Iterable[AgentPlan]) -> str:
    text = _QUEUE.format(
        prefix=PREFIX,
        queue=queue.id,
        strategy=_STRATEGIES.get(queue.strategy, "rrmemory"),
        timeout=ceil(queue.ring_timeout_seconds),
    )
    lines = [
        f"member => {agent.phone},0,{agent.id},hint:{_extension(agent.id)}@acd-duty\n"
        for agent in agents
    ]
    return text + "".join(lines)


def _extension(agent: AgentId) -> str:
    return agent.replace("-", "+")


def _hint(agent: AgentPlan) -> str:
    return f"exten => {_extension(agent.id)},hint,{agent.phone}&Custom:acd-{agent.id}\n"
