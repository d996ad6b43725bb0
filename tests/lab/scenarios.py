"""SIPp scenarios, written for the occasion: one for all agents, one for a batch of callers.

What is odd about SIPp and shapes these: a message that comes during a pause is taken only by a recv
with optional="global" somewhere before it, and such a recv stands directly before one that is not
optional; a lookup in a file gives a line number. See "Create your
own XML scenarios" in its documentation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab.rtp import Key

_HEAD = '<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="{name}">\n'

SDP = """v=0
o=lab 53655765 2353687637 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio {port} RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=ptime:20
a=sendrecv"""


def _send(text: str, attributes: str = "") -> str:
    return f"<send {attributes}><![CDATA[\n{text}\n]]></send>\n"


def _answer(status: str, extra: str = "Content-Length: 0", attributes: str = "") -> str:
    """An answer to the last request received; all of its own that SIPp must repeat."""
    return _send(
        f"""SIP/2.0 {status}
[last_Via:]
[last_From:]
[last_To:]{"" if status.startswith("100") else ";tag=[pid]a[call_number]"}
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port];transport=[transport]>
{extra}""",
        attributes,
    )


def _answer_in_dialog(status: str, extra: str = "Content-Length: 0") -> str:
    return _send(
        f"""SIP/2.0 {status}
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port];transport=[transport]>
{extra}"""
    )


def _body(port: str) -> str:
    return f"Content-Type: application/sdp\nContent-Length: [len]\n\n{SDP.format(port=port)}"


def _from_now_on(request: str, label: str) -> str:
    """Goes to the label whenever the request comes, from here to the end, also in a pause."""
    return f'<recv request="{request}" optional="global" next="{label}"></recv>\n'


def _label(name: str) -> str:
    return f'<label id="{name}"/>\n'


def _goto(label: str) -> str:
    return f'<nop next="{label}"></nop>\n'


def _if_equal(variable: str, value: str, label: str) -> str:
    """Goes to the label if the text variable has that value."""
    return (
        f'<nop><action><strcmp assign_to="differs" variable="{variable}" value="{value}"/>'
        f'<test assign_to="same" variable="differs" compare="equal" value="0"/></action></nop>\n'
        f'<nop next="{label}" test="same"></nop>\n'
    )


REFUSALS = {
    "busy": "486 Busy Here",
    "declined": "603 Decline",
    "do_not_disturb": "480 Temporarily Unavailable",
    "forbidden": "403 Forbidden",
    "unknown": "404 Not Found",
    "failing": "503 Service Unavailable",
}


FORWARDED_TO = "1002"
"""To whom a phone that forwards wants its call to go."""


def _field(index: int, file: str, line: str) -> str:
    """A field of a file's line, whose number is in the variable `line`; for an attribute."""
    return f"[field{index} file=&quot;{file}&quot; line=&quot;[${line}]&quot;]"


def _agent_is_called(table: str, talks: str) -> list[str]:
    """An INVITE comes: who is meant, how does his phone behave, has the caller a talk time?"""
    return [
        _from_now_on("CANCEL", "cancelled"),
        '<recv request="OPTIONS" optional="true" next="options"></recv>\n',
        '<recv request="INVITE" rrs="true"><action>\n'
        '<ereg regexp="sip:([^@;>]*)@" search_in="hdr" header="To:" assign_to="a,agent"/>\n'
        '<ereg regexp="sip:([^@;>]*)@" search_in="hdr" header="From:" assign_to="b,caller"/>\n'
        '<ereg regexp="([0-9]+)" search_in="hdr" header="CSeq:" assign_to="c,cseq"/>\n'
        '<ereg regexp=".*" search_in="hdr" header="From:" assign_to="from"/>\n'
        '<ereg regexp=".*" search_in="hdr" header="To:" assign_to="to"/>\n'
        '<ereg regexp=".*" search_in="hdr" header="Via:" assign_to="via"/>\n'
        f'<lookup assign_to="row" file="{table}" key="[$agent]"/>\n'
        f'<assignstr assign_to="behaviour" value="{_field(1, table, "row")}"/>\n'
        f'<assignstr assign_to="ring_text" value="{_field(2, table, "row")}"/>\n'
        f'<assignstr assign_to="talk_text" value="{_field(3, table, "row")}"/>\n'
        '<todouble assign_to="ring" variable="ring_text"/>\n'
        f'<lookup assign_to="found" file="{talks}" key="[$caller]"/>\n'
        '<test assign_to="has_own" variable="found" compare="greater_than_equal" value="0"/>\n'
        "</action></recv>\n",
        # The commonest first: each test takes SIPp a round of its loop, a millisecond or two.
        *(
            _if_equal("behaviour", name, name)
            for name in ("answers", *REFUSALS, "dead", "rings_on", "forwards")
        ),
    ]


def _agent_talks(talks: str, sound: Path | None) -> list[str]:
    """He rings, answers, finds out how long to talk, and hangs up or waits for that."""
    return [
        _label("answers"),
        _answer("180 Ringing"),
        '<pause variable="ring"/>\n',
        _answer("200 OK", _body("[media_port]"), 'retrans="500"'),
        _from_now_on("BYE", "left"),
        _from_now_on("UPDATE", "updated"),
        _from_now_on("INVITE", "reinvited"),
        # From here on a CANCEL has met our answer on the way: the PBX acknowledges and hangs up.
        _from_now_on("CANCEL", "crossed"),
        _label("answered"),
        '<recv request="ACK"></recv>\n',
        f'<nop><action><exec play_pcap_audio="{sound}"/></action></nop>\n' if sound else "",
        '<nop next="own_talk" test="has_own"></nop>\n',
        _goto("talk_known"),
        _label("own_talk"),
        f'<nop><action><assignstr assign_to="talk_text" value="{_field(1, talks, "found")}"/>'
        "</action></nop>\n",
        _label("talk_known"),
        '<nop><action><todouble assign_to="talk" variable="talk_text"/>'
        '<test assign_to="waits" variable="talk" compare="less_than" value="0"/></action></nop>\n',
        _label("talking"),
        '<nop next="waiting" test="waits"></nop>\n',
        '<pause variable="talk"/>\n',
        _send(
            """BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[routes]
From:[$to];tag=[pid]a[call_number]
To:[$from]
[last_Call-ID:]
CSeq: 1 BYE
Max-Forwards: 70
Content-Length: 0""",
            'retrans="500"',
        ),
        '<recv response="200" next="end"></recv>\n',
        _label("waiting"),
        '<recv request="BYE"></recv>\n',
        _label("left"),
        _answer_in_dialog("200 OK"),
        _goto("end"),
        _label("crossed"),
        _answer("200 OK"),
        _goto("answered"),
        _label("updated"),
        _answer_in_dialog("200 OK"),
        _goto("talking"),
        _label("reinvited"),
        _answer_in_dialog("200 OK", _body("[media_port]")),
        '<recv request="ACK" next="talking"></recv>\n',
    ]


def _agent_does_not() -> list[str]:
    """All the ways not to answer, and the question whether the phone lives."""
    parts = [
        _label("rings_on"),
        _answer("180 Ringing"),
        '<recv request="CANCEL"></recv>\n',
        _label("cancelled"),
        _answer("200 OK"),
        _send(
            """SIP/2.0 487 Request Terminated
Via:[$via]
From:[$from]
To:[$to];tag=[pid]a[call_number]
[last_Call-ID:]
CSeq: [$cseq] INVITE
Content-Length: 0""",
            'retrans="500"',
        ),
        '<recv request="ACK" next="end"></recv>\n',
        _label("options"),
        _answer("200 OK"),
        _goto("end"),
    ]
    for name, status in REFUSALS.items():
        parts += [
            _label(name),
            _answer(status, attributes='retrans="500"'),
            '<recv request="ACK" next="end"></recv>\n',
        ]
    forwarded = _answer("302 Moved Temporarily", attributes='retrans="500"').replace(
        "Contact: <sip:", f"Contact: <sip:{FORWARDED_TO}@"
    )
    parts += [_label("forwards"), forwarded, '<recv request="ACK" next="end"></recv>\n']
    return parts


def agents(table: str, talks: str, sound: Path | None) -> str:
    """The scenario of all agents' phones: one process answers for every agent.

    table: file of `agent;behaviour;ring_ms;talk_ms`, talks: file of `caller;talk_ms`, in which a
    caller's own talk time is looked up, so that it is the same whoever takes him and when.
    """
    return "".join(
        [
            _HEAD.format(name="agents"),
            *_agent_is_called(table, talks),
            *_agent_talks(talks, sound),
            *_agent_does_not(),
            _label("dead"),
            _label("end"),
            '<Reference variables="a,b,c"/>\n</scenario>\n',
        ]
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """What a caller sends: a capture file played from `begins_ms` on, and keys as INFO messages."""

    keys: tuple[Key, ...]
    pcap: Path | None
    begins_ms: int


def _invite(contact: str, display: str, user: str, headers: str, authentication: str) -> str:
    extra = headers.strip("\r\n") + "\n" if headers else ""
    return (
        f"INVITE sip:{user}@[remote_ip]:[remote_port] SIP/2.0\n"
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n"
        f"From: {display} <sip:[field0]@[local_ip]:[local_port]>;tag=[pid]c[call_number]\n"
        f"To: <sip:{user}@[remote_ip]:[remote_port]>\n"
        "Call-ID: [call_id]\n"
        f"CSeq: [cseq] INVITE\nContact: {contact}\nMax-Forwards: 70\n"
        f"{authentication}{extra}Allow: INVITE, ACK, BYE, CANCEL, UPDATE, INFO, OPTIONS\n"
        + _body("[field5]")
    )


def _in_dialog(method: str, extra: str = "Content-Length: 0") -> str:
    return _send(
        f"""{method} [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[routes]
From:[$from]
To:[$to]
[last_Call-ID:]
CSeq: [cseq] {method}
Max-Forwards: 70
{extra}""",
        "" if method == "ACK" else 'retrans="500"',
    )


def _by_info(plan: Plan) -> list[str]:
    parts: list[str] = []
    at = 0.0
    for press in plan.keys:
        parts.append(f'<pause milliseconds="{max(0, round((press.at_seconds - at) * 1000))}"/>\n')
        body = f"Signal={press.key}\nDuration={round(press.hold_seconds * 1000)}"
        extra = f"Content-Type: application/dtmf-relay\nContent-Length: [len]\n\n{body}"
        parts += [_in_dialog("INFO", extra), '<recv response="200"></recv>\n']
        at = press.at_seconds
    return parts


def callers(
    plans: Sequence[Plan],
    *,
    display: str,
    user: str,
    headers: str,
    give_up_ms: int,
    credentials: tuple[str, str] | None = None,
) -> str:
    """The scenario of a batch of callers; one line a call in the file given with -inf.

    Fields: number, number dialled, display name, plan (its index), hold_ms (below 0: until the
    other side hangs up, at most give_up_ms), media port. display, user: the raw text of the From
    display name and of the request's user part; headers: raw lines added to the INVITE. With
    credentials, a name and its password, the call answers a 401 by them, as an agent's phone does.
    """
    contact = "<sip:[field0]@[local_ip]:[local_port];transport=[transport]>"
    final = (
        '<recv response="200" rrs="true"><action>'
        '<ereg regexp=".*" search_in="hdr" header="From:" assign_to="from"/>'
        '<ereg regexp=".*" search_in="hdr" header="To:" assign_to="to"/></action></recv>\n'
    )
    progress = "".join(
        f'<recv response="{status}" optional="true"></recv>\n' for status in (100, 180, 183)
    )
    invite = _invite(contact, display, user, headers, "")
    parts = [_HEAD.format(name="callers"), _send(invite, 'retrans="500"')]
    if credentials is not None:
        login = f"[authentication username={credentials[0]} password={credentials[1]}]\n"
        parts += [
            '<recv response="100" optional="true"></recv>\n',
            '<recv response="401" auth="true"></recv>\n',
            _send(
                f"ACK sip:{user}@[remote_ip]:[remote_port] SIP/2.0\n"
                "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch-3]\n"
                f"From: {display} <sip:[field0]@[local_ip]:[local_port]>;tag=[pid]c[call_number]\n"
                "[last_To:]\nCall-ID: [call_id]\nCSeq: 1 ACK\nContent-Length: 0"
            ),
            _send(_invite(contact, display, user, headers, login), 'retrans="500"'),
        ]
    parts += [
        progress,
        _from_now_on("BYE", "left"),
        _from_now_on("UPDATE", "updated"),
        final,
        _in_dialog("ACK"),
        '<nop><action><assignstr assign_to="plan" value="[field3]"/>'
        '<assignstr assign_to="hold_text" value="[field4]"/>'
        '<todouble assign_to="hold" variable="hold_text"/>'
        '<test assign_to="waits" variable="hold" compare="less_than" value="0"/></action></nop>\n',
    ]
    parts += [_if_equal("plan", str(index), f"plan_{index}") for index in range(len(plans))]
    for index, plan in enumerate(plans):
        parts.append(_label(f"plan_{index}"))
        if plan.pcap is not None:
            parts.append(f'<pause milliseconds="{plan.begins_ms}"/>\n')
            parts.append(f'<nop><action><exec play_pcap_audio="{plan.pcap}"/></action></nop>\n')
        parts += _by_info(plan)
        parts.append(_goto("hold"))
    parts += [
        _label("hold"),
        '<nop next="waiting" test="waits"></nop>\n',
        '<pause variable="hold"/>\n',
        _in_dialog("BYE"),
        '<recv response="200" next="end"></recv>\n',
        _label("waiting"),
        f'<recv request="BYE" timeout="{give_up_ms}" ontimeout="gave_up"></recv>\n',
        _label("left"),
        _answer_in_dialog("200 OK"),
        _goto("end"),
        _label("gave_up"),
        _in_dialog("BYE"),
        '<recv response="200" next="end"></recv>\n',
    ]
    parts += [_label("updated"), _answer_in_dialog("200 OK"), _goto("hold")]
    parts += [_label("end"), "</scenario>\n"]
    return "".join(parts)
