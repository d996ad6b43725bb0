"""``acd menus try`` as its user sees it: what is said, which key was taken, where the call ends."""

import io
from pathlib import Path

import pytest

from acd.errors import OperatorError
from acd.tryout import Caller, try_menu
from tests.config.conftest import Small
from tests.config.test_clients import with_client


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path)


def tried(
    small: Small, keys: str | None = None, typed: str = "", menu: str = "", at: str = ""
) -> list[str]:
    out = io.StringIO()
    try_menu(small.load(), menu, Caller("", at, keys), io.StringIO(typed), out)
    return out.getvalue().splitlines()


def test_what_is_heard_is_shown_and_the_end_told(small: Small) -> None:
    assert tried(small, keys="2") == [
        "de: Guten Tag.",
        "de: Für Entstörung drücken Sie die 1. Für Rechnung drücken Sie die 2.",
        "en: For English, press 9.",
        "key (Enter: none): 2",
        "-> queue billing, the phone shows '2 Rechnung', language de",
    ]


def test_a_dialled_number_leads_to_its_clients_menu(small: Small) -> None:
    with_client(small)
    out = io.StringIO()
    caller = Caller(keys="1", number="0049800201")
    try_menu(small.load(), "", caller, io.StringIO(), out)
    lines = out.getvalue().splitlines()
    assert lines[0] == "en: Lindau here."
    assert lines[-1] == "-> queue fault, the phone shows 'Lindau 1 Faults', language en"


def test_keys_come_from_the_keyboard_and_an_empty_line_is_silence(small: Small) -> None:
    lines = tried(small, typed="8\n\nx\n92\n")
    pressed = [line for line in lines if line.startswith("key")]
    assert [line.rpartition(": ")[2] for line in pressed] == [
        "8", "none", "'x' is on no telephone", "9", "2",
    ]  # fmt: skip
    assert "de: Falsch." in lines
    assert lines[-1] == "-> queue billing, the phone shows '2 Bill', language en"


def test_who_presses_nothing_comes_to_an_end_as_well(small: Small) -> None:
    lines = tried(small)
    assert lines.count("key (Enter: none): none") == 3
    assert lines[-1].startswith("-> queue billing")


def test_an_agents_code_shows_what_is_done(small: Small) -> None:
    assert tried(small, menu="agent/*30") == [
        "de: Angemeldet.",
        "-> hung up, language de, done: login",
    ]


@pytest.mark.parametrize(
    ("menu", "at", "problem"),
    [
        ("mian", "", "there is no menu 'mian'; there are agent/*30, main"),
        ("", "noon", "--at 'noon' is no moment: write \"2026-12-24 10:00\""),
        ("", "2026-12-24 10:00", "--at needs a time zone: add time_zone to acd.yaml"),
    ],
)
def test_what_cannot_be_tried_is_said(small: Small, menu: str, at: str, problem: str) -> None:
    with pytest.raises(OperatorError) as refused:
        tried(small, keys="", menu=menu, at=at)
    assert str(refused.value) == problem
