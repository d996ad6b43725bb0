"""After the talk: who is asked when his agent has hung up, and what is kept of it."""

from acd.core.records import Activity, CallState, Outcome, SurveyAnswered
from tests.scenarios.centre import Centre
from tests.scenarios.rated import RATED, RATER
from tests.scenarios.world import Handset, Talk, until


def _rated(centre: Centre) -> str:
    return RATED + centre.number()[4:]


def _answers(centre: Centre, number: str) -> list[tuple[str, str]]:
    ids = centre.engine.ids(number)
    return [(one.question, one.answer) for one in centre.said(SurveyAnswered) if one.call in ids]


def _asked(centre: Centre, number: str) -> None:
    def in_survey() -> bool:
        view = centre.engine.call(number)
        return view is not None and view.state is CallState.IN_MENU and view.agent is not None

    until(in_survey, 6, f"{number} in the survey")


def _talk(centre: Centre) -> Talk:
    talk = centre.world.talk(centre.ring(RATER))
    assert talk is not None
    return talk


def test_answers_after_the_talk_are_kept_and_the_agent_is_in_wrap_up_meanwhile(
    centre: Centre,
) -> None:
    centre.on_duty(**{f"a{RATER}": Handset(talk_seconds=0.5)})
    number = _rated(centre)
    caller = centre.world.call(number, keys=[(0.3, "7"), (1.0, "2"), (4.0, "2"), (5.5, "1")])
    _asked(centre, number)
    assert centre.engine.agent(RATER).activity is Activity.WRAP_UP
    wrap_up_ends_at = centre.engine.agent(RATER).wrap_up_ends_at
    talk = _talk(centre)
    assert wrap_up_ends_at is not None
    assert talk.ended_at is not None
    assert abs(wrap_up_ends_at - talk.ended_at - 60.0) < 1.0
    assert caller.wait_ended().ended_by == "pbx"
    assert _answers(centre, number) == [("satisfaction", "2"), ("solved", "1")]
    assert centre.engine.prompts(number)[-2:] == ["de/agent/number", "de/agent/pin"]
    end = centre.ended(number)
    assert (end.outcome, end.agent, end.queue) == (Outcome.ANSWERED, RATER, "rated")
    assert centre.engine.agent(RATER).wrap_up_ends_at == wrap_up_ends_at


def test_who_does_not_answer_the_survey_is_let_go(centre: Centre) -> None:
    centre.on_duty(**{f"a{RATER}": Handset(talk_seconds=0.3)})
    number = _rated(centre)
    caller = centre.world.call(number, keys=[(0.3, "7"), (1.0, "2")])
    _asked(centre, number)
    assert caller.wait_ended().ended_by == "pbx"
    assert _answers(centre, number) == []
    assert centre.outcome(number) is Outcome.ANSWERED


def test_a_caller_who_hangs_up_himself_is_asked_nothing(centre: Centre) -> None:
    centre.on_duty(**{f"a{RATER}": Handset()})
    number = _rated(centre)
    caller = centre.world.call(number, keys=[(0.3, "7"), (1.0, "2")], hang_up_after=3.2)
    centre.is_(RATER, Activity.TALKING)
    assert caller.wait_ended().ended_by == "caller"
    assert centre.outcome(number) is Outcome.ANSWERED
    assert "de/agent/number" not in centre.engine.prompts(number)


def test_an_engine_killed_in_the_survey_loses_neither_caller_nor_answers(centre: Centre) -> None:
    centre.on_duty(**{f"a{RATER}": Handset(talk_seconds=0.3)})
    number = _rated(centre)
    caller = centre.world.call(number, keys=[(0.3, "7"), (1.0, "2"), (4.0, "4"), (8.2, "1")])
    until(lambda: _answers(centre, number), 6, "the first answer")
    until(
        lambda: any(
            c.call in centre.engine.ids(number) for c in centre.engine.daemon.snapshot().calls
        ),
        3,
        "the call",
    )
    centre.restart_engine()
    assert caller.wait_ended().ended_by == "pbx"
    end = centre.ended(number)
    assert end.outcome is Outcome.ANSWERED
    assert end.agent == RATER
    assert dict(end.attributes)["satisfaction"] == "4"
