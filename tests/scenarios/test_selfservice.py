"""Callers who need no agent: sub-menu and back, proved digits, a look-up, a form, a read-back."""

from collections.abc import Iterator

import msgspec
import pytest

from acd.core.commands import SendToNumber
from acd.core.records import FormFilled, MenuMissed, Outcome
from tests.scenarios.centre import Centre
from tests.scenarios.selfservice import KNOWN, OUTSIDE, SELF, SILENT, UNKNOWN, WRONG, contracts
from tests.scenarios.world import Caller, until


@pytest.fixture
def asking(centre: Centre) -> Iterator[Centre]:
    """The centre while somebody can be asked about contracts."""
    before = centre.plan
    with contracts() as contract:
        centre.plan = msgspec.structs.replace(before, lookups={"contract": contract})
        centre.restart_engine()
        centre.begin()
        yield centre
    centre.clear()
    centre.plan = before
    centre.restart_engine()
    centre.begin()


def typing(centre: Centre, keys: str, **more: float) -> tuple[str, Caller]:
    """Call and type ``keys`` ahead, through the menus and into the digits."""
    number = SELF + centre.number()[4:]
    timed = [(0.3 + 0.15 * at, key) for at, key in enumerate(keys)]
    return number, centre.world.call(number, keys=timed, **more)


def test_a_form_is_filled_without_an_agent(asking: Centre) -> None:
    """Typed ahead through three levels; what is found is read back, and the call is let go."""
    number, caller = typing(asking, f"71{KNOWN}#")
    assert caller.wait_ended().ended_by == "pbx"
    (form,) = asking.said(FormFilled)
    assert (form.form, dict(form.values)) == ("reading", {"contract": KNOWN, "customer": "42"})
    assert asking.outcome(number) is Outcome.DEFLECTED
    heard = asking.engine.prompts(number)
    assert heard[-3:] == ["de/agent/done", "de/say/4", "de/say/2"]


def test_who_is_not_known_and_who_gets_no_answer_wait_for_an_agent(asking: Centre) -> None:
    unknown, _ = typing(asking, f"71{UNKNOWN}#")
    silent, _ = typing(asking, f"71{SILENT}#")
    asking.waiting(unknown)
    asking.waiting(silent)
    queues = {}
    for number in (unknown, silent):
        view = asking.engine.call(number)
        assert view is not None
        queues[number] = view.queue
    assert queues == {unknown: "billing", silent: "fault"}


def test_the_agent_sees_what_the_caller_typed_while_his_phone_rings(asking: Centre) -> None:
    asking.on_duty("1002")
    typing(asking, f"71{UNKNOWN}#")
    asking.ring("1002")
    shown = asking.engine.page("/api/v1/agents/1002")
    assert shown["attributes"] == {"contract": UNKNOWN}


def test_wrong_digits_are_said_so_and_a_key_leads_out_of_them(asking: Centre) -> None:
    number, _ = typing(asking, f"71{WRONG}#")
    until(lambda: "de/main/wrong" in asking.engine.prompts(number), 5, "wrong digits said so")
    ids = asking.engine.ids(number)
    missed = [miss.kind for miss in asking.said(MenuMissed) if miss.call in ids]
    assert missed == ["wrong_key"]
    leaving, _ = typing(asking, "71123*")
    asking.waiting(leaving)


def test_who_is_sent_outside_belongs_to_nobody_any_more(asking: Centre) -> None:
    number, _ = typing(asking, "72")
    assert asking.outcome(number) is Outcome.DEFLECTED
    assert [sent.number for sent in asking.said(SendToNumber)] == [OUTSIDE]


def test_who_hangs_up_while_somebody_is_asked_leaves_nothing(asking: Centre) -> None:
    number, caller = typing(asking, f"71{SILENT}#", hang_up_after=1.2)
    assert caller.wait_ended().ended_by == "caller"
    assert asking.outcome(number) is Outcome.LEFT_IN_MENU
    assert asking.said(FormFilled) == []
