"""Framing must not depend on how TCP cut the stream, and what is sent must come back the same."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.ami.wire import (
    RECEIVED,
    Framer,
    Headers,
    WireError,
    WireLimits,
    encode,
    event_name,
    is_response,
    parse,
    timestamp,
)

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
HANGUP = b"Event: Hangup\r\nChannel: PJSIP/trunk-00000001\r\nCause: 16"
RESPONSE = b"Response: Success\r\nActionID: a-1\r\nMessage: Added AGI command to queue"
NAMED = "Event: DialBegin\r\nDestCallerIDName: Jörg Müller 水".encode()

names = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=20)
values = st.text(st.characters(exclude_characters="\r\n\0", codec="utf-8"), max_size=60)
hostile_values = st.text(st.sampled_from("a: \r\n\x85é"), max_size=12).filter(
    lambda text: "\r\n" not in text and not text.startswith(" ") and not text.endswith("\r")
)
messages = st.lists(st.tuples(names, values), min_size=1, max_size=8)


def cut(stream: bytes, at: list[int]) -> list[bytes]:
    edges = [0, *sorted(position % (len(stream) + 1) for position in at), len(stream)]
    return [stream[start:end] for start, end in pairwise(edges)]


def fed(chunks: list[bytes], limits: WireLimits = RECEIVED) -> tuple[list[bytes], Framer]:
    framer = Framer(limits)
    return [frame for chunk in chunks for frame in framer.feed(chunk)], framer


class TestFraming:
    def test_a_whole_conversation_in_one_chunk(self) -> None:
        frames, framer = fed([GREETING + RESPONSE + b"\r\n\r\n" + HANGUP + b"\r\n\r\n"])
        assert frames == [RESPONSE, HANGUP]
        assert framer.greeting == "Asterisk Call Manager/11.0.0"
        assert framer.pending == 0

    def test_byte_by_byte_cuts_no_utf8_character(self) -> None:
        stream = GREETING + NAMED + b"\r\n\r\n" + HANGUP + b"\r\n\r\n"
        frames, framer = fed([bytes([byte]) for byte in stream])
        assert frames == [NAMED, HANGUP]
        assert framer.greeting == "Asterisk Call Manager/11.0.0"
        assert parse(frames[0]).get("DestCallerIDName") == "Jörg Müller 水"

    def test_trailing_data_is_kept_for_the_next_feed(self) -> None:
        framer = Framer()
        assert framer.feed(HANGUP + b"\r\n\r\nEvent: Dial") == [HANGUP]
        assert framer.pending == len(b"Event: Dial")
        assert framer.feed(b"End\r\n\r\n") == [b"Event: DialEnd"]

    def test_a_truncated_last_message_is_never_returned(self) -> None:
        for end in range(1, len(HANGUP) + 3):
            frames, framer = fed([RESPONSE + b"\r\n\r\n" + (HANGUP + b"\r\n\r\n")[:end]])
            assert frames == [RESPONSE]
            assert framer.pending == end

    def test_a_stream_without_greeting(self) -> None:
        frames, framer = fed([b"A", b"ction: Ping\r\n", b"\r\n"])
        assert frames == [b"Action: Ping"]
        assert framer.greeting == ""

    def test_blank_lines_between_messages_are_nothing(self) -> None:
        assert fed([b"\r\n\r\n\r\nA: 1\r\n\r\n\r\n\r\n\r\nB: 2\r\n\r\n"])[0] == [
            b"A: 1",
            b"B: 2",
        ]

    @pytest.mark.slow
    @given(
        st.lists(messages, max_size=6),
        st.lists(st.integers(0), max_size=30),
        st.booleans(),
    )
    def test_any_cut_gives_the_same_messages(
        self, sent: list[list[tuple[str, str]]], at: list[int], greeted: bool
    ) -> None:
        stream = (GREETING if greeted else b"") + b"".join(encode(headers) for headers in sent)
        frames, framer = fed(cut(stream, at))
        assert [list(parse(frame).items()) for frame in frames] == sent
        assert framer.dropped == {}
        assert framer.pending == 0

    @given(st.binary(max_size=400), st.lists(st.integers(0), max_size=20))
    def test_any_bytes_at_all_frame_the_same_however_cut(self, junk: bytes, at: list[int]) -> None:
        limits = WireLimits(max_line_bytes=30, max_headers=3, max_message_bytes=60)
        stream = junk + b"\r\n\r\n" + b"Event: X\r\n\r\n"
        whole, one = fed([stream], limits)
        pieces, other = fed(cut(stream, at), limits)
        assert whole == pieces
        assert one.dropped == other.dropped
        assert whole[-1] == b"Event: X"
        for frame in whole:
            parse(frame)

    @given(
        st.lists(st.sampled_from([b"\r\n\r\n", b"\r\n", b"\r", b"\n", b"A" * 29, b"x: y"])),
        st.lists(st.integers(0), max_size=40),
    )
    def test_separators_everywhere_frame_the_same_however_cut(
        self, parts: list[bytes], at: list[int]
    ) -> None:
        limits = WireLimits(max_line_bytes=30, max_headers=3, max_message_bytes=60)
        stream = b"".join(parts) + b"\r\n\r\n"
        whole, one = fed([stream], limits)
        pieces, other = fed(cut(stream, at), limits)
        assert (whole, one.dropped) == (pieces, other.dropped)


class TestLimits:
    LIMITS = WireLimits(max_line_bytes=100, max_headers=5, max_message_bytes=300)

    @pytest.mark.parametrize(
        ("oversize", "reason"),
        [
            (b"Event: X\r\nA: " + b"y" * 1000, "message_too_long"),
            (b"Event: X\r\nA: " + b"y" * 120, "line_too_long"),
            (b"\r\n".join([b"A: 1"] * 6), "too_many_headers"),
        ],
    )
    @pytest.mark.parametrize("step", [1, 7, 5000])
    def test_an_oversize_message_costs_only_itself(
        self, oversize: bytes, reason: str, step: int
    ) -> None:
        stream = HANGUP + b"\r\n\r\n" + oversize + b"\r\n\r\n" + HANGUP + b"\r\n\r\n"
        chunks = [stream[at : at + step] for at in range(0, len(stream), step)]
        frames, framer = fed(chunks, self.LIMITS)
        assert frames == [HANGUP, HANGUP]
        assert framer.dropped == {reason: 1}

    def test_an_endless_message_does_not_grow_the_buffer(self) -> None:
        framer = Framer(self.LIMITS)
        for _ in range(1000):
            framer.feed(b"y" * 1000)
        assert framer.pending < 10
        assert framer.feed(b"\r\n\r\n" + HANGUP + b"\r\n\r\n") == [HANGUP]
        assert framer.dropped == {"message_too_long": 1}


class TestReadingWithoutParsing:
    def test_event_name(self) -> None:
        assert event_name(HANGUP) == b"Hangup"
        assert event_name(b"Event: Shutdown") == b"Shutdown"
        assert event_name(RESPONSE) == b""
        assert event_name(b"Channel: x\r\nEvent: Hangup") == b""

    def test_timestamp(self) -> None:
        assert timestamp(b"Event: Hangup\r\nTimestamp: 17.25\r\nX: 1") == 17.25
        assert timestamp(b"Response: Success\r\nPing: Pong\r\nTimestamp: 17.25") == 17.25
        for frame in (RESPONSE, b"Event: X\r\nTimestamp: now", b"Event: X\r\nTimestamp: "):
            assert timestamp(frame) is None

    def test_is_response(self) -> None:
        assert is_response(RESPONSE)
        assert not is_response(HANGUP)


class TestHeaders:
    HEADERS = parse(b"Event: X\r\nchanvariable: A=1\r\nChanVariable: B=2\r\nEmpty: \r\nTight:v")

    def test_names_compare_without_case_and_the_first_wins(self) -> None:
        assert self.HEADERS.get("ChanVariable") == "A=1"
        assert self.HEADERS.all("CHANVARIABLE") == ("A=1", "B=2")
        assert self.HEADERS["event"] == "X"
        assert self.HEADERS.get("missing") == ""
        assert self.HEADERS.get("missing", "-") == "-"
        assert "EMPTY" in self.HEADERS
        assert self.HEADERS.get("tight") == "v"

    def test_several_are_picked_as_one_by_one(self) -> None:
        names = ("cause", "Uniqueid", "Missing", "Event")
        for again in range(2):
            headers = parse(b"Event: Hangup\r\nUniqueid: 1.%d\r\nCause: 16\r\nCause: 17" % again)
            assert headers.pick(names) == tuple(headers.get(name) for name in names)
            assert headers.pick(names) == ("16", f"1.{again}", "", "Hangup")
            assert headers.pick(names[:2]) == ("16", f"1.{again}")

    def test_first_and_duplicates(self) -> None:
        assert self.HEADERS.first == "Event"
        assert self.HEADERS.duplicates() == ("chanvariable",)
        assert parse(HANGUP).duplicates() == ()
        assert parse(b"").first == ""

    def test_a_missing_name_raises_when_indexed(self) -> None:
        with pytest.raises(KeyError):
            self.HEADERS["Missing"]

    def test_lines_that_are_no_headers_are_counted(self) -> None:
        headers = parse(b"Event: X\r\nno colon here\r\n: no name\r\nA: 1")
        assert headers.items() == (("Event", "X"), ("A", "1"))
        assert headers.malformed == 2

    def test_broken_utf8_becomes_the_replacement_character(self) -> None:
        assert parse(b"Name: M\xfcller\r\nNext: \xe2\x82\r\nLast: 1").items() == (
            ("Name", "M�ller"),
            ("Next", "�"),
            ("Last", "1"),
        )

    def test_a_smuggled_line_feed_stays_in_its_value_unless_asked_to_read_as_asterisk(
        self,
    ) -> None:
        frame = b"Event: X\r\nCallerIDName: Eve\nChannel: PJSIP/other"
        assert parse(frame).get("Channel") == ""
        assert parse(frame, bare_lf=True).get("Channel") == "PJSIP/other"

    @pytest.mark.slow
    @given(st.lists(st.tuples(names, values), min_size=2, max_size=6), st.data())
    def test_a_shape_seen_before_reads_the_same(
        self, headers: list[tuple[str, str]], data: st.DataObject
    ) -> None:
        """The quick way through a known shape must give what the slow one gives."""
        for _ in range(3):
            again = [(name, data.draw(hostile_values)) for name, _ in headers]
            frame = "\r\n".join(f"{name}: {value}" for name, value in again).encode()
            fresh = "\r\n".join(f"{name}:{value}" for name, value in again).encode()
            assert parse(frame) == parse(fresh)
            assert parse(frame).duplicates() == parse(fresh).duplicates()
            assert parse(frame).malformed == parse(fresh).malformed

    def test_equality(self) -> None:
        assert Headers([("A", "1")]) == parse(b"A: 1")
        assert len({Headers([("A", "1")]), parse(b"A: 1")}) == 1


class TestEncoding:
    @given(messages)
    def test_what_is_sent_comes_back_the_same(self, headers: list[tuple[str, str]]) -> None:
        frames, _ = fed([encode(headers)])
        assert [list(parse(frame).items()) for frame in frames] == [headers]

    @pytest.mark.parametrize(
        "header",
        [
            ("Variable", "A=1\r\nAction: Originate"),
            ("Variable", "A=1\nAction: Originate"),
            ("Variable", "A=1\r"),
            ("Variable", "A\0"),
            ("Variable", "\ud800"),
            ("Vari\r\nable", "x"),
            ("Variable: x", "y"),
            ("Vari able", "y"),
            ("", "x"),
            ("Variable", "x" * 1013),
            ("Variable", "ü" * 507),
        ],
    )
    def test_what_would_be_read_as_something_else_is_refused(self, header: tuple[str, str]) -> None:
        with pytest.raises(WireError) as refused:
            encode([("Action", "Setvar"), header])
        assert "Originate" not in str(refused.value)

    def test_the_longest_line_that_fits(self) -> None:
        assert len(encode([("Variable", "x" * 1012)])) == 1024 + len(b"\r\n")

    def test_128_headers_fit_and_129_do_not(self) -> None:
        encode([("A", "1")] * 128)
        with pytest.raises(WireError):
            encode([("A", "1")] * 129)

    def test_nothing_at_all_is_no_message(self) -> None:
        with pytest.raises(WireError):
            encode([])
