"""How fast the link reads AMI, beside stock panoramisk: `make bench-ami`.

Both read the same recorded, unfiltered stream of a real Asterisk in this process, cut into the
same chunks, in turns; the figures are medians over the rounds. acd's side is all of it: framing,
dropping by name, and the typed message of every event that is wanted. panoramisk's side is its
own protocol and its dispatch, with a callback for each event acd wants. Seconds are this process's
CPU seconds, so that what else runs on the machine counts for neither.
"""

import argparse
import asyncio
import gc
import gzip
import json
import random
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager

from acd.ami.client import Connection, Link, LinkSettings, Stage
from acd.ami.items import FramesReceived, LinkItem
from acd.ami.messages import WANTED_EVENTS, Rejected, read
from acd.core.ids import PbxId

RECORDINGS = Path(__file__).parent.parent / "tests" / "recordings"
AT_LEAST_MESSAGES = 20_000


def recorded(path: Path | None) -> bytes:
    """The stream as it came from the socket, repeated until it is long enough to be timed."""
    if path is None:
        found = sorted(RECORDINGS.glob("unfiltered.ami*"))
        if not found:
            raise SystemExit(f"bench: no unfiltered.ami below {RECORDINGS}; record one first")
        path = found[0]
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    data = data[: data.rindex(b"\r\n\r\n") + 4]
    return data * (1 + AT_LEAST_MESSAGES // data.count(b"\r\n\r\n"))


def chunked(data: bytes, seed: int) -> list[bytes]:
    """The stream as reads of 4 to 64 kB, as a busy socket gives them."""
    rng = random.Random(seed)
    chunks = []
    at = 0
    while at < len(data):
        size = rng.randint(4_096, 65_536)
        chunks.append(data[at : at + size])
        at += size
    return chunks


class AcdSide:
    """The daemon's own path, from bytes to typed messages."""

    def __init__(self) -> None:
        self.wanted: list[bytes] = []
        self.typed = 0
        settings = LinkSettings(PbxId("bench"), "127.0.0.1", 5038, "acd", "")
        self.link = Link(settings, self._take)

    def _take(self, item: LinkItem) -> None:
        if isinstance(item, FramesReceived):
            for frame in item.frames:
                message = read(frame, "", ())
                if message is not None and not isinstance(message, Rejected):
                    self.typed += 1

    def round_seconds(self, chunks: Sequence[bytes]) -> float:
        """Read the whole stream once."""
        connection = Connection(self.link, 1)
        connection.stage = Stage.LIVE
        began = time.process_time()
        for chunk in chunks:
            connection.data_received(chunk)
        return time.process_time() - began


class PanoramiskSide:
    """panoramisk as its documentation shows it."""

    def __init__(self) -> None:
        self.seen = 0
        self.manager = Manager(loop=asyncio.get_running_loop())
        self.manager.callbacks.clear()
        self.manager.patterns.clear()
        for name in WANTED_EVENTS:
            self.manager.register_event(name.decode(), self._take)

    def _take(self, _manager: object, _event: object) -> None:
        self.seen += 1

    def round_seconds(self, chunks: Sequence[bytes]) -> float:
        """Read the whole stream once."""
        protocol = AMIProtocol()
        protocol.connection_made(None)
        protocol.factory = self.manager
        protocol.encoding = "utf8"
        began = time.process_time()
        for chunk in chunks:
            protocol.data_received(chunk)
        return time.process_time() - began


def typed_microseconds(chunks: Sequence[bytes]) -> float:
    """What one wanted frame costs from bytes to its typed value."""
    frames: list[bytes] = []
    link = Link(
        LinkSettings(PbxId("bench"), "127.0.0.1", 5038, "acd", ""),
        lambda item: frames.extend(item.frames) if isinstance(item, FramesReceived) else None,
    )
    connection = Connection(link, 1)
    connection.stage = Stage.LIVE
    for chunk in chunks:
        connection.data_received(chunk)
    began = time.process_time()
    for frame in frames:
        read(frame, "", ())
    return 1e6 * (time.process_time() - began) / len(frames)


async def measure(path: Path | None, rounds: int, seed: int) -> dict[str, object]:
    """All rounds, in turns, and the figures."""
    data = recorded(path)
    chunks = chunked(data, seed)
    messages = data.count(b"\r\n\r\n")
    acd, panoramisk = AcdSide(), PanoramiskSide()
    acd_seconds, panoramisk_seconds = [], []
    for _ in range(rounds):
        gc.collect()
        acd_seconds.append(acd.round_seconds(chunks))
        gc.collect()
        panoramisk_seconds.append(panoramisk.round_seconds(chunks))
    acd_rate = messages / statistics.median(acd_seconds)
    panoramisk_rate = messages / statistics.median(panoramisk_seconds)
    if not acd.typed or not panoramisk.seen:
        raise SystemExit("bench: one side has seen nothing; is this an AMI stream?")
    return {
        "bench": "ami",
        "acd_messages_per_s": round(acd_rate),
        "panoramisk_messages_per_s": round(panoramisk_rate),
        "ratio": round(acd_rate / panoramisk_rate, 1),
        "wanted_share": round(acd.typed / (rounds * messages), 3),
        "us_per_typed_message": round(
            statistics.median(typed_microseconds(chunks) for _ in range(rounds)), 2
        ),
    }


def main() -> None:
    """Print what was measured; the last line is JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.ami", description=__doc__)
    parser.add_argument("--stream", type=Path, help="another recording, .gz or plain")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    figures = asyncio.run(measure(given.stream, given.rounds, given.seed))
    print(
        "Most of the gain is in what is dropped unparsed: "
        f"{1 - float(str(figures['wanted_share'])):.0%} of these messages nobody wants, and they "
        "cost acd one look at their name. A typed message costs "
        f"{figures['us_per_typed_message']} us on top."
    )
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
