"""The configuration of a lab Asterisk: the project's own samples, and what differs per lab.

What operators are given in config/asterisk is what runs here, file by file. Written anew are only
directories, ports, secrets, endpoints and the logins of tests.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from acd.config.emergency import emergency_files
from acd.core.plan import Plan
from tests import plans
from tests.lab.place import AGENTS_ADDRESS, PBX_ADDRESS

SAMPLES = Path(__file__).parents[2] / "config" / "asterisk"

# The trunk to outside numbers, which are answered where agents' phones are.
OUTSIDE = "outside"

# The numbers a lab's trunk may dial, besides the sample's own.
DNIS_PATTERNS = ("_080055XXXX", "_+4980055XXXX", "_0301234XXX")


@dataclass(frozen=True, slots=True)
class Secrets:
    """What only this lab knows: new for each, in files of mode 0600, never on a command line."""

    system_name: str
    acd: str
    observer: str
    agents: str


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything a lab's configuration depends on. Directories are named as Asterisk sees them.

    agents: the agents' phones, which are PJSIP endpoints of that name at `agents_port` of
    127.0.0.3, unless `phones_register`. qualify_seconds: how often they are asked whether they
    live; 0 is never. emergency: whose queues there are without an engine; None: every agent is in
    the one queue of a switchboard. tells_all: AMI tells every event, also
    those that the samples switch off.
    """

    directories: dict[str, str]
    sip_port: int
    ami_port: int
    rtp_ports: tuple[int, int]
    agents_port: int
    secrets: Secrets
    agents: tuple[str, ...]
    phones_register: bool = False
    qualify_seconds: int = 0
    verbose: int = 0
    emergency: Plan | None = None
    tells_all: bool = False
    extra: dict[str, str] = field(default_factory=dict)


def render(layout: Layout) -> dict[str, str]:
    """The files of a lab's configuration directory: name to text."""
    files = {path.name: path.read_text() for path in sorted(SAMPLES.glob("*.conf"))}
    files["asterisk.conf"] = _asterisk(files["asterisk.conf"], layout)
    files["manager.conf"] = _manager(files["manager.conf"], layout)
    if layout.tells_all:
        general = files["acd-manager-general.conf"]
        files["acd-manager-general.conf"] = re.sub(r"(?m)^disabledevents=.*$", "", general)
        del files["stasis.conf"]
    files["pjsip.conf"] = _pjsip(layout)
    everybody = plans.plan({agent: {"switchboard": 1} for agent in layout.agents})
    files |= emergency_files(layout.emergency or everybody, now=0.0)
    files["extensions.conf"] = _dialplan(files["extensions.conf"])
    files["rtp.conf"] = _rtp(files["rtp.conf"], layout)
    files["logger.conf"] = (
        "[general]\ndateformat=%F %T.%3q\n[logfiles]\n"
        f"messages.log => notice,warning,error,verbose({layout.verbose})\n"
    )
    for name, text in layout.extra.items():
        files[name] = files.get(name, "") + "\n" + text
    return files


def _rtp(sample: str, layout: Layout) -> str:
    first, last = layout.rtp_ports
    sample = re.sub(r"(?m)^rtpstart=.*$", f"rtpstart={first}", sample)
    return re.sub(r"(?m)^rtpend=.*$", f"rtpend={last}", sample)


def _asterisk(sample: str, layout: Layout) -> str:
    directories = "".join(f"{name} => {path}\n" for name, path in layout.directories.items())
    # The lab drops its rights before Asterisk starts, which then has none left to drop.
    options = re.sub(r"^run(user|group)=.*$", "", sample, flags=re.MULTILINE)
    options = options.replace("systemname=CHANGE-ME", f"systemname={layout.secrets.system_name}")
    return f"[directories]\n{directories}\n{options}"


def _manager(sample: str, layout: Layout) -> str:
    text = sample.replace("port=5038", f"port={layout.ami_port}")
    text = text.replace("secret=CHANGE-ME", f"secret={layout.secrets.acd}")
    # The tests' own logins: everything, unfiltered; `acd-unfiltered` has acd's rights.
    return text + (
        f"\n[observer]\nsecret={layout.secrets.observer}\n"
        "deny=0.0.0.0/0.0.0.0\npermit=127.0.0.1/255.255.255.255\nread=all\nwrite=all\n"
        f"\n[acd-unfiltered]\nsecret={layout.secrets.acd}\n"
        "deny=0.0.0.0/0.0.0.0\npermit=127.0.0.1/255.255.255.255\n"
        "read=system,call,agi,dtmf\nwrite=call,originate,agi,reporting,agent\n"
    )


def _pjsip(layout: Layout) -> str:
    parts = [
        "[global]\ntype=global\nuser_agent=PBX\n"
        "[transport-udp]\ntype=transport\nprotocol=udp\n"
        f"bind={PBX_ADDRESS}:{layout.sip_port}\n"
        "#include acd-pjsip.conf\n"
        "[trunk](acd-trunk)\n"
        "[trunk]\ntype=identify\nendpoint=trunk\nmatch=127.0.0.2\n"
        f"[{OUTSIDE}](acd-trunk)\naors={OUTSIDE}\n"
        f"[{OUTSIDE}]\ntype=aor\ncontact=sip:{AGENTS_ADDRESS}:{layout.agents_port}\n"
    ]
    for agent in layout.agents:
        contact = f"contact=sip:{agent}@{AGENTS_ADDRESS}:{layout.agents_port}\n"
        parts.append(
            f"[{agent}](acd-agent)\nauth={agent}\naors={agent}\n"
            f'callerid="Agent {agent}" <{agent}>\n'
            f"[{agent}](acd-agent-auth)\nusername={agent}\npassword={layout.secrets.agents}\n"
            f"[{agent}](acd-agent-aor)\nqualify_frequency={layout.qualify_seconds}\n"
            + ("" if layout.phones_register else contact)
        )
    return "".join(parts)


def _dialplan(sample: str) -> str:
    numbers = "".join(f"exten => {each},1,Goto(acd-arrival,s,1)\n" for each in DNIS_PATTERNS)
    text = sample.replace("ACD_TRUNK=trunk", f"ACD_TRUNK={OUTSIDE}")
    return f"{text}\n[acd-inbound](+)\n{numbers}"
