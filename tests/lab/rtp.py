"""Sound in RTP: what a caller hears, measured, and the keys he presses, as packets in a file.

A recorder is a socket of ours that a SIPp call names in its SDP in place of SIPp's own. Sound is
A-law or mu-law, 8000 samples a second.
"""

import contextlib
import itertools
import math
import socket
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.lab.place import free_udp_port

SAMPLE_RATE = 8000
PACKET_SECONDS = 0.02
ULAW, ALAW, TELEPHONE_EVENT = 0, 8, 101
ALAW_SILENCE = b"\xd5" * 160
ALAW_TONE = b"\x34\x21\x21\x34\xb4\xa1\xa1\xb4" * 20
"""1 kHz, loud: what a caller says."""
SO_TIMESTAMPNS = 35
"""socket(7): have the kernel say when a packet came, however late it is read."""

KEYS = "0123456789*#ABCD"
_CAPTURE_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)


def _alaw_sample(code: int) -> int:
    code ^= 0x55
    exponent = (code >> 4) & 7
    magnitude = ((code & 0x0F) << 4) + 8
    if exponent:
        magnitude = (magnitude + 0x100) << (exponent - 1)
    return magnitude if code & 0x80 else -magnitude


def _ulaw_sample(code: int) -> int:
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84) << ((code >> 4) & 7)
    return 0x84 - magnitude if code & 0x80 else magnitude - 0x84


_DECODE = {
    ALAW: [_alaw_sample(code) for code in range(256)],
    ULAW: [_ulaw_sample(code) for code in range(256)],
}


@dataclass(frozen=True, slots=True)
class Packet:
    """One RTP packet: when it came (wall clock, seconds), and what it says."""

    received_at: float
    payload_type: int
    sequence: int
    timestamp: int
    source: int
    payload: bytes

    def samples(self) -> list[int]:
        """The sound, as signed 16-bit samples; empty where it carries none."""
        decode = _DECODE.get(self.payload_type)
        return [decode[code] for code in self.payload] if decode else []


class RtpRecorder:
    """Receives RTP on a free even port of `address` from its making until `stop`."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.packets: list[Packet] = []
        self._peer: tuple[str, int] | None = None
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        while True:
            self.port = free_udp_port(address) & ~1
            try:
                self._socket.bind((address, self.port))
                break
            except OSError:
                continue
        self._socket.settimeout(0.2)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rtp-recorder", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                data, extra, _, self._peer = self._socket.recvmsg(2048, 64)
            except OSError:
                continue
            now = _arrived_at(extra)
            if len(data) > 12 and data[0] >> 6 == 2:
                _, kind, sequence, timestamp, source = struct.unpack("!BBHII", data[:12])
                self.packets.append(
                    Packet(now, kind & 0x7F, sequence, timestamp, source, data[12:])
                )

    def speak(self, hertz: int) -> None:
        """Sends a tone to whoever it hears first, until `stop`."""
        threading.Thread(target=self._speak, args=(tone(hertz),), daemon=True).start()

    def _speak(self, payload: bytes) -> None:
        began = time.monotonic()
        for sequence in itertools.count():
            time.sleep(max(0.0, began + sequence * PACKET_SECONDS - time.monotonic()))
            if self._stopping.is_set():
                return
            if self._peer is not None:
                header = struct.pack("!BBHII", 0x80, ALAW, sequence & 0xFFFF, sequence * 160, 0x5E)
                with contextlib.suppress(OSError):
                    self._socket.sendto(header + payload, self._peer)

    def stop(self) -> None:
        """Stops receiving; `packets` stays."""
        self._stopping.set()
        self._thread.join(timeout=2)
        self._socket.close()


def _arrived_at(extra: list[tuple[int, int, bytes]]) -> float:
    for level, kind, data in extra:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = struct.unpack("@ll", data)
            return float(seconds + nanoseconds / 1e9)
    return time.time()


def tone(hertz: int) -> bytes:
    """20 ms of a tone in A-law, to be said again and again; a multiple of 50 hertz has no seam."""
    decode = _DECODE[ALAW]
    wanted = (8000 * math.sin(2 * math.pi * hertz * n / SAMPLE_RATE) for n in range(160))
    return bytes(min(range(256), key=lambda code: abs(decode[code] - each)) for each in wanted)


def write_tone_pcap(path: Path, hertz: int, seconds: float) -> None:
    """Writes a tone as a capture file that SIPp's play_pcap_audio sends."""
    payload = tone(hertz)
    with path.open("wb") as file:
        file.write(_CAPTURE_HEADER)
        for sequence in range(round(seconds / PACKET_SECONDS)):
            rtp = struct.pack("!BBHII", 0x80, ALAW, 1000 + sequence, sequence * 160, 0x1ACE)
            file.write(_captured(sequence * PACKET_SECONDS, rtp + payload))


def loudness(packets: Sequence[Packet]) -> float:
    """Root mean square of the samples, 0 (digital silence) to 32767; 0 without any packet."""
    total = count = 0
    for packet in packets:
        samples = packet.samples()
        total += sum(sample * sample for sample in samples)
        count += len(samples)
    return math.sqrt(total / count) if count else 0.0


def largest_gap_seconds(packets: Sequence[Packet]) -> float:
    """The longest time between two packets that follow each other; 0 with fewer than two."""
    times = [packet.received_at for packet in packets]
    return max((later - at for at, later in itertools.pairwise(times)), default=0.0)


@dataclass(frozen=True, slots=True)
class Key:
    """One key press: which, how long after the first packet of the file, and for how long."""

    key: str
    at_seconds: float
    hold_seconds: float = 0.1


def write_keys_pcap(
    path: Path,
    keys: Sequence[Key],
    *,
    sound_until_seconds: float = 0,
    sound: bytes = ALAW_SILENCE,
) -> None:
    """Writes RFC 4733 key presses as a capture file that SIPp's play_pcap_audio sends.

    A packet each 20 ms while a key is held, and its end three times, as phones do. With
    `sound_until_seconds` there is `sound` (20 ms of it) in between, as from a real phone; without
    it nothing is sent between keys. SIPp keeps the packets' spacing and starts with the first.
    """
    packets: list[tuple[float, int, bool, int, bytes]] = []
    busy: list[tuple[float, float]] = []
    for press in keys:
        steps = max(1, round(press.hold_seconds / PACKET_SECONDS))
        began = round(press.at_seconds * SAMPLE_RATE)
        code = KEYS.index(press.key)
        for step in range(steps + 3):
            is_end = step >= steps
            length = min(step + 1, steps) * round(PACKET_SECONDS * SAMPLE_RATE)
            payload = struct.pack("!BBH", code, 0x80 * is_end | 10, length)
            # The three ends come at once, so that a short pause stays a pause.
            at = press.at_seconds + min(step, steps) * PACKET_SECONDS + 1e-4 * max(0, step - steps)
            packets.append((at, TELEPHONE_EVENT, step == 0, began, payload))
        busy.append((press.at_seconds, press.at_seconds + (steps + 1) * PACKET_SECONDS))
    for index in range(round(sound_until_seconds / PACKET_SECONDS)):
        at = index * PACKET_SECONDS
        if not any(start <= at < end for start, end in busy):
            packets.append((at, ALAW, False, round(at * SAMPLE_RATE), sound))
    packets.sort(key=lambda packet: packet[0])
    with path.open("wb") as file:
        file.write(_CAPTURE_HEADER)
        for sequence, (at, kind, marker, timestamp, payload) in enumerate(packets):
            rtp = struct.pack(
                "!BBHII", 0x80, kind | 0x80 * marker, 1000 + sequence, timestamp, 0x1ACD
            )
            file.write(_captured(at, rtp + payload))


def _captured(at: float, data: bytes) -> bytes:
    """One record of a capture file: the packet in UDP, IPv4 and Ethernet, as SIPp expects."""
    udp = struct.pack("!HHHH", 4000, 4002, 8 + len(data), 0) + data
    local = socket.inet_aton("127.0.0.1")
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, local, local)
    frame = b"\0" * 12 + b"\x08\x00" + ip + udp
    micros = round(at * 1e6)
    return struct.pack("<IIII", *divmod(micros, 1_000_000), len(frame), len(frame)) + frame
