"""DESIGN.md shows every machine as its table is now."""

from pathlib import Path

import pytest

from acd.drawings import DRAWINGS, drawn

DESIGN = Path(__file__).parents[1] / "DESIGN.md"


def test_the_machines_in_the_design_are_the_ones_in_the_code() -> None:
    text = DESIGN.read_text()
    assert drawn(text) == text, "make design redraws them"


@pytest.mark.parametrize("name", DRAWINGS)
def test_the_design_shows_the_machine(name: str) -> None:
    assert f"<!-- machine {name} -->" in DESIGN.read_text()


def test_a_stale_drawing_is_redrawn() -> None:
    stale = "before\n<!-- machine call -->\nold\n<!-- end -->\nafter"
    fresh = drawn(stale)
    assert "old" not in fresh
    assert "queued --> ringing: offer" in fresh
    assert fresh.startswith("before\n")
    assert fresh.endswith("\nafter")


def test_a_machine_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError):
        drawn("<!-- machine moon -->\n<!-- end -->")
