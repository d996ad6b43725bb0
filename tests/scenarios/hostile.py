"""What a hostile far end writes into an INVITE, and what it might smuggle into AMI."""

from tests.scenarios.world import Hostile

INVITES = (
    Hostile(name='"Eve\\r\\nEvent: Hangup\\r\\nCause: 16"'),
    Hostile(name='"' + "A" * 900 + '"'),
    Hostile(name='"J\udcfcrgen \udce2\udc82"'),
    Hostile(name='"${SHELL(id)} ,ACD_OFFER=x|y"'),
    Hostile(name='"\\"><script>alert(1)</script>"'),
    Hostile(
        headers='P-Asserted-Identity: "Event: Hangup" <sip:${CHANNEL(name)}@h>\r\n'
        "Diversion: <sip:1001%0d%0aEvent%3a%20Hangup@h>;reason=unconditional\r\n"
        'Remote-Party-ID: "x" <sip:%22%0aPJSIP%2f1001@h>;party=calling'
    ),
    Hostile(number="0800555100%0d%0aEvent:%20Hangup"),
    Hostile(number="0800555100;x=%0a"),
)
"""Names, numbers dialled and headers that want to be more than that."""


def forgeries_of(channel: str, uniqueid: str, system_name: str) -> list[bytes]:
    """Events about a living caller, each with a flaw that no genuine one has."""
    head = f"Event: Hangup\r\nPrivilege: call,all\r\nChannel: {channel}\r\nUniqueid: {uniqueid}\r\n"
    leave = head.replace("Hangup", "BridgeLeave")
    texts = [
        f"{head}Cause: 16\r\n\r\n",
        f"{head}SystemName: wrong\r\nCause: 16\r\n\r\n",
        f"{head}SystemName: {system_name}\r\nSystemName: {system_name}\r\nCause: 16\r\n\r\n",
        f"{head}SystemName: {system_name}\r\nUniqueid: {uniqueid}\r\nCause: 16\r\n\r\n",
        f"{leave}BridgeUniqueid: x\r\n\r\n",
        f"CallerIDName: Eve\r\n{head}SystemName: {system_name}\r\nCause: 16\r\n\r\n",
        "Response: Success\r\nActionID: guessed\r\nMessage: Originate\r\n\r\n",
        f"{head}SystemName: {system_name}\r\nCause: sixteen\r\n\r\n",
    ]
    return [text.encode() for text in texts]
