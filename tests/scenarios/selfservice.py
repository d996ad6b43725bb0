"""What a caller can do without an agent, as one way through the scenarios' menu, and who is asked.

Callers whose number begins with `SELF` come by key 7 into a sub-menu. Its key 1 leads back to where
a contract number is asked for, which another program knows, does not know, or is silent about; its
key 2 leads to a number outside.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import ClassVar, Final

from acd.core.ids import NodeId, PromptId
from acd.core.plan import (
    Ask,
    AttributeIs,
    Case,
    Check,
    Collect,
    HangUp,
    Keep,
    Kind,
    LookUp,
    LookupPlan,
    Node,
    Return,
    Say,
    Sentence,
    SubMenu,
    Transfer,
    Value,
)

SELF: Final = "0306"
KNOWN, UNKNOWN, SILENT, WRONG = "18", "34", "26", "19"
"""Contract numbers, by what becomes of them; the last one's check digit is wrong."""
OUTSIDE: Final = "+4930555111"
LOOK_UP_SECONDS: Final = 1.5

_IN: Final = NodeId("self-in")
SELF_CASE: Final = Case((AttributeIs("ani", (f"{SELF}*",)),), _IN)

SENTENCES: Final[dict[str, Sentence]] = {
    f"{language}/self/customer": (PromptId("agent/done"), Value("customer", Kind.DIGITS))
    for language in ("de", "en")
}


def self_nodes(missing: NodeId, failed: NodeId) -> tuple[Node, ...]:
    """Return the nodes; who is not known goes on at ``missing``, without answer at ``failed``."""
    contract, look, told = NodeId("contract"), NodeId("look"), NodeId("customer")
    back, keep, bye = NodeId("self/back"), NodeId("keep"), NodeId("self-bye")
    out = NodeId("self/out")
    ask = Ask(
        id=NodeId("self/choices"),
        prompts=(PromptId("agent/pin"),),
        repeat_prompts=(PromptId("agent/pin"),),
        wrong_prompts=(PromptId("main/wrong"),),
        choices={"1": back, "2": out},
        retries=1,
        timeout_seconds=2.0,
        otherwise=bye,
    )
    return (
        SubMenu(id=_IN, entry=ask.id, then=contract),
        ask,
        Return(id=back),
        Transfer(id=out, number=OUTSIDE),
        Collect(
            id=contract,
            prompts=(PromptId("agent/number"),),
            wrong_prompts=(PromptId("main/wrong"),),
            into="contract",
            min_digits=1,
            max_digits=12,
            terminator="#",
            timeout_seconds=3.0,
            retries=1,
            check=Check.LUHN,
            leave="*",
            next=look,
            otherwise=failed,
        ),
        LookUp(id=look, lookup="contract", timeout_seconds=LOOK_UP_SECONDS, found=told,
               missing=missing, failed=failed),
        Say(id=told, prompts=(PromptId("self/customer"),), next=keep),
        Keep(id=keep, kind="reading", fields=("contract", "customer"), next=bye),
        HangUp(id=bye),
    )  # fmt: skip


class _Contracts(BaseHTTPRequestHandler):
    silent: ClassVar[Event]

    def do_GET(self) -> None:
        contract = self.path.rpartition("/")[2]
        if contract == SILENT:
            self.silent.wait(30)
            return
        self.send_response(200 if contract == KNOWN else 404)
        self.end_headers()
        self.wfile.write(json.dumps({"customer": {"number": 42}}).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def contracts() -> Iterator[LookupPlan]:
    """Serve what is known of contracts; yields how it is asked."""
    _Contracts.silent = Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Contracts)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield LookupPlan(
            url=f"http://127.0.0.1:{server.server_address[1]}/contracts/{{contract}}",
            into={"customer": "customer.number"},
            timeout_seconds=LOOK_UP_SECONDS,
        )
    finally:
        _Contracts.silent.set()
        server.shutdown()
        server.server_close()
