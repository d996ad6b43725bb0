"""Row 7: the service without the engine on a real Asterisk, and the way back.

An engine, started and killed by the test, says who is on duty; what is left of it afterwards is
what Asterisk knows. In one test the heartbeat grows old by itself; in the others its age is set, so
that nobody waits for it.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from acd.config.emergency import DIALPLAN_FILE, PREFIX, QUEUES_FILE
from acd.core.plan import AgentAction
from acd.core.records import Activity, CallState
from tests import plans
from tests.faults.ledger import Ledger
from tests.faults.tcpproxy import Proxy
from tests.lab.ami import Observer
from tests.lab.asterisk import LabAsterisk, LabUnavailableError
from tests.lab.rtp import Key
from tests.lab.script import Script
from tests.lab.sipp import Call, SippAgents, SippCallers, stop_all
from tests.scenarios.centre import write_prompts
from tests.scenarios.engine import Engine
from tests.scenarios.world import AmiAccess, until

pytestmark = pytest.mark.asterisk

UNREGISTERED = "1004"
PLAN = plans.plan(
    {
        "1001": {"billing": 5},
        "1002": {"billing": 5},
        "1003": {"fault": 1},
        UNREGISTERED: {"fault": 1},
    }
)
ENDPOINT = "[{0}](acd-agent)\naors={0}\n[{0}](acd-agent-aor)\n"
PHONES = ("1001", "1002", "1003")
FAULT, BILLING = "1", "2"
PATIENCE = 15.0
FIRST, SECOND, THIRD = "0301000001", "0301000002", "0301000003"
FOURTH, FIFTH, TALKS = "0301000004", "0301000005", "0301000006"
RESCUED_SECONDS = 30.0


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabAsterisk]:
    """A lab with the queues of PLAN."""
    prompts = tmp_path_factory.mktemp("prompts")
    write_prompts(prompts)
    try:
        started = LabAsterisk.start(
            tmp_path_factory.mktemp("lab"),
            PHONES,
            prompts=prompts,
            emergency=PLAN,
            extra={"pjsip.conf": ENDPOINT.format(UNREGISTERED)},
        )
    except LabUnavailableError as reason:
        pytest.skip(f"no lab Asterisk: {reason}")
    with started:
        yield started


class Outage:
    """The lab, an engine that comes and goes, callers of whom each presses a key, and phones."""

    def __init__(self, lab: LabAsterisk, directory: Path, stack: ExitStack) -> None:
        self.lab = lab
        self.observer = stack.enter_context(lab.observer())
        self.script = Script(lab, self.observer, beating=False)
        self.phones = stack.enter_context(SippAgents(lab, PHONES, directory / "phones"))
        self._directory = directory
        self._proxy = Proxy(lab.ami_port)
        self.engine = self._engine()

    def _engine(self) -> Engine:
        lab = self.lab
        ami = AmiAccess(lab.ami_port, lab.ami_user, lab.ami_secret, lab.system_name)
        plan = msgspec.structs.replace(PLAN, prompts_path_on_pbx=lab.prompts_path_on_pbx)
        return Engine(plan, ami, self._proxy)

    def kill_engine(self) -> None:
        self.engine.kill()

    def engine_is_back(self) -> None:
        self.engine = self._engine()

    def heartbeat_grows_old(self) -> None:
        self.observer.action("Setvar", Variable="ACD_HEARTBEAT", Value="0")

    def says(self, agent: str, action: AgentAction, reason: str = "") -> None:
        assert self.engine.request(agent, action, reason) == ""

    def shown(self, queue: str, agent: str) -> str:
        """What Asterisk's queue says of the agent: `Not in use`, `In use`, `Busy` ..."""
        lines = self.observer.command(f"queue show {PREFIX}{queue}").splitlines()
        (line,) = [each for each in lines if each.strip().startswith(f"{agent} (")]
        return line.rpartition(" has ")[0].rpartition("(")[2].rstrip(") ")

    def shows(self, queue: str, agent: str, state: str) -> None:
        until(lambda: self.shown(queue, agent) == state, PATIENCE, f"{agent} {state}")

    def call(self, number: str, key: str = "") -> str:
        """He calls, presses the key when he is in the menu; returns his channel."""
        keys = (Key(key, 0.2, 0.06),) if key else ()
        # By INFO, which a busy machine does not lose.
        call = Call(number, keys=keys, keys_by="info")
        SippCallers(self.lab, [call], self._directory / number)
        start = self.observer.event("Newchannel", CallerIDNum=number)
        return start["Channel"]

    def waits(self, number: str) -> None:
        def queued() -> bool:
            view = self.engine.call(number)
            return view is not None and view.state is CallState.QUEUED

        until(queued, PATIENCE, f"{number} in a queue")
        # What an engine ordered in its last millisecond need not have reached the PBX.
        self.observer.event("BridgeEnter", CallerIDNum=number, timeout=PATIENCE)

    def is_(self, agent: str, activity: Activity) -> None:
        until(
            lambda: self.engine.agent(agent).activity is activity, PATIENCE, f"{agent} {activity}"
        )

    def rings(self, agent: str, number: str, within: float = PATIENCE) -> None:
        """Return when the agent's phone has rung for the number, and has answered."""
        until(
            lambda: number in [ring.from_number for ring in self.phones.rings(agent)],
            within,
            f"a ring of {agent} for {number}",
        )

    def stop(self) -> None:
        if self.engine.exit_status is None:
            self.engine.stop()
        self._proxy.shut()
        stop_all(self.lab)
        self.lab.hang_up_all()


@pytest.fixture
def outage(place: LabAsterisk, tmp_path: Path) -> Iterator[Outage]:
    with ExitStack() as stack:
        whole = Outage(place, tmp_path, stack)
        yield whole
        whole.stop()


def hangs_up(observer: Observer, channel: str) -> None:
    observer.action("Hangup", Channel=channel)
    observer.event("Hangup", Channel=channel)


def test_row_07_the_queues_are_there_and_know_who_is_on_duty(outage: Outage) -> None:
    outage.says("1001", AgentAction.LOG_IN)
    outage.says("1002", AgentAction.LOG_IN)
    outage.says("1002", AgentAction.NOT_READY, "break")
    outage.says(UNREGISTERED, AgentAction.LOG_IN)
    outage.shows("billing", "1001", "Not in use")
    outage.shows("billing", "1002", "In use")
    outage.shows("fault", "1003", "In use")
    # What is said of him hides nothing of his phone.
    outage.shows("fault", UNREGISTERED, "Unavailable")
    channel = outage.call(FIRST, BILLING)
    outage.rings("1001", FIRST)
    outage.is_("1001", Activity.TALKING)
    outage.shows("billing", "1001", "Busy")
    hangs_up(outage.observer, channel)
    outage.is_("1001", Activity.WRAP_UP)
    outage.shows("billing", "1001", "Busy")
    outage.says("1001", AgentAction.END_WRAP_UP)
    outage.shows("billing", "1001", "Not in use")
    log = (outage.lab.directory / "log" / "messages.log").read_text().splitlines()
    parts = ("app_queue.c", "func_devstate.c", "pbx_config.c", "pbx.c", QUEUES_FILE, DIALPLAN_FILE)
    complaints = [line for line in log if "WARNING" in line or "ERROR" in line]
    assert not [line for line in complaints if any(part in line for part in parts)]


def test_row_07_who_waits_keeps_queue_and_order_and_reaches_only_who_was_ready(
    outage: Outage,
) -> None:
    outage.says("1001", AgentAction.LOG_IN)
    outage.says("1002", AgentAction.LOG_IN)
    outage.says("1002", AgentAction.NOT_READY, "break")
    outage.shows("billing", "1002", "In use")
    talks = outage.call(THIRD, BILLING)
    outage.rings("1001", THIRD)
    outage.is_("1001", Activity.TALKING)
    first = outage.call(FIRST, BILLING)
    outage.waits(FIRST)
    # Their rounds of waiting end so far apart that a slow machine does not mix them up.
    time.sleep(3)
    second = outage.call(SECOND, BILLING)
    outage.waits(SECOND)
    outage.kill_engine()
    # The next to look at the heartbeat after the first caller's round is the second caller.
    since = len(outage.observer.events)
    outage.observer.event("BridgeEnter", Channel=first, since=since, timeout=12)
    outage.heartbeat_grows_old()
    outage.observer.event("QueueCallerJoin", Channel=first, timeout=15)
    joined = [
        (event["CallerIDNum"], event["Queue"], event["Position"])
        for event in outage.observer.named("QueueCallerJoin")
    ]
    billing = f"{PREFIX}billing"
    assert joined == [(SECOND, billing, "1"), (FIRST, billing, "1")]
    hangs_up(outage.observer, talks)
    outage.rings("1001", FIRST)
    hangs_up(outage.observer, first)
    outage.rings("1001", SECOND)
    hangs_up(outage.observer, second)
    assert [ring.agent for ring in outage.phones.rings()] == ["1001"] * 3


def test_row_07_an_engine_that_is_back_serves_who_waits_and_who_comes_and_leaves_talks_alone(
    outage: Outage,
) -> None:
    outage.says("1003", AgentAction.LOG_IN)
    outage.shows("fault", "1003", "Not in use")
    outage.call(FIRST, BILLING)
    outage.waits(FIRST)
    outage.kill_engine()
    outage.heartbeat_grows_old()
    talks = outage.call(SECOND)
    outage.rings("1003", SECOND)
    outage.script.beat()
    outage.engine_is_back()
    outage.waits(FIRST)
    outage.says("1001", AgentAction.LOG_IN)
    outage.rings("1001", FIRST)
    outage.says("1002", AgentAction.LOG_IN)
    outage.call(THIRD, BILLING)
    outage.rings("1002", THIRD)
    outage.is_("1002", Activity.TALKING)
    assert outage.engine.call(SECOND) is None
    left = [event["Channel"] for event in outage.observer.named("BridgeLeave", "Hangup")]
    assert talks not in left
    assert len(outage.phones.rings()) == 3


def test_row_07_the_engine_stays_away(outage: Outage, ledger: Ledger) -> None:
    """Who waits and who is in the menu is rescued within 30 s, who calls then at once; a talk goes
    on. The engine that comes back serves the next caller, and touches none of these."""
    for agent in PHONES:
        outage.says(agent, AgentAction.LOG_IN)
    outage.shows("fault", "1003", "Not in use")
    talks = outage.call(TALKS, BILLING)
    outage.rings("1001", TALKS)
    leaves = outage.call(THIRD, BILLING)
    outage.rings("1002", THIRD)
    outage.is_("1002", Activity.TALKING)
    waits = outage.call(FIRST, BILLING)
    outage.waits(FIRST)
    in_menu = outage.call(SECOND)
    until(lambda: outage.engine.call(SECOND), PATIENCE, "a caller in the menu")
    killed_at, began = time.time(), len(outage.observer.events)
    outage.kill_engine()
    hangs_up(outage.observer, leaves)
    outage.rings("1003", SECOND, within=RESCUED_SECONDS)
    outage.rings("1002", FIRST, within=RESCUED_SECONDS)
    rings = {ring.from_number: ring.at - killed_at for ring in outage.phones.rings()}
    hangs_up(outage.observer, in_menu)
    comes_at = time.time()
    comes = outage.call(FOURTH)
    outage.rings("1003", FOURTH)
    at_once = next(ring for ring in outage.phones.rings() if ring.from_number == FOURTH)
    back = len(outage.observer.events)
    outage.engine_is_back()
    hangs_up(outage.observer, comes)
    outage.says("1003", AgentAction.LOG_IN)
    outage.call(FIFTH, FAULT)
    outage.rings("1003", FIFTH)
    outage.is_("1003", Activity.TALKING)
    torn = [
        event["Channel"]
        for since, channel in ((began, talks), (back, waits))
        for event in outage.observer.named("BridgeLeave", "Hangup", since=since)
        if event["Channel"] == channel
    ]
    print(f"rescued from the queue after {rings[FIRST]:.1f} s, from the menu {rings[SECOND]:.1f}")
    print(f"who called then was rung for after {at_once.at - comes_at:.2f} s")
    late = [number for number in (FIRST, SECOND) if rings[number] > RESCUED_SECONDS]
    ledger.saw(
        7,
        tries=1,
        lost=len(late) + len(torn),
        first_ring_ms=[rings[FIRST] * 1000, rings[SECOND] * 1000],
    )
    assert late == []
    assert torn == []
    assert {row.from_number for row in outage.phones.rings("1003")} == {SECOND, FOURTH, FIFTH}
