"""What operators read when something is refused, and that the tree is the one that is drawn."""

import re

import pytest

import acd.errors
from acd.errors import AcdError, BugError, ConfigError, OperatorError, PbxError, Problem


def test_a_problem_reads_as_file_line_column_what_and_what_is_allowed() -> None:
    problem = Problem("config/queues.yaml", 4, 3, 'unknown key "x"', "allowed: label")
    assert str(problem) == 'config/queues.yaml:4:3: unknown key "x"; allowed: label'


def test_a_problem_of_a_whole_file_names_no_line() -> None:
    assert (
        str(Problem("agents.yaml", 0, 0, "the file is empty")) == "agents.yaml: the file is empty"
    )


def test_what_a_file_holds_cannot_move_the_cursor_or_forge_a_line() -> None:
    said = str(Problem("a.yaml", 1, 1, "cannot be \x1b[2J\nb.yaml:1:1: all is well"))
    assert "\x1b" not in said
    assert "\n" not in said


def test_all_problems_are_told_once_in_the_order_of_files_and_lines() -> None:
    late, early = Problem("b.yaml", 1, 1, "late"), Problem("a.yaml", 9, 1, "early")
    error = ConfigError([late, early, late])
    assert error.problems == (early, late)
    assert str(error).splitlines() == [
        "a.yaml:9:1: early",
        "b.yaml:1:1: late",
        "2 problems found, nothing was started or changed",
    ]


def test_a_refusal_without_a_reason_is_our_own_bug() -> None:
    with pytest.raises(BugError):
        ConfigError([])


def test_blame_is_the_type() -> None:
    assert issubclass(ConfigError, OperatorError)
    assert not issubclass(PbxError, OperatorError)
    assert not issubclass(BugError, OperatorError)


def test_the_drawn_tree_is_the_real_one() -> None:
    real = {name for name, kind in vars(acd.errors).items() if _is_error(kind)}
    assert set(re.findall(r"\+-- (\w+)|^ +(AcdError)$", acd.errors.__doc__ or "", re.M)) == {
        (name, "") if name != "AcdError" else ("", name) for name in real
    }


def _is_error(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, AcdError)
