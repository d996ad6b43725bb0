"""The gauges of one moment: every queue, and nothing where nothing is known."""

import msgspec

from acd.core.ids import AgentId, SkillId
from acd.core.plan import Need, Plan
from acd.core.queueplan import Requirement, in_groups
from acd.core.records import Presence, Snapshot
from acd.gauges import Figure, agent_gauges, call_gauges, skill_gauges
from tests.web.centre import agent, plan, snapshot


def gauges(now: Snapshot, of: Plan | None = None) -> list[Figure]:
    of = of or plan()
    return [*call_gauges(now), *agent_gauges(now, of), *skill_gauges(now, of)]


def test_each_queue_has_its_numbers() -> None:
    found = {gauge.name: dict(gauge.samples) for gauge in gauges(snapshot())}
    assert found["acd_calls_waiting"] == {("fault",): 1, ("billing",): 0}
    assert found["acd_queue_agents_ready"] == {("fault",): 3, ("billing",): 2}
    assert found["acd_agents"]["ready", "wrap_up"] == 1


def test_an_estimate_that_nobody_can_make_is_absent() -> None:
    found = {gauge.name: dict(gauge.samples) for gauge in gauges(snapshot())}
    assert found["acd_estimated_wait_seconds"] == {("fault",): 95.0}


def test_an_empty_centre_names_the_same_gauges() -> None:
    nothing = Snapshot(at=0.0, queues=(), calls=(), agents=())
    assert [gauge.name for gauge in gauges(nothing)] == [gauge.name for gauge in gauges(snapshot())]


def test_not_ready_is_told_by_reasons_of_the_configuration_alone() -> None:
    agents = [
        agent(number, Presence.NOT_READY, reason=reason)
        for number, reason in enumerate(("break", "break", "rona", "", "text of a stranger"))
    ]
    found = {gauge.name: dict(gauge.samples) for gauge in gauges(snapshot(agents=agents))}
    assert found["acd_agents_not_ready"] == {
        ("break",): 2,
        ("meeting",): 0,
        ("rona",): 1,
        ("none",): 1,
        ("other",): 1,
    }


def test_wrap_ups_are_told_for_the_queue_of_the_last_call() -> None:
    found = {gauge.name: dict(gauge.samples) for gauge in gauges(snapshot())}
    assert found["acd_wrap_ups_running"] == {("fault",): 1, ("billing",): 0}


def test_who_can_do_what_is_told_by_skill_and_groups_of_clients_are_no_skills() -> None:
    fault, north = SkillId("fault"), in_groups(["north"])
    before = plan()
    ada = before.agents[AgentId("1001")]
    names = [AgentId(str(number)) for number in range(1001, 1006)]
    agents = {
        name: msgspec.structs.replace(ada, id=name, skills={fault: 7, north: 1}) for name in names
    }
    queues = {
        name: msgspec.structs.replace(queue, requirement=Requirement((Need(SkillId("moon")),)))
        for name, queue in before.queues.items()
    }
    asked = msgspec.structs.replace(before, agents=agents, queues=queues)
    found = {gauge.name: dict(gauge.samples) for gauge in gauges(snapshot(), asked)}
    assert found["acd_skill_agents_staffed"] == {("moon",): 0, ("fault",): 4}
    assert found["acd_skill_agents_ready"] == {("moon",): 0, ("fault",): 3}
    assert found["acd_skill_agents_free"] == {("moon",): 0, ("fault",): 0}
    free = gauges(snapshot(agents=[agent(1001)]), asked)[-1]
    assert (free.name, dict(free.samples)["fault",]) == ("acd_skill_agents_free", 1)
