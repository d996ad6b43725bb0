"""What callers and agents notice when the link or the engine goes: at most a pause in decisions."""

from acd.core.plan import AgentAction
from acd.core.records import Activity, Outcome, Repaired
from tests.scenarios.centre import PHONES, Centre, another_engine, ms, now
from tests.scenarios.figures import note
from tests.scenarios.world import Handset, until


def _three(centre: Centre, agent: str, talk_seconds: float) -> tuple[str, str]:
    """One caller talks with the agent, two wait behind him; returns the two."""
    centre.on_duty(**{f"a{agent}": Handset(talk_seconds=talk_seconds)})
    centre.world.call(centre.number(), keys=[(0.1, "1")])
    centre.is_(agent, Activity.TALKING)
    waiting = (centre.number(), centre.number())
    for number in waiting:
        centre.world.call(number, keys=[(0.1, "1")])
        centre.waiting(number)
    return waiting


def _picture(centre: Centre) -> dict[str, tuple[object, ...]]:
    return {
        view.ani: (view.state, view.queue, view.queued_at, view.due_at, view.option, view.agent)
        for view in centre.engine.snapshot().calls
    }


def test_a_broken_link_changes_nothing_for_who_waits_and_who_talks(centre: Centre) -> None:
    first, second = _three(centre, "1022", talk_seconds=6.0)
    before = _picture(centre)
    assert len(before) == 3
    cut_at = now()
    centre.proxy.cut()
    until(lambda: not centre.engine.daemon.readiness().ready, 2, "its being noticed")
    noticed_at = now()
    centre.engine.wait_live()
    if centre.real:
        note("from a broken link to its being noticed", ms(noticed_at, cut_at))
        note("from a broken link to live again", ms(now(), cut_at))
    assert _picture(centre) == before
    assert centre.engine.agent("1022").activity is Activity.TALKING
    centre.is_("1022", Activity.WRAP_UP, timeout=8)
    for agent, number in (("1023", first), ("1024", second)):
        centre.world.phones({agent: Handset()})
        centre.log_in(agent)
        assert centre.ring(agent).number == number
        centre.is_(agent, Activity.TALKING)


def test_what_happens_while_the_link_is_away_is_found_out(centre: Centre) -> None:
    """The agent hangs up, a waiting caller leaves, another comes: all without the engine."""
    centre.on_duty(a1025=Handset(talk_seconds=1.2))
    centre.world.call(centre.number(), keys=[(0.1, "1")])
    centre.is_("1025", Activity.TALKING)
    leaves, stays, comes = centre.number(), centre.number(), centre.number()
    leaver = centre.world.call(leaves, keys=[(0.1, "1")], hang_up_after=1.0)
    centre.world.call(stays, keys=[(0.1, "1")])
    centre.waiting(leaves)
    centre.waiting(stays)
    centre.proxy.shut()
    centre.world.call(comes)
    leaver.wait_ended()
    (ring,) = centre.world.rings("1025")
    until(lambda: (talk := centre.world.talk(ring)) and talk.ended_at, 5, "the end of the talk")
    centre.proxy.open()
    centre.engine.wait_live()
    assert centre.engine.agent("1025").activity is Activity.WRAP_UP
    assert centre.outcome(leaves) in (Outcome.SHORT_ABANDONED, Outcome.ABANDONED)
    until(lambda: centre.engine.call(comes), 3, "the caller who came meanwhile")
    assert centre.engine.request("1025", AgentAction.END_WRAP_UP) == ""
    assert centre.ring("1025", nth=2).number == stays


def test_a_restarted_engine_finds_callers_in_their_places(centre: Centre) -> None:
    first, second = _three(centre, "1026", talk_seconds=30.0)
    before = _picture(centre)
    killed_at = now()
    centre.restart_engine()
    if centre.real:
        note("from a killed engine to the next one live", ms(now(), killed_at))
    for number in (first, second):
        view = centre.engine.call(number)
        assert view is not None
        found = (view.state, view.queue, view.queued_at, view.due_at, view.option, view.agent)
        # What was written on the channel has six decimals.
        assert [*map(str, found[:2]), *found[4:]] == [
            *map(str, before[number][:2]),
            *before[number][4:],
        ]
        for kept, was in zip(found[2:4], before[number][2:4], strict=True):
            assert isinstance(kept, float)
            assert isinstance(was, float)
            assert abs(kept - was) < 0.001
    adopted = [each for each in centre.said(Repaired) if each.kind == "waiting_call_adopted"]
    assert len(adopted) == 2
    late = centre.number()
    centre.world.call(late, keys=[(0.1, "1")])
    centre.waiting(late)
    for agent, number in (("1027", first), ("1028", second), ("1029", late)):
        centre.log_in(agent)
        assert centre.ring(agent).number == number


def test_without_an_engine_the_dialplan_takes_callers_to_the_emergency(centre: Centre) -> None:
    """Who waits, who is in the menu and who comes too late: all within 30 s."""
    centre.world.phones({agent: Handset("rings_on") for agent in PHONES})
    waits, in_menu, late = centre.number(), centre.number(), centre.number()
    centre.world.call(waits, keys=[(0.1, "1")])
    centre.waiting(waits)
    centre.world.call(in_menu)
    until(lambda: centre.engine.call(in_menu), 3, "a caller in the menu")
    killed_at = now()
    centre.engine.kill()
    try:
        seen: dict[str, float] = {}

        def all_of(*numbers: str) -> bool:
            for number in centre.world.in_emergency():
                seen.setdefault(number, now())
            return seen.keys() >= set(numbers)

        until(lambda: all_of(in_menu) and now() > killed_at + 15.5, 20, "the menu's rescue")
        centre.world.call(late)
        until(lambda: all_of(waits, in_menu, late), 30 - 15.5, "everybody's rescue")
    finally:
        centre.world.clear()
        centre.start_engine()
    if centre.real:
        for name, number in (("who waits", waits), ("who is in the menu", in_menu)):
            note(f"from a dead engine to the emergency queue, {name}", ms(seen[number], killed_at))


def test_readyz_says_why_the_pbx_is_not_there(centre: Centre) -> None:
    with another_engine(centre) as (engine, proxy):
        until(lambda: "refused" in engine.ready()[1], 5, "a reason")
        status, text = engine.ready()
        assert status == 503
        assert "Connection refused" in text
        proxy.open()
        engine.wait_live(15)
        assert engine.ready()[0] == 200


def test_readyz_says_that_the_password_is_wrong(centre: Centre) -> None:
    with another_engine(centre, secret="not-the-password") as (engine, proxy):
        proxy.open()
        until(lambda: "login" in engine.ready()[1], 15, "a reason")
        status, text = engine.ready()
        assert status == 503
        assert "check username and secret" in text
        until(lambda: "refused the login" in engine.log.getvalue(), 2, "a line in the log")
        assert "not-the-password" not in text + engine.log.getvalue()
