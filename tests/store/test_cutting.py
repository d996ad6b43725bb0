"""What is left of a record is the same whichever store cuts it, and cut twice is cut once."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from acd.store.cutting import LEFT, cut_once, left_of, names, without
from tests.store.samples import ended

typed = st.lists(
    st.tuples(
        st.sampled_from(["contract", "recording_consent"]), st.sampled_from(["yes", "no", "1", ""])
    ),
    max_size=3,
).map(tuple)


@given(st.text(max_size=12), typed)
def test_cut_twice_is_cut_once(ani: str, pairs: tuple[tuple[str, str], ...]) -> None:
    record = ended(ani=ani, attributes=pairs)
    once = without(record)
    assert without(once) == once
    assert len(once.ani) <= 6 or ani.startswith("...")
    assert cut_once(ani) == once.ani
    left = left_of(msgspec.json.encode(pairs).decode())
    assert left == msgspec.json.encode(once.attributes).decode()
    assert "contract" not in left


def test_what_is_usually_left_need_not_be_looked_at_again() -> None:
    assert '[["recording_consent","yes"]]' in LEFT
    assert "[]" in LEFT


def test_all_of_it_is_all_of_it() -> None:
    record = ended(attributes=(("recording_consent", "yes"),))
    bare = without(record, all_of_it=True)
    assert (bare.ani, bare.attributes, bare.outcome) == ("", (), record.outcome)


def test_who_called_and_who_was_named() -> None:
    assert names(ended(ani="030555"), "0555")
    assert names(ended(ani="", attributes=(("x", "+4930555 1"),)), "555")
    assert not names(ended(ani="0555030"), "0555")
