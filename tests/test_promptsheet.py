"""The report on prompts as it is printed: what is to be done, and nothing that is right."""

import io
import json

from acd.config.promptreport import Fault, Finding, Report, Row, State
from acd.promptsheet import in_json, show

GOOD = Row(name="de/main/welcome", state=State.SPOKEN, files=["de/main/welcome.3f9a1c2e.wav"],
           seconds=5.3, peak_db=-1.4, level_db=-19.0)  # fmt: skip
CLIPPED = Row(name="en/main/welcome", state=State.RECORDED, files=["en/main/welcome.wav"],
              seconds=4.1, peak_db=0.0, level_db=-9.0,
              findings=[Finding(Fault.CLIPPED, "812 samples at full scale")])  # fmt: skip
GONE = Row(name="de/main/old.12345678.wav", state=State.UNUSED, files=["de/main/old.12345678.wav"])


def printed(*rows: Row, notice: str = "", everything: bool = False) -> list[str]:
    out = io.StringIO()
    show(Report(rows=list(rows), notice=notice), out, everything=everything)
    return [" ".join(line.split()) for line in out.getvalue().splitlines()]


def test_what_is_to_be_done_shows_and_what_is_right_is_counted() -> None:
    assert printed(GOOD, CLIPPED, GONE) == [
        "prompt is s peak level what is wrong",
        "en/main/welcome recorded 4.1 0.0 -9.0 clipped: 812 samples at full scale",
        "de/main/old.12345678.wav unused",
        "2 prompts: 1 recorded, 1 spoken, 1 unused, 1 clipped",
    ]


def test_everything_shows_when_it_is_asked_for() -> None:
    assert "de/main/welcome spoken 5.3 -1.4 -19.0" in printed(GOOD, CLIPPED, everything=True)


def test_without_anything_to_do_there_is_one_line() -> None:
    assert printed(GOOD) == ["1 prompts: 1 spoken"]


def test_why_nothing_was_measured_is_told() -> None:
    assert printed(GOOD, notice="sox is not installed") == [
        "sox is not installed",
        "1 prompts: 1 spoken",
    ]


def test_names_are_text_whatever_they_hold() -> None:
    told = printed(Row(name="de/[red]x\x1b[2J.wav", state=State.UNUSED))
    assert "de/[red]x?[2J.wav unused" in told


def test_json_has_all_of_it() -> None:
    told = json.loads(in_json(Report(rows=[GOOD, CLIPPED])))
    assert [row["name"] for row in told["rows"]] == ["de/main/welcome", "en/main/welcome"]
    assert told["rows"][1]["findings"] == [
        {"fault": "clipped", "detail": "812 samples at full scale"}
    ]
    assert (told["grave"], told["notice"]) == (True, "")
    assert (told["counts"]["spoken"], told["counts"]["clipped"], told["counts"]["missing"]) == (
        1,
        1,
        0,
    )
