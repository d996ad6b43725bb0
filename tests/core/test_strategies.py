"""Whom of the free agents a queue takes: each strategy as a supervisor sees it."""

from collections import Counter
from collections.abc import Mapping
from random import Random

import pytest
from msgspec import structs

from acd.core.agent import Agent
from acd.core.events import (
    CallerHungUp,
    LegAnswered,
    MenuReached,
    PbxDown,
    PbxLive,
    PlanReplaced,
    RingOutcome,
    WaitingRoomEntered,
    WaitingRoomLeft,
)
from acd.core.ids import AgentId, QueueId, SkillId
from acd.core.plan import AgentAction, Plan
from acd.core.queue import Lane
from acd.core.queueplan import Need, QueuePlan, Relaxation, Requirement, Strategy
from acd.core.records import Activity, CallAnswered, CallState, Presence
from acd.core.strategies import FreeAgents
from tests.core.centre import PBX, Centre, cancelled, rung
from tests.plans import needs, plan, with_queue, with_queues

TEAM = {"1001": {"fault": 1}, "1002": {"fault": 1}, "1003": {"fault": 1}}


def fault(
    strategy: Strategy, agents: Mapping[str, Mapping[str, int]] = TEAM, **more: object
) -> Plan:
    """Return a plan whose fault queue has this strategy and no wrap-up."""
    return with_queue(plan(agents, wrap_up_seconds=0), "fault", strategy=strategy, **more)


def served(centre: Centre, talks: list[float]) -> list[str]:
    """Let callers come one after the other, each talking so long; return who took each."""
    agents = []
    for seconds in talks:
        call = centre.call_in()
        agent = centre.ring_of(call).agent
        agents.append(str(agent))
        centre.talk(agent, seconds)
        centre.take()
    return agents


# -- one at a time -------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", [one for one in Strategy if "random" not in one])
def test_agents_who_are_equal_by_the_strategy_are_taken_longest_idle_first(
    strategy: Strategy,
) -> None:
    centre = Centre(fault(strategy), "1003", "1001", "1002")
    calls = [centre.call_in() for _ in range(3)]
    first_rung = [agent for _, agent in rung(centre)]
    assert first_rung == ["1003", "1001", "1002"]
    if strategy is not Strategy.RING_ALL:
        assert [centre.call(call).state for call in calls] == [CallState.RINGING] * 3


def test_longest_idle_takes_whoever_has_waited_longest_for_work() -> None:
    centre = Centre(fault(Strategy.LONGEST_IDLE), *TEAM)
    assert served(centre, [5.0] * 4) == ["1001", "1002", "1003", "1001"]


def test_most_skilled_counts_the_skills_that_the_call_asks_for_and_no_others() -> None:
    agents = {
        "1001": {"fault": 3, "billing": 10, "meter": 10},
        "1002": {"fault": 5},
        "1003": {"fault": 4, "water": 9},
    }
    centre = Centre(fault(Strategy.MOST_SKILLED, agents), *agents)
    calls = [centre.call_in() for _ in range(3)]
    assert rung(centre) == list(zip(calls, ["1002", "1003", "1001"], strict=True))


def test_most_skilled_looks_at_what_is_asked_for_after_a_relaxation() -> None:
    """Who is best at fault is not the best once the call asks for billing instead."""
    agents = {"1001": {"fault": 1, "billing": 9}, "1002": {"fault": 2, "billing": 1}}
    step = Relaxation(after_seconds=10.0, requirement=needs(billing=1))
    base = fault(Strategy.MOST_SKILLED, agents, requirement=needs(fault=5), relaxations=(step,))
    centre = Centre(base, "1002", "1001")
    call = centre.call_in()
    assert rung(centre) == []
    centre.wait(10.0)
    assert rung(centre) == [(call, "1001")]


def test_least_skilled_keeps_the_multi_skilled_free_for_calls_only_they_can_take() -> None:
    agents = {
        "1001": {"fault": 5, "billing": 5, "meter": 5},
        "1002": {"fault": 9},
        "1003": {"fault": 2},
        "1004": {"fault": 1, "billing": 1},
    }
    centre = Centre(fault(Strategy.LEAST_SKILLED, agents), *agents)
    for _ in range(3):
        centre.call_in("1")
    assert [agent for _, agent in rung(centre)] == ["1003", "1002", "1004"]
    billing = centre.call_in("2")
    assert rung(centre) == [(billing, "1001")]


def test_fewest_calls_evens_out_how_many_each_has_taken_since_he_logged_in() -> None:
    centre = Centre(fault(Strategy.FEWEST_CALLS), "1001", "1002")
    assert served(centre, [5.0] * 4) == ["1001", "1002", "1001", "1002"]
    centre.request("1003", AgentAction.LOG_IN)
    assert served(centre, [5.0] * 3) == ["1003", "1003", "1001"]
    centre.request("1001", AgentAction.LOG_OUT)
    centre.request("1001", AgentAction.LOG_IN)
    assert served(centre, [5.0] * 3) == ["1001", "1001", "1002"]


def test_a_ring_that_was_not_answered_is_no_call_taken() -> None:
    centre = Centre(fault(Strategy.FEWEST_CALLS), "1001", "1002")
    call = centre.call_in()
    centre.lose("1001", RingOutcome.DECLINED)
    assert centre.ring_of(call).agent == "1002"
    centre.talk("1002")
    centre.wait(20.0)
    assert served(centre, [0.0]) == ["1001"]


def test_least_talk_time_takes_whoever_has_talked_least() -> None:
    centre = Centre(fault(Strategy.LEAST_TALK_TIME), *TEAM)
    assert served(centre, [100.0, 10.0, 50.0]) == ["1001", "1002", "1003"]
    assert served(centre, [30.0, 5.0, 20.0]) == ["1002", "1002", "1002"]
    assert served(centre, [1.0]) == ["1003"]


def test_round_robin_goes_by_the_last_offer_of_this_queue_and_of_no_other() -> None:
    agents = {name: {"fault": 1, "billing": 1} for name in ("1001", "1002", "1003")}
    base = with_queues(plan(agents, wrap_up_seconds=0), strategy=Strategy.ROUND_ROBIN)
    base = with_queue(base, "billing", requirement=needs(fault=1))
    centre = Centre(base, *agents)
    in_turn = []
    for key in "1112221":
        call = centre.call_in(key)
        agent = centre.ring_of(call).agent
        in_turn.append(str(agent))
        centre.talk(agent, 3.0)
    assert in_turn == ["1001", "1002", "1003", "1001", "1002", "1003", "1001"]


def test_round_robin_passes_on_who_declined_as_somebody_who_had_his_turn() -> None:
    centre = Centre(fault(Strategy.ROUND_ROBIN), *TEAM)
    centre.call_in()
    centre.lose("1001", RingOutcome.DECLINED)
    centre.talk("1002")
    centre.wait(20.0)
    assert served(centre, [0.0] * 3) == ["1003", "1001", "1002"]


def test_ordered_takes_the_first_of_the_list_who_is_free_and_the_rest_after_all_of_them() -> None:
    order = (AgentId("1003"), AgentId("1002"))
    agents = {**TEAM, "1004": {"fault": 1}}
    centre = Centre(fault(Strategy.ORDERED, agents, agent_order=order), "1004", *TEAM)
    assert served(centre, [5.0] * 3) == ["1003"] * 3
    for _ in range(4):
        centre.call_in()
    assert [agent for _, agent in rung(centre)] == ["1003", "1002", "1004", "1001"]


# -- weighted random -----------------------------------------------------------------------------


def chi_square(seen: Mapping[str, int], weights: Mapping[str, float]) -> float:
    """Return Pearson's statistic of what was seen against these weights."""
    total, sum_of_weights = sum(seen.values()), sum(weights.values())
    expected = {agent: total * weight / sum_of_weights for agent, weight in weights.items()}
    return sum((seen.get(one, 0) - expected[one]) ** 2 / expected[one] for one in weights)


CHI_SQUARE_99_9 = {1: 10.83, 2: 13.82}
"""What the statistic exceeds once in a thousand times, by degrees of freedom."""


def weighted(weights: Mapping[str, float]) -> Plan:
    """Return a plan whose fault queue takes these agents by chance."""
    by_id = {AgentId(agent): weight for agent, weight in weights.items()}
    agents = {agent: {"fault": 1} for agent in weights}
    return fault(Strategy.WEIGHTED_RANDOM, agents, agent_weights=by_id)


@pytest.mark.slow
def test_weighted_random_takes_each_as_often_as_his_weight_says() -> None:
    weights = {"1001": 1.0, "1002": 2.0, "1003": 5.0}
    centre = Centre(weighted(weights), *weights)
    seen = Counter(served(centre, [0.0] * 2000))
    assert chi_square(seen, weights) < CHI_SQUARE_99_9[2]


@pytest.mark.slow
def test_those_left_over_compete_fairly_with_whoever_comes_back() -> None:
    """Two callers at once, again and again: the second is shared by weight among who is left."""
    weights = {"1001": 1.0, "1002": 2.0, "1003": 5.0}
    centre = Centre(weighted(weights), *weights)
    second: dict[str, Counter[str]] = {agent: Counter() for agent in weights}
    for _ in range(1500):
        agents = [str(centre.ring_of(centre.call_in()).agent) for _ in range(2)]
        second[agents[0]][agents[1]] += 1
        for agent in agents:
            centre.talk(agent)
        centre.take()
    for first, counted in second.items():
        left = {agent: weight for agent, weight in weights.items() if agent != first}
        assert chi_square(counted, left) < CHI_SQUARE_99_9[1], first


@pytest.mark.slow
def test_an_agent_with_hardly_any_weight_is_taken_when_there_is_nobody_else() -> None:
    """And chance is as fair afterwards as before: his long odds do not count for the others."""
    weights = {"1001": 0.0, "1002": 1.0, "1003": 3.0}
    centre = Centre(weighted(weights), "1001")
    assert served(centre, [0.0]) == ["1001"]
    for agent in ("1002", "1003"):
        centre.request(agent, AgentAction.LOG_IN)
    seen = Counter(served(centre, [0.0] * 1000))
    assert seen["1001"] == 0
    assert chi_square(seen, {"1002": 1.0, "1003": 3.0}) < CHI_SQUARE_99_9[1]


def test_chance_is_the_same_in_every_run_from_the_same_seed() -> None:
    weights = {"1001": 1.0, "1002": 2.0, "1003": 5.0}
    runs = [served(Centre(weighted(weights), *weights), [0.0] * 50) for _ in range(2)]
    assert runs[0] == runs[1]


# -- ring all ------------------------------------------------------------------------------------


def test_ring_all_rings_everybody_who_is_free_and_fits_at_once() -> None:
    agents = {**TEAM, "1004": {"billing": 1}}
    centre = Centre(fault(Strategy.RING_ALL, agents), *agents)
    centre.request("1002", AgentAction.NOT_READY, "break")
    call = centre.call_in()
    assert rung(centre) == [(call, "1001"), (call, "1003")]
    assert len({ring.claim for ring in centre.rings.values()}) == 1
    assert not any(ring.alone for ring in centre.rings.values())


def test_whoever_becomes_free_while_all_ring_is_rung_as_well() -> None:
    centre = Centre(fault(Strategy.RING_ALL), "1001")
    call = centre.call_in()
    centre.take()
    centre.request("1002", AgentAction.LOG_IN)
    assert rung(centre) == [(call, "1002")]
    assert centre.rings["1002"].claim == centre.rings["1001"].claim


def test_whoever_becomes_free_takes_a_caller_who_waits_before_one_who_rings_already() -> None:
    agents = {**TEAM, "1002": {"fault": 1, "billing": 1}}
    centre = Centre(fault(Strategy.RING_ALL, agents), "1001")
    centre.call_in("1")
    billing = centre.call_in("2")
    centre.take()
    centre.request("1002", AgentAction.LOG_IN)
    assert rung(centre) == [(billing, "1002")]


def test_the_first_to_answer_has_the_call_and_the_others_are_free_and_not_blamed() -> None:
    centre = Centre(fault(Strategy.RING_ALL), *TEAM)
    call = centre.call_in()
    centre.lift("1002")
    assert centre.call(call).agent == "1002"
    assert cancelled(centre) == [("1001", False), ("1003", False)]
    for agent in ("1001", "1003"):
        centre.lose(agent)
        view = centre.agent(agent)
        assert (view.presence, view.activity) == (Presence.READY, Activity.IDLE)
    again = centre.call_in()
    assert rung(centre) == [(again, "1001"), (again, "1003")]


def test_who_answers_a_moment_too_late_is_free_again_and_not_blamed() -> None:
    """Two lift at once: the PBX lets one claim the caller and hangs the other up."""
    centre = Centre(fault(Strategy.RING_ALL), *TEAM)
    call = centre.call_in()
    centre.take()
    centre.feed(*(LegAnswered(centre.rings[agent].offer) for agent in TEAM))
    centre.lose("1001", RingOutcome.CALLER_LEFT)
    assert rung(centre) == []
    centre.lift("1002")
    centre.lose("1003", RingOutcome.CALLER_LEFT)
    assert [one.agent for one in centre.take(CallAnswered)] == ["1002"]
    assert centre.call(call).agent == "1002"
    again = centre.call_in()
    assert rung(centre) == [(again, "1001"), (again, "1003")]


def test_when_all_decline_the_caller_keeps_his_place_and_is_offered_again() -> None:
    centre = Centre(fault(Strategy.RING_ALL), "1001", "1002")
    call, behind = centre.call_in(), centre.call_in()
    place = centre.call(call).due_at
    centre.lose("1001", RingOutcome.DECLINED)
    assert centre.call(call).state is CallState.RINGING
    assert centre.call(call).agent == "1002"
    centre.wait(2.0)
    centre.lose("1002", RingOutcome.DECLINED)
    assert (centre.call(call).state, centre.call(call).due_at) == (CallState.QUEUED, place)
    centre.take()
    centre.wait(7.9)
    assert rung(centre) == []
    centre.wait(0.2)
    assert rung(centre) == [(call, "1001")]
    centre.wait(2.0)
    assert rung(centre) == [(behind, "1002")]


def test_a_caller_who_hangs_up_silences_all_phones() -> None:
    centre = Centre(fault(Strategy.RING_ALL), *TEAM)
    call = centre.call_in()
    centre.feed(CallerHungUp(call))
    assert cancelled(centre) == [("1001", True), ("1002", True), ("1003", True)]
    for agent in TEAM:
        centre.lose(agent)
        assert centre.agent(agent).activity is Activity.IDLE


def test_two_callers_of_a_ring_all_queue_get_an_agent_each() -> None:
    centre = Centre(fault(Strategy.RING_ALL), *TEAM)
    first, second = centre.call_in(), centre.call_in()
    centre.lift("1002")
    centre.take()
    centre.lose("1001")
    centre.lose("1003")
    assert rung(centre) == [(second, "1001"), (second, "1003")]
    centre.lift("1003")
    assert centre.call(first).agent == "1002"
    assert centre.call(second).agent == "1003"


def test_who_may_serve_after_a_relaxation_is_rung_besides_those_who_ring_already() -> None:
    agents = {"1001": {"fault": 5}, "1002": {"fault": 1}}
    step = Relaxation(after_seconds=5.0, requirement=needs(fault=1))
    base = fault(Strategy.RING_ALL, agents, requirement=needs(fault=5), relaxations=(step,))
    centre = Centre(base, *agents)
    call = centre.call_in()
    assert rung(centre) == [(call, "1001")]
    centre.wait(5.0)
    assert rung(centre) == [(call, "1002")]


def test_a_caller_whose_rings_were_all_taken_back_gets_no_further_phone_by_that_claim() -> None:
    """The claim is void at the PBX: who answered now would be joined with nobody."""
    centre = Centre(fault(Strategy.RING_ALL), "1001")
    call = centre.call_in()
    centre.feed(MenuReached(call))
    assert cancelled(centre) == [("1001", True)]
    centre.request("1002", AgentAction.LOG_IN)
    assert rung(centre) == []
    centre.feed(WaitingRoomEntered(call))
    centre.lose("1001")
    assert sorted(rung(centre)) == [(call, "1001"), (call, "1002")]


def test_who_answers_and_hangs_up_before_he_is_joined_stops_nobody_elses_ring() -> None:
    centre = Centre(fault(Strategy.RING_ALL), "1001", "1002")
    call = centre.call_in()
    centre.take()
    centre.feed(LegAnswered(centre.rings["1001"].offer))
    centre.request("1003", AgentAction.LOG_IN)
    assert rung(centre) == []
    centre.lose("1001", RingOutcome.CALLER_LEFT)
    assert cancelled(centre) == []
    assert centre.rings["1003"].call == call
    centre.lift("1003")
    assert centre.call(call).agent == "1003"


# -- ring progressively --------------------------------------------------------------------------


def test_ring_progressively_adds_one_phone_at_a_time_and_none_stops() -> None:
    centre = Centre(fault(Strategy.RING_PROGRESSIVELY, progress_seconds=4.0), *TEAM)
    call = centre.call_in()
    assert rung(centre) == [(call, "1001")]
    centre.wait(3.9)
    assert rung(centre) == []
    centre.wait(0.1)
    assert rung(centre) == [(call, "1002")]
    centre.wait(4.0)
    assert cancelled(centre) == []
    assert centre.rings["1003"].call == call
    centre.lift("1001")
    assert cancelled(centre) == [("1002", False), ("1003", False)]
    centre.wait(60.0)
    assert centre.call(call).state is CallState.CONNECTED


def test_a_step_at_which_nobody_is_free_does_not_end_the_progress() -> None:
    centre = Centre(fault(Strategy.RING_PROGRESSIVELY, progress_seconds=4.0), "1001")
    call = centre.call_in()
    centre.wait(5.0)
    centre.request("1002", AgentAction.LOG_IN)
    centre.take()
    centre.wait(2.9)
    assert rung(centre) == []
    centre.wait(0.1)
    assert rung(centre) == [(call, "1002")]


def test_when_the_only_phone_so_far_is_declined_the_next_rings_at_once() -> None:
    centre = Centre(fault(Strategy.RING_PROGRESSIVELY, progress_seconds=8.0), *TEAM)
    call = centre.call_in()
    centre.take()
    centre.lose("1001", RingOutcome.DECLINED)
    assert rung(centre) == [(call, "1002")]
    centre.wait(7.9)
    assert rung(centre) == []
    centre.wait(0.1)
    assert [agent for _, agent in rung(centre)] == ["1003"]


def test_no_phone_is_added_while_the_caller_cannot_be_joined() -> None:
    """His PBX is away, or he is between two rounds of music: the step is made up for after it."""
    centre = Centre(fault(Strategy.RING_PROGRESSIVELY, progress_seconds=4.0), *TEAM)
    call = centre.call_in()
    centre.feed(PbxDown(PBX))
    centre.take()
    centre.wait(6.0)
    assert rung(centre) == []
    centre.feed(PbxLive(PBX), WaitingRoomLeft(call))
    centre.wait(6.0)
    assert rung(centre) == []
    centre.feed(WaitingRoomEntered(call))
    centre.wait(1.0)
    assert rung(centre) == [(call, "1002")]


def test_a_strategy_changed_while_phones_ring_lets_them_ring_on() -> None:
    centre = Centre(fault(Strategy.RING_ALL), "1001", "1002")
    call = centre.call_in()
    centre.feed(PlanReplaced(fault(Strategy.LONGEST_IDLE)))
    assert cancelled(centre) == []
    centre.lift("1002")
    assert centre.call(call).agent == "1002"
    assert cancelled(centre) == [("1001", False)]


# -- many agents ---------------------------------------------------------------------------------

SKILLS = [SkillId(f"skill.{number}") for number in range(8)]


class Crowd:
    """A hundred and fifty agents with skills by chance, of whom most are free."""

    def __init__(self, seed: int, strategy: Strategy) -> None:
        self.random = Random(seed)
        base = plan({"0": {}}).agents[AgentId("0")]
        self.agents = {}
        for number in range(150):
            had = self.random.sample(SKILLS, self.random.randint(1, 5))
            skills = {skill: self.random.randint(1, 10) for skill in had}
            agent = Agent(structs.replace(base, id=AgentId(f"{number}"), skills=skills), 0.0)
            agent.idle_since = float(self.random.randint(0, 40))
            agent.calls_taken = self.random.randint(0, 9)
            agent.talk_seconds = float(self.random.randint(0, 9))
            agent.offered_in = {QueueId("q"): self.random.randint(0, 9)}
            self.agents[agent.id] = agent
        self.queue = QueuePlan(
            id=QueueId("q"),
            label={},
            requirement=Requirement(),
            strategy=strategy,
            agent_order=tuple(self.random.sample(list(self.agents), 20)),
        )
        self.free = FreeAgents(self.agents, {strategy})
        self.freed: dict[AgentId, int] = {}
        for agent_id in self.random.sample(list(self.agents), 130):
            self.frees(agent_id)

    def frees(self, agent: AgentId) -> None:
        self.freed[agent] = self.random.randint(0, 10**9)
        self.free.add(self.agents[agent], self.freed[agent])

    def takes(self, agent: AgentId) -> None:
        del self.freed[agent]
        self.free.remove(agent)

    def lane(self) -> Lane:
        one, two, three = (
            Need(skill, self.random.randint(1, 8)) for skill in self.random.sample(SKILLS, 3)
        )
        asked = self.random.choice([((one,), ()), ((one, two), ()), ((), (one, two)), ((), ())])
        asked = self.random.choice([asked, ((one,), (two, three))])
        lane = Lane((Requirement(*asked), None))
        for agent in self.agents.values():
            if lane.requirement.met_by(agent.skills):
                lane.agents[agent.id] = lane.grade(agent.skills)
        return lane

    def plainly(self, lane: Lane, kept: set[AgentId]) -> AgentId | None:
        """Look at everybody, one by one."""

        def key(agent_id: AgentId) -> tuple[float, ...]:
            agent = self.agents[agent_id]
            order = self.queue.agent_order
            asked = (*lane.requirement.all_of, *lane.requirement.any_of)
            by_strategy = {
                Strategy.MOST_SKILLED: -sum(agent.skills.get(need.skill, 0) for need in asked),
                Strategy.LEAST_SKILLED: len(agent.skills) * 1000 + sum(agent.skills.values()),
                Strategy.FEWEST_CALLS: agent.calls_taken,
                Strategy.LEAST_TALK_TIME: agent.talk_seconds,
                Strategy.ROUND_ROBIN: agent.offered_in[self.queue.id],
                Strategy.ORDERED: order.index(agent_id) if agent_id in order else 99,
            }
            first = by_strategy.get(self.queue.strategy, 0)
            return (first, agent.idle_since, self.freed[agent_id])

        fit = [
            one
            for one in self.freed
            if lane.requirement.met_by(self.agents[one].skills) and one not in kept
        ]
        return min(fit, key=key, default=None)


@pytest.mark.parametrize(
    "seeds", [range(3), pytest.param(range(3, 12), marks=pytest.mark.slow)], ids=["few", "more"]
)
@pytest.mark.parametrize("strategy", [one for one in Strategy if "random" not in one])
def test_of_many_agents_the_one_is_taken_whom_looking_at_everybody_finds(
    strategy: Strategy, seeds: range
) -> None:
    for seed in seeds:
        crowd = Crowd(seed, strategy)
        for _ in range(60):
            lane = crowd.lane()
            kept = set(crowd.random.sample(list(crowd.agents), crowd.random.choice([0, 0, 60])))
            may = (lambda one, kept=kept: one not in kept) if kept else None
            found = crowd.free.choose(lane, crowd.queue, may, lambda: 1.0)
            expected = crowd.plainly(lane, kept)
            assert (found.id if found is not None else None) == expected
            if expected is not None and crowd.random.random() < 0.7:
                crowd.takes(expected)
            busy = [agent for agent in crowd.agents if agent not in crowd.freed]
            if busy and crowd.random.random() < 0.5:
                crowd.frees(crowd.random.choice(busy))


@pytest.mark.parametrize("fitting", [5, 100])
def test_of_many_agents_chance_takes_those_who_fit_by_their_weights(fitting: int) -> None:
    """Few who fit are drawn among themselves, many by trying again."""
    crowd = Crowd(1, Strategy.WEIGHTED_RANDOM)
    lane = Lane((Requirement(), None))
    lane.agents = dict.fromkeys(list(crowd.freed)[:fitting], 0)
    weights = {one: float(number % 4) for number, one in enumerate(lane.agents)}
    queue = structs.replace(crowd.queue, agent_weights=weights)
    seen: Counter[str] = Counter()
    for _ in range(6000):
        found = crowd.free.choose(lane, queue, None, lambda: 1.0 - crowd.random.random())
        assert found is not None
        seen[f"{weights[found.id]:g}"] += 1
    shares = Counter[str]()
    for weight in weights.values():
        shares[f"{weight:g}"] += int(weight)
    expected = {weight: float(share) for weight, share in shares.items() if share}
    assert set(seen) <= set(expected)
    assert chi_square(seen, expected) < CHI_SQUARE_99_9[2]


def test_with_whom_few_calls_fit_the_first_in_the_order_are_not_looked_at_for_ever() -> None:
    """Twenty who can do other things stand before the one who fits."""
    agents = {f"{number}": {"billing": 1} for number in range(1001, 1021)}
    agents["2001"] = {"fault": 1}
    centre = Centre(fault(Strategy.LONGEST_IDLE, agents), *agents)
    call = centre.call_in()
    assert rung(centre) == [(call, "2001")]
