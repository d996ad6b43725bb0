"""The service centre of the scenarios: its plan, its short prompts, one world and one engine.

Most scenarios share one engine and bring their own agents; who is not logged in takes no part. So
a queue's place, an idle time or a penalty that one scenario leaves behind is no other's business.
"""

import itertools
import math
import struct
import time
import wave
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from acd.core.events import DeviceState, RingOutcome
from acd.core.ids import AgentId, ClientId, DeviceId, MenuId, NodeId, PromptId, QueueId, SkillId
from acd.core.incident import Clip, Incident, Wish
from acd.core.numbers import ClientPlan, Dialled, Numbers
from acd.core.plan import (
    AgentAction,
    AgentPlan,
    AttributeIs,
    Branch,
    Case,
    Collect,
    Enqueue,
    HangUp,
    MenuPlan,
    Need,
    Node,
    Plan,
    QueuePlan,
    Say,
    TakeMessage,
)
from acd.core.queueplan import (
    Announcements,
    Exit,
    ExitCondition,
    RecordingPlan,
    Requirement,
    Strategy,
    ToAnnouncement,
    ToQueue,
    in_groups,
)
from acd.core.records import (
    Activity,
    AgentRung,
    CallEnded,
    Outcome,
    Presence,
    RingEnded,
)
from acd.reloads import Fresh
from tests import plans
from tests.faults.tcpproxy import Proxy
from tests.scenarios.engine import Engine, Said
from tests.scenarios.rated import (
    RATED_CASE,
    RATED_QUEUE,
    RATER,
    SURVEY,
    rated_nodes,
    survey_menu,
)
from tests.scenarios.selfservice import SELF_CASE, SENTENCES, self_nodes
from tests.scenarios.world import HANDS_ON, QUALIFIED, Handset, Ring, World, until

SPECIALISTS = {str(1001 + index): {queue: 1} for index, queue in enumerate(plans.QUEUES)}
"""One for each option, in its order: 1001 has fault and nothing else, 1002 billing, ..."""
GENERALISTS = [str(number) for number in range(1011, 1039)]
UNKNOWN = "1099"
"""An agent whose phone the PBX does not know."""

RING_TIMEOUT_SECONDS = 2.0
SHORT_CAP_SECONDS = 2.0
"""The wrap-up cap of queue 6, switchboard; the others' is so long that no scenario sees its end."""
MENU_TIMEOUT_SECONDS = 1.2

PROMPT_SECONDS = {
    f"{language}/{name}": seconds
    for language in ("de", "en")
    for name, seconds in {
        "main/welcome": 0.6,
        "main/options": 0.8,
        "main/wrong": 0.3,
        "agent/done": 0.5,
        "agent/refused": 0.5,
        "agent/number": 1.6,
        "agent/pin": 0.6,
        "wait/long": 6.0,
        "client-lindau/greeting": 0.5,
        "incident/hazard": 1.0,
        "incident/text": 2.0,
        "incident/again": 0.8,
        "say/4": 0.3,
        "say/2": 0.3,
    }.items()
}
MISSING_PROMPT = "main/nobody-recorded-this"
ASKED, DISTRICT = "0308", "10*"
SPEAKS = "0305"
"""Callers whose number begins so are asked for a message for the queue third, at key 7 as well."""

TEAM = [str(number) for number in range(1051, 1061)]
"""Ten who are rung all at once, for callers who press the star."""
THIRD, TELLER = "1061", "1062"
"""The agent of the third queue that callers overflow to after key 0; of the one of the hash key."""
ABSENT = "1063"
"""The only one who could serve the first two of those queues, and never comes."""
OVERFLOW_SECONDS = 0.7

CLIENT_NUMBER, CLIENT_AGENTS = "0800555201", ("1015", "1016")
"""A number of a client, whose calls these agents alone are offered."""

PHONES = [*SPECIALISTS, *GENERALISTS, QUALIFIED, HANDS_ON, *TEAM, THIRD, TELLER, RATER]


def plan(
    prompts_path: str, recordings_path: str = "/recordings", voicemail_path: str = "/voicemail"
) -> Plan:
    """Return the plan; key 7 leads to fault past a prompt of which there is no file.

    Callers whose number begins with `ASKED` are asked for their postcode there, and those of one
    district are told something and let go.
    """
    skills: Mapping[str, Mapping[str, int]] = {
        **SPECIALISTS,
        **{
            agent: dict.fromkeys(plans.QUEUES, 1)
            for agent in (*GENERALISTS, QUALIFIED, HANDS_ON, UNKNOWN)
        },
    }
    for agent in CLIENT_AGENTS:
        skills = {**skills, agent: {**skills[agent], in_groups(["lindau"]): 1}}
    base = plans.plan(skills, ring_timeout_seconds=RING_TIMEOUT_SECONDS)
    agents = {
        agent_id: msgspec.structs.replace(agent, pin=f"20{agent_id}")
        for agent_id, agent in base.agents.items()
    }
    switchboard = QueueId("switchboard")
    queues = dict(base.queues)
    queues[switchboard] = msgspec.structs.replace(
        queues[switchboard], wrap_up_seconds=SHORT_CAP_SECONDS
    )
    queues.update(_routed_queues(queues[switchboard]))
    return msgspec.structs.replace(
        base,
        agents={**agents, **_teams(agents)},
        queues=queues,
        menus={**base.menus, MenuId("main"): _main_menu(), SURVEY: survey_menu()},
        prompts_path_on_pbx=prompts_path,
        clients={CLIENT.id: CLIENT},
        numbers=Numbers(country_code="49", whole={"+49800555201": Dialled(CLIENT.menu, CLIENT.id)}),
        recordings_path_on_pbx=recordings_path,
        voicemail_path_on_pbx=voicemail_path,
    )


CLIENT = ClientPlan(
    id=ClientId("lindau"),
    name="Lindau",
    menu=MenuId("main"),
    language=plans.EN,
    greeting=(PromptId("client-lindau/greeting"),),
    needs=(Need(in_groups(["lindau"])),),
    answer={plans.DE: "Stadtwerke Lindau, mein Name ist", plans.EN: "Lindau utility, my name is"},
    ask=("Name", "Straße"),
    tell=("Offen bis vier.",),
)


def _routed_queues(like: QueuePlan) -> dict[QueueId, QueuePlan]:
    """Queues whose agents serve nothing else: they do not meet the other scenarios' callers."""

    def queue(name: str, skill: str, **fields: object) -> tuple[QueueId, QueuePlan]:
        needs = Requirement((Need(SkillId(skill)),))
        changed = {"id": QueueId(name), "requirement": needs, "wrap_up_seconds": 0.0, **fields}
        return QueueId(name), msgspec.structs.replace(like, **changed)

    def after(name: str) -> tuple[Exit, ...]:
        target = ToQueue(queue=QueueId(name))
        return (Exit(condition=ExitCondition.MAX_WAIT, limit=OVERFLOW_SECONDS, target=target),)

    bye = ToAnnouncement(prompts=(PromptId("main/wrong"),))
    told = Announcements(
        first_after_seconds=0.3, every_seconds=0.0, prompts=(PromptId("wait/long"),)
    )
    return dict(
        [
            queue("team", "team", strategy=Strategy.RING_ALL),
            queue("first", "nobody", exits=after("second")),
            queue("second", "nobody", exits=after("third")),
            queue("third", "third"),
            queue(
                RATED_QUEUE,
                "rated",
                wrap_up_seconds=60.0,
                survey=SURVEY,
                recording=RecordingPlan(keep_days=1.0),
            ),
            queue(
                "told",
                "told",
                announcements=told,
                exits=(Exit(condition=ExitCondition.KEY, key="0", target=bye),),
            ),
        ]
    )


def _teams(agents: Mapping[AgentId, AgentPlan]) -> dict[AgentId, AgentPlan]:
    """Return the agents of the queues above, who have those skills and no others."""
    skills = {**dict.fromkeys(TEAM, "team"), THIRD: "third", TELLER: "told", ABSENT: "nobody"}
    skills[RATER] = "rated"
    like = agents[AgentId(UNKNOWN)]
    return {
        AgentId(agent): msgspec.structs.replace(
            like,
            id=AgentId(agent),
            name=f"Agent {agent}",
            phone=DeviceId(f"PJSIP/{agent}"),
            skills={SkillId(skill): 1},
        )
        for agent, skill in skills.items()
    }


def _main_menu() -> MenuPlan:
    menu = plans.main_menu(2, MENU_TIMEOUT_SECONDS)
    ask, gap = NodeId("ask"), NodeId("gap")
    entry = menu.nodes[ask]
    nodes = dict(menu.nodes)
    nodes[gap] = Say(id=gap, prompts=(PromptId(MISSING_PROMPT),), next=NodeId("who"))
    fault, billing = NodeId("option-1"), NodeId("option-2")
    for node in (
        *_districts(fault, billing),
        *rated_nodes(),
        *self_nodes(missing=billing, failed=fault),
    ):
        nodes[node.id] = node
    choices = {"7": gap}
    for key, queue in (("*", "team"), ("0", "first"), ("#", "told")):
        node = choices[key] = NodeId(f"option-{key}")
        label = {plans.DE: queue.title(), plans.EN: queue}
        nodes[node] = Enqueue(id=node, queue=QueueId(queue), option=key, label=label)
    nodes[ask] = msgspec.structs.replace(entry, choices={**entry.choices, **choices})  # type: ignore[union-attr]
    return msgspec.structs.replace(menu, nodes=nodes, sentences=SENTENCES)


def _districts(others: NodeId, elsewhere: NodeId) -> tuple[Node, ...]:
    who, ask, where, told, bye = map(NodeId, ("who", "postcode", "where", "told", "bye"))
    wanted = Case((AttributeIs("ani", (f"{ASKED}*",)),), ask)
    hit = Case((AttributeIs("postcode", (DISTRICT,)),), told)
    take, speaks = NodeId("take"), Case((AttributeIs("ani", (f"{SPEAKS}*",)),), NodeId("take"))
    return (
        Branch(id=who, cases=(wanted, RATED_CASE, SELF_CASE, speaks), next=others),
        TakeMessage(
            id=take,
            queue=QueueId("third"),
            prompts=(PromptId("agent/number"),),
            longest_seconds=20.0,
            next=told,
            otherwise=bye,
        ),
        Collect(
            id=ask,
            prompts=(PromptId("agent/number"),),
            into="postcode",
            min_digits=5,
            max_digits=5,
            terminator="#",
            timeout_seconds=3.0,
            retries=1,
            next=where,
            otherwise=others,
        ),
        Branch(id=where, cases=(hit,), next=elsewhere),
        Say(id=told, prompts=(PromptId("agent/done"),), next=bye),
        HangUp(id=bye),
    )


def told(wish: Wish) -> Incident:
    """Return the incident as if it had been spoken: the words are the world's prompts."""

    def clips(name: str) -> tuple[Clip, ...]:
        return tuple(
            Clip(language, PromptId(name), PROMPT_SECONDS[f"{language}/{name}"])
            for language in (plans.DE, plans.EN)
        )

    return Incident(
        id=wish.id,
        queues=wish.queues,
        postcodes=wish.postcodes,
        text=clips("incident/text"),
        hazard=clips("incident/hazard") if wish.hazard else (),
        question=clips("incident/again"),
        ends_at=wish.ends_at,
    )


def write_prompts(directory: Path) -> None:
    """Write a short tone for each prompt, where a PBX expects its file."""
    for name, seconds in PROMPT_SECONDS.items():
        path = directory / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        samples = [int(6000 * math.sin(0.35 * n)) for n in range(round(8000 * seconds))]
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 8000, len(samples), "NONE", ""))
            file.writeframes(struct.pack(f"<{len(samples)}h", *samples))


class Centre:
    """One world, the engine at work in it, and what scenarios do again and again."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.proxy = Proxy(world.ami.port)
        self.plan = plan(world.prompts_path, world.recordings_path, world.voicemail_path)
        self.read: Callable[[], Plan] = lambda: self.plan
        """What a reload finds; raises OperatorError where that is wrong."""
        self._folder = TemporaryDirectory()
        self.queue_log_on_pbx = False
        """Whether the next engine writes into the PBX's queue_log as well."""
        self.start_engine()
        self._numbers = itertools.count(100)
        self._begun_at = now()

    @property
    def real(self) -> bool:
        """Whether times are those of a real PBX, and so worth a figure."""
        return self.world.name == "asterisk"

    def number(self) -> str:
        """A caller's number that nobody had before."""
        return f"0307{next(self._numbers):06d}"

    def on_duty(self, *agents: str, **handsets: Handset) -> None:
        """Plug in phones and log in: plain agents, and `a1011=Handset(...)` ones, in this order.

        Who logs in first has been idle longest.
        """
        named = {name.removeprefix("a"): handset for name, handset in handsets.items()}
        self.world.phones({**dict.fromkeys(agents, Handset()), **named})
        for agent in (*agents, *named):
            self.log_in(agent)

    def log_in(self, agent: str) -> None:
        """Log the agent in at his own phone; his phone must be seen free."""
        assert self.engine.request(agent, AgentAction.LOG_IN) == ""

    def restart_engine(self) -> None:
        """Kill the engine and start another."""
        self.engine.kill()
        self.start_engine()

    def start_engine(self) -> None:
        """Start another engine in place of one that was killed."""
        folder = Path(self._folder.name)
        self.engine = Engine(
            self.plan,
            self.world.ami,
            self.proxy,
            data=folder,
            tell=told,
            reload=lambda: Fresh(self.read()),
            queue_log_on_pbx=self.queue_log_on_pbx,
        )

    def begin(self) -> None:
        """A scenario begins: what was said before is no longer found by `said`."""
        self._begun_at = now()

    def said(self, kind: type[Said]) -> list[Said]:
        """Records and commands of that kind in this scenario, in order."""
        steps = self.engine.steps
        since = bisect_left(steps, self._begun_at, key=lambda step: step.at)
        return list(self.engine.said(kind, since))

    # -- waiting for what a person could see ---------------------------------------------------

    def ring(self, agent: str, timeout: float = 5.0, nth: int = 1) -> Ring:
        """The agent's nth ring of this scenario, waited for."""
        until(lambda: len(self.world.rings(agent)) >= nth, timeout, f"ring {nth} of {agent}")
        return self.world.rings(agent)[nth - 1]

    def waiting(self, number: str, timeout: float = 5.0) -> None:
        """Return when the caller stands in a queue and hears its music.

        Before that he is on his way, and an engine that dies then takes the order along.
        """
        until(lambda: self.engine.waits_in_room(number), timeout, f"{number} in a queue")

    def is_(self, agent: str, activity: Activity, timeout: float = 5.0) -> None:
        """Return when the agent's activity is that."""
        until(lambda: self.engine.agent(agent).activity is activity, timeout, f"{agent} {activity}")

    def ended(self, number: str, timeout: float = 5.0) -> CallEnded:
        """The call's one final record, waited for."""

        def found() -> list[CallEnded]:
            return [end for end in self.said(CallEnded) if end.ani == number]

        until(found, timeout, f"the record of {number}")
        (end,) = found()
        return end

    def outcome(self, number: str) -> Outcome:
        """How the call ended."""
        return self.ended(number).outcome

    # -- between scenarios ---------------------------------------------------------------------

    def clear(self) -> None:
        """End every call and wrap-up, log everybody out, and see that nothing is left anywhere."""
        self.world.clear()
        for view in self.engine.snapshot().agents:
            if view.presence is not Presence.LOGGED_OUT:
                self.engine.request(view.agent, AgentAction.LOG_OUT)
        left: Callable[[], bool] = lambda: not self.engine.remains_of()  # noqa: E731
        until(left, 8, "an engine without calls")
        # The engine may hear of a log-out before the end of the talk, which then begins a wrap-up.
        for view in self.engine.snapshot().agents:
            if view.activity is Activity.WRAP_UP:
                self.engine.request(view.agent, AgentAction.END_WRAP_UP)
        busy = [
            view for view in self.engine.snapshot().agents if view.activity is not Activity.IDLE
        ]
        assert busy == []
        assert self.world.channels() == []
        held: Callable[[], list[str]] = lambda: self._not_free(self._rang())  # noqa: E731
        until(lambda: not held(), 3, f"a free phone of everybody: {held()}")
        assert self.engine.exit_status is None, self.engine.log.getvalue()[-3000:]

    def wait_free(self, agents: Collection[str], timeout: float = 5.0) -> None:
        """Return when the phones of all these agents are seen free."""
        until(
            lambda: not self._not_free(agents), timeout, f"a free phone of {self._not_free(agents)}"
        )

    def _not_free(self, agents: Collection[str]) -> list[str]:
        return [
            f"{view.agent} {view.device}"
            for view in self.engine.snapshot().agents
            if view.device is not DeviceState.FREE and view.agent in agents
        ]

    def _rang(self) -> set[AgentId]:
        """Agents whose phones rang in this scenario and are free again when no call is left.

        One that was not reached is taken for unreachable for a while.
        """
        rang = {ring.agent for ring in self.said(AgentRung)} - {QUALIFIED}
        for end in self.said(RingEnded):
            if end.outcome is RingOutcome.UNREACHABLE:
                rang.discard(end.agent)
        return rang

    def stop(self) -> None:
        """Stop the engine, then the world."""
        self.engine.stop()
        self.proxy.shut()
        self.world.stop()
        self._folder.cleanup()


@contextmanager
def another_engine(centre: Centre, secret: str = "") -> Iterator[tuple[Engine, Proxy]]:
    """An engine beside the centre's own, through a shut door, perhaps with another secret."""
    proxy = Proxy(centre.world.ami.port)
    proxy.shut()
    ami = centre.world.ami
    ami = type(ami)(ami.port, ami.user, secret or ami.secret, ami.system_name)
    engine = Engine(centre.plan, ami, proxy, wait_live=False)
    try:
        yield engine, proxy
    finally:
        engine.stop()
        proxy.shut()


def agent_id(agent: str) -> AgentId:
    """The agent's id as the engine writes it."""
    return AgentId(agent)


def ms(later: float, earlier: float) -> float:
    """Milliseconds between two moments."""
    return (later - earlier) * 1000


def now() -> float:
    """The wall clock."""
    return time.time()
