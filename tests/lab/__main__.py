"""`python -m tests.lab`: a real Asterisk with the sample dialplan, kept until Ctrl-C.

Prints where everything is and how to place a call. With --phones softphones register as agents
1001 to 1010; without it a SIPp process plays them, answering each call after two seconds.
"""

import argparse
import contextlib
import signal
import sys
import tempfile
from pathlib import Path

from tests.lab.asterisk import LabAsterisk, LabUnavailableError
from tests.lab.sipp import DEFAULT_DNIS, Phone, SippAgents

AGENTS = [str(number) for number in range(1001, 1011)]
PROMPTS = Path(__file__).parents[2] / "prompts"

BANNER = """\
A lab Asterisk is up (process {pid}, booted in {boot:.1f} s). Ctrl-C ends it.

  SIP      {host}:{sip_port}/udp; callers come from 127.0.0.2, agents' phones from 127.0.0.3
  AMI      {host}:{ami_port}, user acd
  secrets  {etc}/manager.conf (AMI), asterisk.conf (systemname), pjsip.conf (phones)
  config   {etc}
  logs     {log}
  prompts  prompts_path_on_pbx: {prompts}
  agents   {agents}

Place a call, press nothing, hang up after 10 s:
  sipp -sn uac -i 127.0.0.2 -s {dnis} -d 10000 -m 1 {host}:{sip_port}
The console:
  {console}

Without an engine's heartbeat callers go straight to the emergency queue.
"""


def main() -> int:
    """Runs the lab; the exit status is 3 where no Asterisk can be had."""
    options = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    options.add_argument("--phones", action="store_true", help="agents are softphones")
    options.add_argument("--verbose", type=int, default=3, help="Asterisk's verbosity in its log")
    chosen = options.parse_args()
    for ending in (signal.SIGINT, signal.SIGTERM):  # A job in the background ignores the first.
        signal.signal(ending, signal.default_int_handler)
    with contextlib.ExitStack() as stack:
        workdir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="acd-lab-")))
        try:
            lab = stack.enter_context(
                LabAsterisk.start(
                    workdir,
                    AGENTS,
                    prompts=PROMPTS if PROMPTS.is_dir() else None,
                    phones_register=chosen.phones,
                    verbose=chosen.verbose,
                )
            )
        except LabUnavailableError as reason:
            print(f"no lab Asterisk: {reason}", file=sys.stderr)
            return 3
        if not chosen.phones:
            phones = dict.fromkeys(AGENTS, Phone(ring_seconds=2))
            stack.enter_context(SippAgents(lab, phones, workdir / "agents"))
        configuration = f"{lab.layout.directories['astetcdir']}/asterisk.conf"
        root = lab.place.root
        run = f"chroot {root} " if root else ""
        print(
            BANNER.format(
                pid=lab.pid,
                boot=lab.boot_seconds,
                host=lab.host,
                sip_port=lab.sip_port,
                ami_port=lab.ami_port,
                etc=lab.directory / "etc",
                log=lab.directory / "log",
                prompts=lab.prompts_path_on_pbx,
                agents="softphones register, passwords as above" if chosen.phones else "SIPp",
                dnis=DEFAULT_DNIS,
                console=f"{run}asterisk -r -C {configuration}",
            ),
            flush=True,
        )
        try:
            while True:
                signal.pause()
        except KeyboardInterrupt:
            print("ending the lab")
    return 0


if __name__ == "__main__":
    sys.exit(main())
