"""The whole: the sample is clean, all mistakes are told at once, nothing else is raised."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from acd.config.loader import Loaded, load
from acd.core.ids import AgentId, Language, QueueId
from acd.core.plan import (
    AgentAction,
    AgentDo,
    Ask,
    Branch,
    Collect,
    Enqueue,
    MessageAction,
    MessageDo,
    Node,
    Say,
)
from acd.core.queueplan import ExitCondition, Strategy, ToQueue
from acd.errors import ConfigError
from tests.config.conftest import FILES, TODAY, Small

ROOT = Path(__file__).parent.parent.parent
OPTIONS = {
    "1": "fault",
    "2": "billing",
    "3": "meter",
    "4": "house_connection",
    "5": "water",
    "6": "switchboard",
}


@pytest.fixture(scope="module")
def sample() -> Loaded:
    return load(ROOT / "config", today=TODAY)


# -- the shipped sample --------------------------------------------------------------------------


def test_the_sample_loads_clean_with_all_its_prompts(sample: Loaded) -> None:
    assert sample.plan.service_name
    assert sample.settings.http.host == "127.0.0.1"


def test_the_sample_speaks_german_first_and_english_completely(sample: Loaded) -> None:
    said: dict[Language, set[str]] = {}
    for speech in sample.speeches:
        said.setdefault(speech.language, set()).add(speech.prompt)
    assert said[Language("de")] == said[Language("en")]
    assert {menu.languages for menu in sample.plan.menus.values()} == {("de", "en")}
    for queue in sample.plan.queues.values():
        assert set(queue.label) == {"de", "en"}


def test_the_sample_offers_six_areas_the_other_language_and_a_meter_reading(sample: Loaded) -> None:
    menu = sample.plan.menus[sample.plan.callers_menu]
    ask = menu.nodes[menu.entry]
    assert isinstance(ask, Ask)
    queues = {}
    for key, name in ask.choices.items():
        node = menu.nodes[name]
        if isinstance(node, Branch):
            node = menu.nodes[node.next]
        if isinstance(node, Enqueue):
            assert node.option == key
            queues[key] = node.queue
    assert queues == OPTIONS
    assert set(ask.choices) == {*OPTIONS, "8", "9"}
    for language in ("de", "en"):
        text = "".join(s.text for s in sample.speeches if s.language == language)
        assert all(f" {key}." in text for key in ask.choices)


def test_who_chooses_nothing_in_three_playings_comes_to_the_switchboard(sample: Loaded) -> None:
    menu = sample.plan.menus[sample.plan.callers_menu]
    ask = menu.nodes[menu.entry]
    assert isinstance(ask, Ask)
    assert ask.retries == 2
    node: Node = menu.nodes[ask.otherwise]
    while isinstance(node, Say | Branch):
        node = menu.nodes[node.next]
    assert isinstance(node, Enqueue)
    assert (node.queue, node.option) == ("switchboard", "")


def test_every_area_has_agents_and_two_of_them_have_specialists(sample: Loaded) -> None:
    able = {
        queue.id: {
            agent.id
            for agent in sample.plan.agents.values()
            if queue.requirement.met_by(agent.skills)
        }
        for queue in sample.plan.queues.values()
    }
    assert set(able) == set(OPTIONS.values())
    assert all(len(agents) >= 2 for agents in able.values())
    named = {
        need.skill for queue in sample.plan.queues.values() for need in queue.requirement.all_of
    }
    generalists = {
        agent.id for agent in sample.plan.agents.values() if len(named & agent.skills.keys()) > 1
    }
    assert len(generalists) > len(sample.plan.agents) / 2
    assert {AgentId("1001"), AgentId("1002")} <= able[QueueId("fault")] - generalists
    assert able[QueueId("water")].isdisjoint(generalists)


def test_the_samples_codes_do_what_agents_need(sample: Loaded) -> None:
    done, messages = {}, []
    for code, name in sample.plan.code_menus.items():
        menu = sample.plan.menus[name]
        node = menu.nodes[menu.entry]
        while isinstance(node, Collect):
            node = menu.nodes[node.next]
        if isinstance(node, AgentDo):
            done[code] = (node.action, node.reason, node.by_number)
        elif isinstance(node, MessageDo):
            assert node.action is MessageAction.NEXT
            messages.append(code)
        else:
            assert isinstance(node, Ask)
            reasons = {n.reason for n in menu.nodes.values() if isinstance(n, AgentDo)}
            assert reasons == set(sample.plan.not_ready_reasons)
    assert done == {
        "*30": (AgentAction.LOG_IN, "", False),
        "*31": (AgentAction.LOG_OUT, "", False),
        "*32": (AgentAction.READY, "", False),
        "*331": (AgentAction.NOT_READY, "break", False),
        "*332": (AgentAction.NOT_READY, "meeting", False),
        "*34": (AgentAction.END_WRAP_UP, "", False),
        "*35": (AgentAction.LOG_IN, "", True),
    }
    assert messages == ["*36"]
    assert set(sample.plan.code_menus) == {*done, *messages, "*33"}


def test_the_samples_fault_service_keeps_an_agent_and_callers_keep_their_wait(
    sample: Loaded,
) -> None:
    fault = sample.plan.queues[QueueId("fault")]
    assert (fault.target_seconds, fault.priority_seconds, fault.reserved_agents) == (10, 60, 1)
    assert fault.strategy is Strategy.LONGEST_IDLE
    (overflow,) = fault.exits
    assert (overflow.condition, overflow.limit) == (ExitCondition.MAX_WAIT, 600)
    assert overflow.target == ToQueue(queue=QueueId("switchboard"), keep_clock=True)


def test_the_sample_serves_each_queue_by_an_agent_whom_no_other_reserves(sample: Loaded) -> None:
    reserving = [queue for queue in sample.plan.queues.values() if queue.reserved_agents]
    for queue in sample.plan.queues.values():
        first = next(
            agent for agent in sample.plan.agents.values() if queue.requirement.met_by(agent.skills)
        )
        others = [other for other in reserving if other is not queue]
        assert not any(other.requirement.met_by(first.skills) for other in others)


def test_wrap_up_in_the_sample_is_at_most_five_minutes(sample: Loaded) -> None:
    assert {queue.wrap_up_seconds for queue in sample.plan.queues.values()} == {300, 120}


# -- all at once ---------------------------------------------------------------------------------


def test_all_mistakes_of_all_files_are_told_at_once(small: Small) -> None:
    small.edit("config/acd.yaml", "[break, meeting]", "[break, break]")
    small.edit("config/skills.yaml", "en: Billing", "e: Billing")
    small.edit("config/queues.yaml", "wrap_up_seconds: 120", "wrapup: 120")
    small.edit("config/agents.yaml", "PJSIP/1002", "SIP/1002")
    small.edit("ivr_menus/main.yaml", "queue: fault", "queue: falt")
    small.edit("ivr_menus/agent.yaml", "do: login", "do: dance")
    told = small.told()
    assert {problem.split(":")[0] for problem in told} == set(FILES)
    assert all(re.match(r"[\w/.]+:\d+:\d+: .+; .+", problem) for problem in told), told


def test_one_broken_file_does_not_hide_the_others(small: Small) -> None:
    small.write("config/queues.yaml", "fault: [")
    small.edit("config/agents.yaml", "PJSIP/1002", "SIP/1002")
    assert [problem.split(":")[0] for problem in small.told()] == [
        "config/agents.yaml",
        "config/queues.yaml",
    ]


def test_the_fingerprint_changes_with_any_file(small: Small) -> None:
    seen = {small.load().fingerprint}
    assert seen == {small.load().fingerprint}
    for name, text in FILES.items():
        small.write(name, text + "# changed\n")
        seen.add(small.load().fingerprint)
    assert len(seen) == len(FILES) + 1
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in seen)


# -- whatever stands there -----------------------------------------------------------------------

TOKENS = (
    ": ", "- ", "? ", "[", "]", "{", "}", ",", "\n", "  ", "\t", "#", "&a ", "*a", "!", "!!str ",
    "|", ">", "'", '"', "%", "@", "`", "---\n", "...\n", "<<: *a", "~", "null", "no", "08", "1e9",
    ".nan", "0", "9", "-1", "99999999999999999999", "*", "queue", "menu", "do", "label", "{label}",
    "\x00", "\x85", "\u2028", "\ufeff", "é", "😀", "de", "en", "main", "fault", "PJSIP/1001",
)  # fmt: skip

Change = tuple[int, int, str]
CHANGES = st.lists(
    st.tuples(
        st.integers(0, 700),
        st.integers(0, 30),
        st.one_of(st.lists(st.sampled_from(TOKENS), max_size=6).map("".join), st.text(max_size=12)),
    ),
    min_size=1,
    max_size=5,
)


RICH = {
    **FILES,
    "config/queues.yaml": """\
fault:
  label: {de: Entstörung, en: Faults}
  needs: {fault: 3}
  relax:
    - {after_seconds: 60, any_of: {fault: 1, billing: 9}, keep_extra_needs: false}
  strategy: ordered
  agent_order: ["1001"]
  exits:
    - {closed: office, queue: billing}
    - {max_wait_seconds: 90, announcement: [wait/bye]}
  announcements: {position: true, prompts: [wait/thanks]}
billing:
  label: {de: Abrechnung, en: Billing}
  any_of: {billing: 1}
  exits: [{key: 1, menu: main}, {max_wait_seconds: 9, queue: fault, keep_clock: false}]
""",
    "config/agents.yaml": """\
- id: "1001"
  name: Anna Berger
  phone: PJSIP/1001
  skills: {fault: {grade: 5, from: 2026-12-01, until: 2027-01-01}, billing: 1}
  groups: [juniors]
  shift: {hours: office, log_out: true}
""",
    "config/groups.yaml": "juniors: {skills: {fault: {grade: 2, until: 2030-01-01}}}\n",
    "config/hours.yaml": "office: {time_zone: Europe/Berlin, weekly: {mon-fri: '08:00-16:00'}}\n",
    "prompts/wait.yaml": "thanks: {de: Danke., en: Thanks.}\n",
}


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Small:
    found = Small(tmp_path_factory.mktemp("rich"))
    for name, text in RICH.items():
        found.write(name, text)
    return found


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return Small(tmp_path_factory.mktemp("fuzz"))


@pytest.mark.slow
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(name=st.sampled_from(sorted(FILES)), changes=CHANGES)
@example(name="config/acd.yaml", changes=[(0, 700, "")])
@example(name="config/acd.yaml", changes=[(0, 700, "&a {x: *a}")])
@example(name="ivr_menus/main.yaml", changes=[(0, 0, "\ud800")])
def test_whatever_stands_in_a_file_is_loaded_or_refused_with_places(
    shared: Small, name: str, changes: list[Change]
) -> None:
    text = FILES[name]
    for start, length, put in changes:
        at = start % (len(text) + 1)
        text = text[:at] + put + text[at + length :]
    shared.write(name, text.encode("utf-8", "surrogatepass"))
    try:
        shared.load()
    except ConfigError as refused:
        for problem in refused.problems:
            assert problem.file.startswith(str(shared.root))
            assert str(problem).isprintable()
            assert problem.what
    finally:
        shared.write(name, FILES[name])


@pytest.mark.slow
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    name=st.sampled_from(
        sorted(set(RICH) - set(FILES)) + ["config/queues.yaml"] * 3 + ["config/agents.yaml"]
    ),
    changes=CHANGES,
)
@example(name="config/queues.yaml", changes=[])
def test_so_is_whatever_stands_in_files_that_say_more(
    rich: Small, name: str, changes: list[Change]
) -> None:
    text = RICH[name]
    for start, length, put in changes:
        at = start % (len(text) + 1)
        text = text[:at] + put + text[at + length :]
    rich.write(name, text.encode("utf-8", "surrogatepass"))
    try:
        rich.load()
    except ConfigError as refused:
        for problem in refused.problems:
            assert str(problem).isprintable()
            assert problem.what
    finally:
        rich.write(name, RICH[name])


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=200), name=st.sampled_from(sorted(FILES)))
def test_a_file_of_any_bytes_is_refused_not_crashed_on(
    shared: Small, data: bytes, name: str
) -> None:
    shared.write(name, data)
    try:
        with pytest.raises(ConfigError):
            shared.load()
    finally:
        shared.write(name, FILES[name])
