"""Opening hours as operators write them, and what they are told when they write them wrong."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from acd.config.hours import compile_hours
from acd.config.loader import load
from acd.config.schema import HoursEntry
from acd.config.source import parse
from acd.core.calendar import Calendar
from tests.config.conftest import TODAY, Small

ROOT = Path(__file__).parent.parent.parent
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OFFICE = """\
office:
  time_zone: Europe/Berlin
  weekly:
    mon-thu: "07:30-17:00"
    fri: "07:30-13:00"
  holidays: DE-BE
  special_days:
    2026-12-24: closed
    2026-12-31: "08:00-12:00"
"""


def compiled(text: str, today: date = TODAY) -> dict[str, Calendar]:
    """The calendars of a file without mistakes."""
    source = parse(text.encode(), "hours.yaml")
    assert source.root is not None
    plain = source.root.plain()
    assert isinstance(plain, dict)
    entries = {name: HoursEntry.model_validate(entry) for name, entry in plain.items()}
    calendars = compile_hours(entries, source, today)
    assert source.problems == []
    return dict(calendars)


def hours(weekly: str, more: str = "", zone: str = "Europe/Berlin") -> Calendar:
    """The calendar of one entry; `weekly` and `more` are YAML in one line."""
    return compiled(f"x: {{time_zone: {zone}, weekly: {{{weekly}}}{more}}}")["x"]


def at(text: str, zone: str = "Europe/Berlin") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def open_times(held: Calendar, day: str) -> list[str]:
    """When it is open on a day, by the minute: `["07:30-17:00"]`."""
    minutes = [at(f"{day}T{n // 60:02}:{n % 60:02}") for n in range(1440)]
    states = [False, *(held.is_open(minute) for minute in minutes), False]
    edges = [n for n in range(1441) if states[n] != states[n + 1]]
    clock = [f"{n // 60:02}:{n % 60:02}" for n in edges]
    return [f"{start}-{end}" for start, end in zip(clock[::2], clock[1::2], strict=True)]


# -- what operators get --------------------------------------------------------------------------


def test_the_sample_has_an_office_that_keeps_the_holidays() -> None:
    plan = load(ROOT / "config", today=TODAY).plan
    assert set(plan.hours) == {"always", "service", "office"}
    office = plan.hours["office"]
    assert open_times(office, "2026-11-26") == ["07:30-17:00"]  # A Thursday.
    assert open_times(office, "2026-11-27") == ["07:30-13:00"]
    assert open_times(office, "2026-11-28") == []
    assert open_times(office, "2026-12-24") == []
    assert open_times(office, "2026-12-25") == []
    assert open_times(office, "2026-12-31") == ["08:00-12:00"]
    assert open_times(office, "2027-03-08") == []  # Women's day, a holiday in Berlin.


@pytest.mark.parametrize("text", [None, OFFICE])
def test_always_is_there_with_and_without_a_file(small: Small, text: str | None) -> None:
    if text is not None:
        small.write("config/hours.yaml", text)
    calendars = small.load().plan.hours
    assert set(calendars) == ({"always"} if text is None else {"always", "office"})
    assert calendars["always"].is_open(at("2026-12-25T03:00"))
    assert calendars["always"].next_change(at("2026-12-25T03:00")) is None


def test_the_fingerprint_changes_with_the_hours(small: Small) -> None:
    without = small.load().fingerprint
    small.write("config/hours.yaml", OFFICE)
    assert small.load().fingerprint != without


@pytest.mark.parametrize(
    ("weekly", "saturday", "sunday", "monday"),
    [
        ("sat: 08:00-12:00", ["08:00-12:00"], [], []),
        ("sat: closed, sun: 00:00-24:00", [], ["00:00-24:00"], []),
        ("sat-mon: 8:00-12:00", ["08:00-12:00"], ["08:00-12:00"], ["08:00-12:00"]),
        ("sat: '13:00-17:00, 08:00-12:00'", ["08:00-12:00", "13:00-17:00"], [], []),
        ("sat: '08:00-12:00,12:00-13:00'", ["08:00-13:00"], [], []),
        ("sat: 22:00-30:00", ["22:00-24:00"], ["00:00-06:00"], []),
        ("sat: 12:00-48:00", ["12:00-24:00"], ["00:00-24:00"], []),
        ("sun: 22:00-30:00", [], ["22:00-24:00"], ["00:00-06:00"]),
        ("sat-sun: 22:00-30:00", ["22:00-24:00"], ["00:00-06:00", "22:00-24:00"], ["00:00-06:00"]),
    ],
)
def test_hours_are_read_as_they_are_written(
    weekly: str, saturday: list[str], sunday: list[str], monday: list[str]
) -> None:
    held = hours(weekly)
    assert open_times(held, "2026-11-28") == saturday
    assert open_times(held, "2026-11-29") == sunday
    assert open_times(held, "2026-11-30") == monday


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    held = hours("mon-sun: 22:00-30:00", ", special_days: {2026-11-25: closed}")
    assert open_times(held, "2026-11-25") == ["00:00-06:00"]
    assert open_times(held, "2026-11-26") == ["22:00-24:00"]


def test_a_special_night_goes_on_in_the_morning_after() -> None:
    held = hours("mon-fri: 08:00-16:00", ", special_days: {2026-12-31: '20:00-26:00'}")
    assert open_times(held, "2026-12-31") == ["20:00-24:00"]
    assert open_times(held, "2027-01-01") == ["00:00-02:00", "08:00-16:00"]


def test_a_special_day_wins_over_a_holiday() -> None:
    held = hours(
        "mon-sun: 08:00-16:00", ", holidays: DE-BE, special_days: {2026-12-25: '10:00-12:00'}"
    )
    assert open_times(held, "2026-12-25") == ["10:00-12:00"]
    assert open_times(held, "2026-12-26") == []


@pytest.mark.parametrize(
    ("place", "open_there"),
    [
        ("DE", {"2026-03-08", "2026-06-04", "2026-10-31"}),
        ("DE-BE", {"2026-06-04", "2026-10-31"}),
        ("DE-BB", {"2026-03-08", "2026-06-04"}),
        ("DE-NW", {"2026-03-08", "2026-10-31"}),
    ],
)
def test_states_have_holidays_of_their_own(place: str, open_there: set[str]) -> None:
    """Women's Day, Corpus Christi and Reformation Day, and what all of Germany keeps."""
    held = hours("mon-sun: 08:00-16:00", f", holidays: {place}")
    days = ["2026-03-08", "2026-06-04", "2026-10-31", "2026-10-03", "2026-04-03", "2026-12-25"]
    assert {day for day in days if held.is_open(at(f"{day}T12:00"))} == open_there


def test_holidays_are_known_from_last_year_for_ten_years() -> None:
    held = hours("mon-sun: 08:00-16:00", ", holidays: DE")
    new_year = {year: held.is_open(at(f"{year}-01-01T12:00")) for year in range(2024, 2038)}
    assert [year for year, is_open in new_year.items() if not is_open] == list(range(2025, 2037))


@pytest.mark.slow
def test_only_the_country_that_is_named_is_imported_and_none_when_none_is() -> None:
    """All of them would cost the start of the daemon 90 ms and 7 MB."""
    program = """
import sys
from tests.config.test_hours import OFFICE, compiled
compiled(OFFICE.replace("holidays: DE-BE", ""))
assert "holidays" not in sys.modules
compiled(OFFICE)
print(*(name for name in sys.modules if name.startswith("holidays.countries")))
import holidays
assert holidays.country_holidays("FR", years=2026) and holidays.countries.DE
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("holidays.countries.germany\n", "")


# -- time zones ----------------------------------------------------------------------------------


ZONES = """
    Africa/Cairo Africa/Casablanca America/New_York America/St_Johns Asia/Kathmandu
    Australia/Lord_Howe Europe/Berlin Pacific/Apia UTC
"""


@given(
    st.sampled_from(ZONES.split()),
    st.datetimes(datetime(2025, 1, 1), datetime(2036, 12, 30)),  # noqa: DTZ001
)
@example("Europe/Berlin", datetime(2036, 10, 26, 0, 59, 59))  # noqa: DTZ001
@example("Europe/Berlin", datetime(2036, 10, 26, 1, 0, 0))  # noqa: DTZ001
def test_local_time_is_the_zones_own(zone: str, moment: datetime) -> None:
    held = hours("mon: closed", zone=zone)
    now = moment.replace(tzinfo=UTC).timestamp()
    local = datetime.fromtimestamp(now, ZoneInfo(zone))
    assert held.local_minute(now) == (local.toordinal(), local.hour * 60 + local.minute)


def test_an_office_opens_by_the_wall_clock_in_summer_and_in_winter() -> None:
    held = hours("mon-sun: 07:30-17:00")
    saturday = at("2026-10-24T12:00")
    closes = held.next_change(saturday)
    assert closes is not None
    opens = held.next_change(closes)
    assert opens is not None
    assert datetime.fromtimestamp(closes, UTC).hour == 15
    assert opens - closes == timedelta(hours=15, minutes=30).total_seconds()


# -- what operators are told ---------------------------------------------------------------------

MISTAKES = [
    ("Europe/Berlin", "Europe/Berln",
     '2:14: unknown time zone "Europe/Berln", did you mean "Europe/Berlin"?; '
     "write it as the tz database does, for example Europe/Berlin"),
    ("Europe/Berlin", "Europe",
     '2:14: unknown time zone "Europe"; '
     "write it as the tz database does, for example Europe/Berlin"),
    ("Europe/Berlin", "../../etc/passwd",
     '2:14: "time_zone" cannot be "../../etc/passwd"; '
     "a time zone is written like Europe/Berlin"),
    ('"07:30-17:00"', "7.30-17",
     '4:14: "mon-thu" cannot be "7.30-17"; '
     'hours are written like "07:30-17:00", "08:00-12:00, 13:00-17:00" or closed'),
    ('"07:30-17:00"', "07:30-17:60",
     '4:14: "mon-thu" cannot be "07:30-17:60"; '
     'hours are written like "07:30-17:00", "08:00-12:00, 13:00-17:00" or closed'),
    ('"07:30-17:00"', "17:00-07:30",
     '4:14: "17:00-07:30" does not end after it begins; '
     "if it ends on the next day, write 17:00-31:30"),
    ('"07:30-17:00"', "07:30-07:30",
     '4:14: "07:30-07:30" does not end after it begins; '
     "if it ends on the next day, write 07:30-31:30"),
    ('"07:30-17:00"', "24:00-25:00",
     '4:14: "24:00-25:00" begins on another day; begin it before 24:00'),
    ('"07:30-17:00"', "07:30-48:30",
     '4:14: "07:30-48:30" is longer than to the end of the next day; at most 48:00'),
    ('"07:30-17:00"', '"13:00-17:00, 07:30-13:01"',
     '4:14: "07:30-13:01" and "13:00-17:00" overlap; let one end before the other begins'),
    ("mon-thu", "tue-thu: 22:00-32:00\n    mon",
     '4:14: "thu" overlaps "fri" after midnight; end it by 31:30'),
    ("mon-thu", "mo-th",
     '4:5: "mo-th" cannot be a key here; '
     "a weekday or several: mon, tue, wed, thu, fri, sat, sun, mon-thu"),
    ("fri:", "wed-fri:",
     '5:5: "wed-fri" names wed, thu again; first in line 4: keep one'),
    ("fri:", "mon-thu:",
     '5:5: "mon-thu" stands here twice; first in line 4: keep one'),
    ("DE-BE", "DE-BX",
     '6:13: "DE" has no state "BX" with holidays of its own; allowed: DE, DE-BB, DE-BE, DE-BW, '
     "DE-BY, DE-HB, DE-HE, DE-HH, DE-MV, DE-NI, DE-NW, DE-RP, DE-SH, DE-SL, DE-SN, DE-ST, "
     "DE-TH, DE-Augsburg"),
    ("DE-BE", "XX-BE",
     '6:13: no holidays are known of a country "XX"; '
     "write its code of ISO 3166, with or without a state: DE, DE-BE"),
    ("DE-BE", "Berlin",
     '6:13: "holidays" cannot be "Berlin"; '
     "a country or a state of it is written like DE or DE-BE"),
    ("2026-12-24", "24.12.2026",
     '8:5: "24.12.2026" cannot be a key here; a date is year, month, day: 2026-12-24'),
    ("2026-12-24", "2026-02-30",
     '8:5: there is no day "2026-02-30"; a date is year, month, day: 2026-12-24'),
    ("2026-12-31", "2026-12-24",
     '9:5: "2026-12-24" stands here twice; first in line 8: keep one'),
    ("closed", "shut",
     '8:17: "2026-12-24" cannot be "shut"; '
     'hours are written like "07:30-17:00", "08:00-12:00, 13:00-17:00" or closed'),
    ("holidays", "holiday",
     '6:3: unknown key "holiday", did you mean "holidays"?; '
     "allowed: time_zone, weekly, holidays, special_days"),
    ("  time_zone: Europe/Berlin\n", "",
     '1:1: "time_zone" is missing; it is for: whose wall clock is meant, as the tz database '
     "calls it, for example Europe/Berlin"),
    ("office:", "always:",
     '1:1: "always" is built in: day and night; remove it, or give these hours another name'),
    ("office:", "Office hours:",
     '1:1: "Office hours" cannot be a name; '
     "small letters, digits and _, a letter first, at most 32"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "problem"), MISTAKES)
def test_each_mistake_is_told_with_its_place(
    small: Small, old: str, new: str, problem: str
) -> None:
    assert OFFICE.count(old) == 1
    small.write("config/hours.yaml", OFFICE.replace(old, new))
    assert small.told() == [f"config/hours.yaml:{problem}"]


def test_all_mistakes_are_told_at_once_and_with_those_of_other_files(small: Small) -> None:
    text = OFFICE.replace("Europe/Berlin", "Europa/Berlin").replace("DE-BE", "DE-XY")
    text = text.replace("17:00", "5:00").replace("2026-12-24", "2026-13-24")
    small.write("config/hours.yaml", text)
    small.edit("config/agents.yaml", "PJSIP/1002", "SIP/1002")
    places = [problem.split(": ")[0] for problem in small.told()]
    assert places == [
        "config/agents.yaml:7:10",
        "config/hours.yaml:2:14",
        "config/hours.yaml:4:14",
        "config/hours.yaml:6:13",
        "config/hours.yaml:8:5",
    ]


def test_a_machine_without_time_zones_is_told_so(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acd.config.hours.available_timezones", set)
    small.write("config/hours.yaml", OFFICE.replace("Europe/Berlin", "Europe/Nowhere"))
    assert small.told() == [
        "config/hours.yaml:2:14: this machine has no time zones; "
        "install the system's package tzdata"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "config/hours.yaml: the file is empty"),
        ("- office", "config/hours.yaml:1:1: the file must be a mapping; "
         "write lines of the form name: {...}"),
        ("office:", 'config/hours.yaml:1:1: "office" is empty; write at least time_zone, weekly'),
        ("office: {time_zone: UTC, weekly: {}}",
         'config/hours.yaml:1:26: "weekly" is empty; at least 1 needed'),
    ],
)  # fmt: skip
def test_a_file_of_the_wrong_shape_is_told(small: Small, text: str, problem: str) -> None:
    small.write("config/hours.yaml", text)
    assert small.told() == [problem]


def test_every_weekday_has_a_name_in_the_order_of_the_calendar() -> None:
    for number, weekday in enumerate(WEEKDAYS):
        held = hours(f"{weekday}: 08:00-12:00")
        assert [bool(day) for day in held.weekly] == [n == number for n in range(7)]
