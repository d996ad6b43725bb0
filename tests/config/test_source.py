"""YAML text becomes a tree with places, or a problem with a place; it never costs much."""

import pytest
import yaml

from acd.config import source
from acd.config.source import MAX_BYTES, MAX_DEPTH, MAX_PROBLEMS, Source, Value, parse


def plain(text: str) -> Value:
    root = parse(text.encode(), "x.yaml").root
    return root.plain() if root else None


def told(data: str | bytes) -> list[str]:
    found = parse(data.encode() if isinstance(data, str) else data, "x.yaml")
    return [str(problem) for problem in found.problems]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a: no", {"a": "no"}),
        ("off: on", {"off": "on"}),
        ("a: 08", {"a": "08"}),
        ("a: 0x1f", {"a": "0x1f"}),
        ("a: 12:30", {"a": "12:30"}),
        ("a: 2026-01-01", {"a": "2026-01-01"}),
        ("1: x", {"1": "x"}),
        ('"*30": x', {"*30": "x"}),
        ("a:\nb: ~\nc: null\nd: ''", {"a": None, "b": None, "c": None, "d": ""}),
        ('a: "null"', {"a": "null"}),
        ("- [1, {b: c}]\n- |\n  two\n  lines\n", [["1", {"b": "c"}], "two\nlines\n"]),
        ("a: &x [1]\nb: *x", {"a": ["1"], "b": ["1"]}),
        ("\ufeffa: b", {"a": "b"}),
    ],
)
def test_scalars_stay_what_was_written(text: str, read: Value) -> None:
    assert plain(text) == read


def test_places_count_lines_and_columns_from_one() -> None:
    found = parse(b"fault:\n  needs: {skill: 3}\n  list:\n  - one\n  - two\n", "x.yaml")
    assert found.place("fault", "needs", "skill") == (2, 18)
    assert found.place("fault", "needs", "skill", key=True) == (2, 11)
    assert found.place("fault", "needs") == (2, 3)
    assert found.place("fault", "list", 1) == (5, 5)
    assert found.place("fault", "missing", "deeper") == (1, 1)


def test_what_has_a_problem_anywhere_in_it_is_not_clean() -> None:
    found = parse(b"fault:\n  needs: {skill: 3}\n  list:\n  - one\n  - two\nrest: 1\n", "x.yaml")
    assert found.is_clean("fault")
    found.blame(("fault", "list", 1), "wrong")
    assert not found.is_clean("fault")
    assert not found.is_clean("fault", "list")
    assert found.is_clean("fault", "list", 0)
    assert found.is_clean("fault", "needs")
    assert found.is_clean("fault", "nowhere")
    assert found.is_clean("rest")
    found.blame(("rest",), "cannot be a name", key=True)
    assert not found.is_clean("rest")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("", "x.yaml: the file is empty"),
        ("# nothing\n", "x.yaml: the file is empty"),
        ("a: 1\na: 2", 'x.yaml:2:1: "a" stands here twice; first in line 1: keep one'),
        ("a: 1\n? [x]\n: 2", "x.yaml:2:3: a list or mapping cannot be a key; "
         "write a word or a number"),
        ("~: 1", "x.yaml:1:1: a key is empty; write a word or a number before the colon"),
        ("a: {<<: {b: 1}}", 'x.yaml:1:5: merge keys ("<<") are not read; write the keys out'),
        ("a: 1\n---\nb: 2", 'x.yaml:2:1: a second document starts here; remove the line "---"'),
        ("*30: x", 'x.yaml:1:1: "*30" without quotes stands for something named before; '
         'write it in quotes: "*30"'),
        ("a: !!int 3", 'x.yaml:1:4: tags such as "tag:yaml.org,2002:int" are not read; '
         "remove it, or quote the text"),
        ("a: &x [*x]", 'x.yaml:1:8: "*x" without quotes stands for something named before; '
         'write it in quotes: "*x"'),
        (b"a: 1\nb: \xff", "x.yaml:2:4: byte 0xff is not UTF-8; save the file as UTF-8"),
        ("a: 1\nb: \x07", "x.yaml:2:4: a character that YAML does not allow; remove it"),
        ("a:\n\tb: 1", "x.yaml:2:1: not valid YAML: found character that cannot start any token; "
         "indent with spaces, never with tabs"),
        ("a: [1, 2", "x.yaml:1:9: not valid YAML: did not find expected ',' or ']'; "
         "check quotes, colons and indentation just before"),
        ('a: "b', "x.yaml:1:6: not valid YAML: found unexpected end of stream; "
         "check quotes, colons and indentation just before"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_with_its_place(data: str | bytes, problem: str) -> None:
    assert told(data) == [problem]


def test_reading_goes_on_after_a_duplicate_key() -> None:
    assert len(told("a: 1\na: 2\nb: 1\nb: 2")) == 2


def test_depth_is_bounded() -> None:
    assert told("[" * MAX_DEPTH + "]" * MAX_DEPTH) == []
    assert told("[" * 100_000) == [
        f"x.yaml:1:{MAX_DEPTH + 1}: nested deeper than {MAX_DEPTH} levels"
    ]


def test_a_few_lines_cannot_stand_for_billions() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    (problem,) = told("\n".join(lines))
    assert "aliases expanded; split the file" in problem


def test_a_hopeless_file_is_told_in_short() -> None:
    said = told("a: 1\n" * 10_000)
    assert len(said) == MAX_PROBLEMS + 1
    assert said[-1] == "x.yaml: more may be wrong: the first 100 problems are told"


def test_length_is_bounded() -> None:
    assert told("a" * (MAX_BYTES + 1)) == [
        f"x.yaml: the file is longer than {MAX_BYTES} bytes; split it"
    ]


def test_reading_needs_no_compiled_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: &x {b: [1, no]}\nc: *x\nd: ''\ne:\n"
    compiled = parse(text.encode(), "x.yaml")
    monkeypatch.setattr(source, "_PARSER", yaml.SafeLoader)
    assert parse(text.encode(), "x.yaml") == compiled


def test_a_problem_of_what_is_not_there_stands_where_it_would_go() -> None:
    found = parse(b"a:\n  b: 1\n", "x.yaml")
    found.blame(("a", "c"), "c is missing")
    assert [str(problem) for problem in found.problems] == ["x.yaml:1:1: c is missing"]


def test_nothing_is_found_in_a_file_that_is_not_there() -> None:
    gone = Source("x.yaml", None)
    assert gone.node("a", 1) is None
    assert list(gone.keys_at("a")) == []
    assert gone.place("a") == (1, 1)
