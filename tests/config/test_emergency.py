"""What Asterisk is given for the time without an engine: who serves what, and quoted safely."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acd.cli import app
from acd.config.emergency import DIALPLAN_FILE, PREFIX, QUEUES_FILE, emergency_files
from acd.config.loader import load
from acd.core.plan import Plan
from acd.core.queueplan import Relaxation, Strategy
from acd.errors import OperatorError
from tests import plans
from tests.config.conftest import TODAY, Small

ROOT = Path(__file__).parent.parent.parent
NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC).timestamp()


def queues(plan: Plan, now: float = NOW) -> dict[str, list[str]]:
    """Return the lines of each of Asterisk's queues that one of acd's became."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in emergency_files(plan, now)[QUEUES_FILE].splitlines():
        if line.startswith("["):
            lines = found.setdefault(line[1:].partition("]")[0].removeprefix(PREFIX), [])
        elif line and not line.startswith(";"):
            lines.append(line)
    return found


def agents(plan: Plan, queue: str, now: float = NOW) -> list[str]:
    """Return the agents of one of the queues, in order."""
    lines = queues(plan, now).get(queue, [])
    return [line.split(",")[2] for line in lines if line.startswith("member =>")]


def dialplan(plan: Plan, default: str = "") -> list[str]:
    """Return the lines of the dialplan piece."""
    return emergency_files(plan, NOW, default)[DIALPLAN_FILE].splitlines()


def default_queue(plan: Plan, default: str = "") -> str:
    """Return where callers are sent who wait in no queue."""
    (line,) = [line for line in dialplan(plan, default) if "Set(ACD_QUEUE_ELSE=" in line]
    return line.partition("ACD_QUEUE_ELSE=")[2].rstrip(")")


def test_each_queue_has_the_agents_who_may_serve_it() -> None:
    plan = plans.plan({"1001": {"billing": 3}, "1002": {"billing": 1, "fault": 2}})
    plan = plans.with_queue(plan, "billing", requirement=plans.needs(billing=2))
    assert agents(plan, "billing") == ["1001"]
    assert agents(plan, "fault") == ["1002"]


def test_a_queue_that_only_a_relaxation_could_serve_has_the_agents_of_the_last_one() -> None:
    assert agents(plans.experts_first(), "fault") == ["1001"]
    plan = plans.plan({"1001": {"fault": 1}, "1002": {"fault": 3}})
    steps = tuple(
        Relaxation(after_seconds=20.0 * grade, requirement=plans.needs(fault=grade))
        for grade in (3, 1)
    )
    plan = plans.with_queue(plan, "fault", requirement=plans.needs(fault=5), relaxations=steps)
    assert agents(plan, "fault") == ["1001", "1002"]


def test_a_queue_that_nobody_could_serve_is_left_out_and_its_callers_go_to_the_general_one() -> (
    None
):
    plan = plans.plan({"1001": {"billing": 1}})
    assert "meter" not in queues(plan)
    assert default_queue(plan) == "billing"


def test_skills_with_dates_count_on_the_day_it_is_written(small: Small) -> None:
    dated = "skills: {fault: {grade: 5, from: 2026-12-01}}"
    small.edit("config/agents.yaml", "skills: {fault: 5}", dated)
    small.edit("config/queues.yaml", "needs: {fault: 3}", "needs: {fault: 1}")
    small.edit("config/acd.yaml", "service_name", "time_zone: Europe/Berlin\nservice_name")
    plan = small.load().plan
    assert agents(plan, "fault") == ["1002"]
    assert agents(plan, "fault", NOW + 30 * 86400) == ["1001", "1002"]


def test_an_agent_is_known_by_his_phone_and_by_what_the_engine_says_of_him() -> None:
    plan = plans.plan({"1001": {"billing": 1}})
    line = "member => PJSIP/1001,0,1001,hint:1001@acd-duty"
    assert line in queues(plan)["billing"]
    assert "exten => 1001,hint,PJSIP/1001&Custom:acd-1001" in dialplan(plan)


def test_a_dash_in_an_id_is_no_dash_in_an_extension() -> None:
    """Asterisk takes 10-01 and 1001 for the same extension."""
    plan = plans.plan({"10-01": {"billing": 1}, "1001": {"billing": 1}})
    plan = plans.with_agent(plan, "10-01", phone="PJSIP/2001")
    assert "exten => 10+01,hint,PJSIP/2001&Custom:acd-10-01" in dialplan(plan)
    assert "member => PJSIP/2001,0,10-01,hint:10+01@acd-duty" in queues(plan)["billing"]


def test_no_text_that_people_read_is_written() -> None:
    plan = plans.plan({"1001": {"billing": 1}})
    hostile = "x,y]\n[general]\nexten => s,1,System(id) ;"
    plan = plans.with_agent(plan, "1001", name=hostile)
    plan = plans.with_queue(plan, "billing", label={plans.DE: hostile, plans.EN: hostile})
    assert "System" not in "".join(emergency_files(plan, NOW).values())


@pytest.mark.parametrize(
    ("strategy", "theirs"),
    [
        (Strategy.RING_ALL, "ringall"),
        (Strategy.WEIGHTED_RANDOM, "random"),
        (Strategy.LONGEST_IDLE, "rrmemory"),
        (Strategy.MOST_SKILLED, "rrmemory"),
    ],
)
def test_nobody_is_rung_again_and_again_though_he_does_not_answer(
    strategy: Strategy, theirs: str
) -> None:
    plan = plans.with_queue(plans.plan({"1001": {"fault": 1}}), "fault", strategy=strategy)
    assert f"strategy={theirs}" in queues(plan)["fault"]


def test_an_order_of_agents_is_kept() -> None:
    plan = plans.plan(plans.THREE)
    order = ("1003", "1001")
    plan = plans.with_queue(plan, "fault", strategy=Strategy.ORDERED, agent_order=order)
    assert "strategy=linear" in queues(plan)["fault"]
    assert agents(plan, "fault") == ["1003", "1001", "1002"]


def test_a_phone_rings_as_long_as_the_queue_says_in_whole_seconds() -> None:
    plan = plans.plan({"1001": {"fault": 1}}, ring_timeout_seconds=12.4)
    assert "timeout=13" in queues(plan)["fault"]


def test_callers_from_the_menu_go_where_the_menu_sends_who_presses_nothing() -> None:
    plan = plans.plan(plans.THREE)
    assert default_queue(plan) == "switchboard"
    assert default_queue(plan, "billing") == "billing"


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("billig", "there is no queue 'billig'; there are fault, billing, meter"),
        ("meter", "nobody could serve meter"),
    ],
)
def test_a_default_queue_that_would_serve_nobody_is_refused(wanted: str, said: str) -> None:
    with pytest.raises(OperatorError, match=said):
        emergency_files(plans.plan({"1001": {"fault": 1}}), NOW, wanted)


def test_a_configuration_without_anybody_to_ring_is_refused() -> None:
    with pytest.raises(OperatorError, match="no queue has an agent"):
        emergency_files(plans.plan({"1001": {}}), NOW)


def test_the_samples_are_what_the_command_writes() -> None:
    plan = load(ROOT / "config", today=TODAY, need_prompts=False).plan
    for name, text in emergency_files(plan, NOW).items():
        sample = (ROOT / "config" / "asterisk" / name).read_text()
        assert sample == text, "run: acd asterisk emergency-queues --output config/asterisk"


def command(small: Small, *arguments: str) -> tuple[int, str, str]:
    """Run the command; return its status, what it printed, and what it complained of."""
    config = str(small.root / "config")
    done = CliRunner().invoke(app, ["asterisk", "emergency-queues", "--config", config, *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_the_command_writes_both_files_and_the_same_again(small: Small) -> None:
    folder = small.root / "etc"
    folder.mkdir()
    texts = []
    for _ in range(2):
        status, printed, _ = command(small, "--output", str(folder))
        assert (status, printed.count(" written")) == (0, 2)
        texts.append([(folder / name).read_bytes() for name in (QUEUES_FILE, DIALPLAN_FILE)])
    assert texts[0] == texts[1]
    assert all(b"acd asterisk emergency-queues" in text for text in texts[0])
    assert sorted(path.name for path in folder.iterdir()) == sorted([QUEUES_FILE, DIALPLAN_FILE])


def test_the_command_prints_them_when_no_folder_is_named(small: Small) -> None:
    status, printed, _ = command(small)
    assert status == 0
    assert f"[{PREFIX}billing]" in printed
    assert "[acd-emergency-place]" in printed


def test_a_wrong_configuration_is_refused_as_by_check_and_nothing_is_written(small: Small) -> None:
    small.edit("config/queues.yaml", "needs: {billing: 1}", "needs: {biling: 1}")
    folder = small.root / "etc"
    folder.mkdir()
    status, _, complaint = command(small, "--output", str(folder))
    assert status == 1
    assert "config/queues.yaml:" in complaint
    assert "nothing was started or changed" in complaint
    assert not list(folder.iterdir())


def test_a_folder_that_is_not_there_is_told(small: Small) -> None:
    status, _, complaint = command(small, "--output", str(small.root / "nowhere"))
    assert status == 1
    assert "could not be written: No such file or directory" in complaint
