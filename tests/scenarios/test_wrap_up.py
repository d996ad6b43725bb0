"""Wrap-up as the agent and the next caller see it: a lock that only he or its cap ends."""

from acd.core.plan import AgentAction
from acd.core.records import Activity, Presence, WrapUpEnd, WrapUpEnded
from tests.scenarios.centre import SHORT_CAP_SECONDS, Centre, ms, now
from tests.scenarios.figures import soon
from tests.scenarios.world import QUALIFIED, Handset, Talk, remains, until

TALKS = Handset(ring_seconds=0.1, talk_seconds=0.3)


def _in_wrap_up(centre: Centre, agent: str, key: str = "1") -> Talk:
    """Let the agent have a talk; returns it when he is in wrap-up."""
    centre.on_duty(**{f"a{agent}": TALKS})
    centre.world.call(centre.number(), keys=[(0.1, key)])
    ring = centre.ring(agent)
    centre.is_(agent, Activity.WRAP_UP)
    talk = centre.world.talk(ring)
    assert talk is not None
    assert talk.ended_at is not None
    return talk


def _next_caller(centre: Centre, key: str = "1") -> str:
    number = centre.number()
    centre.world.call(number, keys=[(0.1, key)])
    centre.waiting(number)
    return number


def _held(centre: Centre, agent: str, seconds: float) -> None:
    remains(lambda: len(centre.world.rings(agent)) == 1, seconds, "silence in wrap-up")
    assert centre.engine.agent(agent).activity is Activity.WRAP_UP


def test_wrap_up_holds_until_the_agent_ends_it_over_http(centre: Centre) -> None:
    _in_wrap_up(centre, "1031")
    number = _next_caller(centre)
    _held(centre, "1031", 1.0)
    ended_at = now()
    assert centre.engine.http("/api/v1/agents/1031/end-wrap-up") in (200, 204)
    ring = centre.ring("1031", nth=2)
    assert ring.number == number
    gap = ms(ring.at, ended_at)
    soon("from the request to end wrap-up to the next INVITE", gap, real=centre.real)


def test_wrap_up_ends_by_itself_at_its_cap(centre: Centre) -> None:
    talk = _in_wrap_up(centre, "1032", key="6")
    number = _next_caller(centre, key="6")
    ring = centre.ring("1032", nth=2)
    assert ring.number == number
    assert talk.ended_at is not None
    gap = ms(ring.at, talk.ended_at + SHORT_CAP_SECONDS)
    soon("from the cap of wrap-up to the next INVITE", gap, real=centre.real)
    ends = [end for end in centre.said(WrapUpEnded) if end.agent == "1032"]
    assert [end.how for end in ends] == [WrapUpEnd.CAP]


def test_wrap_up_ends_by_a_code_from_the_phone(centre: Centre) -> None:
    _in_wrap_up(centre, "1033")
    number = _next_caller(centre)
    _held(centre, "1033", 0.3)
    dialled = centre.world.dial("1033", "*34")
    visit = dialled.wait_ended()
    ring = centre.ring("1033", nth=2)
    assert ring.number == number
    assert visit.ended_at is not None
    assert ring.at > visit.ended_at - 0.02, "the phone rang while the code call lasted"
    assert centre.engine.prompts("1033", heard=True) == ["de/agent/done"]


def test_an_own_call_neither_ends_nor_hides_wrap_up(centre: Centre) -> None:
    _in_wrap_up(centre, "1034")
    _next_caller(centre)
    ends_at = centre.engine.agent("1034").wrap_up_ends_at
    own = centre.world.own_call("1034", 0.8)
    until(lambda: centre.engine.agent("1034").device != "free", 3, "a busy phone")
    view = centre.engine.agent("1034")
    assert (view.activity, view.wrap_up_ends_at) == (Activity.WRAP_UP, ends_at)
    own.wait_ended()
    until(lambda: centre.engine.agent("1034").device == "free", 3, "a free phone")
    _held(centre, "1034", 0.5)
    assert centre.engine.agent("1034").wrap_up_ends_at == ends_at


def test_a_dropped_phone_neither_ends_nor_hides_wrap_up(centre: Centre) -> None:
    centre.world.phones({QUALIFIED: TALKS})
    until(lambda: centre.engine.agent(QUALIFIED).device == "free", 5, "a phone that is there")
    number = centre.number()
    centre.log_in(QUALIFIED)
    centre.world.call(number, keys=[(0.1, "1")])
    centre.is_(QUALIFIED, Activity.WRAP_UP)
    ends_at = centre.engine.agent(QUALIFIED).wrap_up_ends_at
    centre.world.unplug([QUALIFIED])
    until(lambda: centre.engine.agent(QUALIFIED).device == "unreachable", 5, "its being missed")
    view = centre.engine.agent(QUALIFIED)
    assert (view.presence, view.activity) == (Presence.READY, Activity.WRAP_UP)
    assert view.wrap_up_ends_at == ends_at


def test_wrap_up_holds_who_logged_out_in_his_talk_and_comes_back(centre: Centre) -> None:
    centre.on_duty("1035")
    centre.world.call(centre.number(), keys=[(0.1, "1")])
    centre.is_("1035", Activity.TALKING)
    assert centre.engine.request("1035", AgentAction.LOG_OUT) == ""
    centre.world.clear()
    centre.is_("1035", Activity.WRAP_UP)
    assert centre.engine.agent("1035").presence is Presence.LOGGED_OUT
    centre.log_in("1035")
    _next_caller(centre)
    _held(centre, "1035", 0.5)
