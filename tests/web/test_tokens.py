"""Tokens are made, known, expired and revoked; a fault in their file opens nothing."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core.ids import AgentId
from acd.errors import ConfigError
from acd.web.access import Caller, Role
from acd.web.tokens import TokenFile, known, new_token, parse
from tests.web.centre import NOW

DIGEST = "a" * 64


def test_a_new_token_is_known_by_its_line() -> None:
    token, line = new_token("ada-desktop", Role.AGENT, AgentId("1001"), None)
    tokens, problems = parse(f"# comment\n\n{line}   # Ada's\n", "tokens")
    assert not problems
    assert known(token, tokens, NOW) == Caller("ada-desktop", Role.AGENT, AgentId("1001"))
    assert token not in line
    assert known(token + "x", tokens, NOW) is None
    assert known(line.split()[3], tokens, NOW) is None, "the hash is not the token"


def test_two_tokens_are_never_the_same_and_hard_to_guess() -> None:
    made = {new_token("x", Role.ADMIN, None, None)[0] for _ in range(100)}
    assert len(made) == 100
    assert all(len(token) >= 43 for token in made)


def test_a_token_ends_with_its_day() -> None:
    token, line = new_token("x", Role.ADMIN, None, date(2030, 5, 1))
    tokens, _ = parse(line, "tokens")
    ends_at = datetime(2030, 5, 1, tzinfo=UTC).timestamp()
    assert known(token, tokens, ends_at - 1) is not None
    assert known(token, tokens, ends_at) is None


@given(st.text(max_size=400))
def test_what_nobody_was_given_is_nobodys(guess: str) -> None:
    _, line = new_token("x", Role.ADMIN, None, None)
    assert known(guess, parse(line, "tokens")[0], NOW) is None


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("x admin -", "3 words"),
        (f"x boss - {DIGEST} never", "monitor, agent, supervisor, admin"),
        (f"x agent - {DIGEST} never", "an agent's id"),
        (f"x admin 1001 {DIGEST} never", "an agent's id"),
        (f"x admin - {DIGEST[1:]} never", "64 hexadecimal"),
        (f"x admin - {DIGEST.upper()} never", "64 hexadecimal"),
        (f"x admin - {DIGEST} tomorrow", "YYYY-MM-DD"),
        (f"x/y admin - {DIGEST} never", "letters"),
    ],
)
def test_a_fault_says_line_and_cure(line: str, says: str) -> None:
    tokens, problems = parse(f"# tokens\n{line}\n", "http.tokens")
    assert not tokens
    assert len(problems) == 1
    assert str(problems[0]).startswith("http.tokens:2:1: ")
    assert says in str(problems[0])
    assert DIGEST[1:] not in str(problems[0]).lower()


def test_all_faults_are_told_at_once_and_the_sound_lines_stand() -> None:
    text = f"a admin - {DIGEST} never\nb\nc boss - {DIGEST} never\na admin - {'b' * 64} never\n"
    tokens, problems = parse(text, "tokens")
    assert [token.caller.name for token in tokens] == ["a"]
    assert [problem.line for problem in problems] == [2, 3, 4]


def write(path: Path, *lines: str) -> None:
    """Write the file so that its time stamp differs, however coarse the file system's is."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text("\n".join(lines) + "\n")
    os.utime(path, ns=(before + 10**9, before + 10**9))


def test_a_line_taken_out_stops_working_at_once(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    (one, line_one), (two, line_two) = (new_token(n, Role.ADMIN, None, None) for n in ("a", "b"))
    write(path, line_one, line_two)
    file = TokenFile(path)
    assert known(one, file.tokens(), NOW)
    write(path, line_two)
    assert known(one, file.tokens(), NOW) is None
    assert known(two, file.tokens(), NOW)
    write(path, "this is no token", line_one)
    assert known(one, file.tokens(), NOW), "a fault costs its own line only"
    assert known(two, file.tokens(), NOW) is None
    path.unlink()
    assert not file.tokens()


def test_a_daemon_does_not_start_with_a_broken_file(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    with pytest.raises(ConfigError, match="cannot be read"):
        TokenFile(path)
    write(path, "# nothing yet")
    with pytest.raises(ConfigError, match="holds no token"):
        TokenFile(path)
    write(path, new_token("a", Role.ADMIN, None, None)[1], "b")
    with pytest.raises(ConfigError, match=":2:1: 1 words"):
        TokenFile(path)
