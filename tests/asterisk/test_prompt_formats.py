"""Which of a prompt's files Asterisk plays: the wide one to a channel that can carry it."""

import os
import time
import wave
from pathlib import Path

import pytest

from tests.lab.ami import Observer
from tests.lab.asterisk import LabAsterisk
from tests.lab.script import Script
from tests.lab.sipp import Call, SippCallers

NAME = "welcome.3f9a1c2e"
"""With the dot and digits of a spoken prompt."""
SECONDS = 5.0


def write(lab: LabAsterisk, ending: str, rate: int) -> str:
    """Write a silent prompt where Asterisk finds it; return where, without ending."""
    folder = lab.directory / "prompts" / "rates"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    path = folder / f"{NAME}{ending}"
    with wave.open(str(path), "wb") as stream:
        stream.setparams((1, 2, rate, 0, "NONE", ""))
        stream.writeframes(bytes(round(2 * rate * SECONDS)))
    path.chmod(0o644)
    return f"{lab.prompts_path_on_pbx}/rates/{NAME}"


def played(lab: LabAsterisk) -> str:
    """The ending of the prompt that Asterisk has open, which must be soon."""
    deadline = time.monotonic() + SECONDS - 1
    while time.monotonic() < deadline:
        for link in Path("/proc", str(lab.pid), "fd").iterdir():
            try:
                name = os.readlink(link)
            except FileNotFoundError:
                continue
            if f"/rates/{NAME}." in name:
                return name.rpartition(NAME)[2]
        time.sleep(0.02)
    raise AssertionError("nothing was played")


@pytest.mark.parametrize(
    ("codec", "ending"), [("g722", ".wav16"), ("slin16", ".wav16"), ("alaw", ".wav")]
)
def test_of_a_prompt_in_two_rates_a_channel_is_played_the_one_it_can_carry(
    lab: LabAsterisk, observer: Observer, codec: str, ending: str
) -> None:
    write(lab, ".wav", 8000)
    path = write(lab, ".wav16", 16000)
    observer.action(
        "Originate",
        Channel="Local/s@acd-speak",
        Application="Wait",
        Data="10",
        Codecs=codec,
        Variable=f"ACD_FILES={path}",
        Async="true",
    )
    try:
        assert played(lab) == ending
    finally:
        lab.hang_up_all()


def test_a_menu_plays_a_caller_the_file_of_his_rate(
    lab: LabAsterisk, observer: Observer, script: Script, tmp_path: Path
) -> None:
    write(lab, ".wav", 8000)
    path = write(lab, ".wav16", 16000)
    callers = SippCallers(lab, [Call("0301234567", hang_up_after_seconds=2)], tmp_path)
    channel = script.caller()
    play = f'GET OPTION "{path}" "0123456789*#" 1'
    observer.action("AGI", Channel=channel, Command=play, CommandID="p-1")
    assert played(lab) == ".wav"
    callers.wait()
