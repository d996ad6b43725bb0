"""The door every request passes before any route: who is it, may he, is it small and quick enough.

Plain ASGI around the app, so that nothing behind it (the router, the schema, a page that does not
exist) answers a stranger.

- Who: a bearer token in the Authorization header, never in a URL; without configured tokens
  whoever is on this machine, see `acd.web.access.stranger`.
- Bodies are read here, at most `MAX_BODY_BYTES` and for at most `BODY_TIMEOUT_SECONDS`, so that
  neither a large nor a slow one reaches the app.
- Every answer forbids sniffing, framing, caching and foreign content.

It must not know what the routes do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from acd.web.access import LOCAL, Caller, Verdict, decide, stranger
from acd.web.tokens import Token, known

MAX_BODY_BYTES: Final = 16_384
BODY_TIMEOUT_SECONDS: Final = 10.0

CALLER: Final = "acd.caller"
"""Where the scope of a request that was let in holds its Caller."""
ALLOWED: Final = "acd.allowed"
"""Where it holds what says whether it would be let in now: for an answer that goes on."""

_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'self'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)

_UNKNOWN: Final = "a bearer token is needed: Authorization: Bearer <token>"


class Guard:
    """The app behind its door. ``tokens`` gives the valid tokens, or is None when none are used."""

    def __init__(
        self,
        app: ASGIApp,
        tokens: Callable[[], Sequence[Token]] | None,
        now: Callable[[], float],
    ) -> None:
        self._app = app
        self._tokens = tokens
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        caller, refusal = self._judge(scope)
        if refusal is not None:
            if scope["type"] == "http":
                await _answer(send, *refusal)
            else:
                await send({"type": "websocket.close", "code": 1008, "reason": refusal[1][:100]})
            return
        scope[CALLER] = caller
        scope[ALLOWED] = lambda: self._judge(scope)[1] is None
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        body = await _read(scope, receive)
        if isinstance(body, bytes):
            await self._app(scope, _again(body, receive), _hardened(send))
        elif body is not None:
            await _answer(send, *body)

    def _judge(self, scope: Scope) -> tuple[Caller | None, tuple[int, str] | None]:
        """Who it is, and status and reason of the refusal if he is turned away."""
        headers = scope["headers"]
        if self._tokens is None:
            foreign = stranger(headers)
            if foreign:
                return None, (403, f"refused: {foreign}")
            caller: Caller | None = LOCAL
        else:
            shown = _bearer(headers)
            caller = known(shown, self._tokens(), self._now()) if shown else None
        match decide(scope.get("method", "GET"), scope["path"], caller):
            case Verdict.ALLOWED:
                return caller, None
            case Verdict.UNKNOWN:
                return None, (401, _UNKNOWN)
            case Verdict.FORBIDDEN:
                role = caller.role.value if caller else "nobody"
                return None, (403, f"role {role} may not do this")


def _bearer(headers: Sequence[tuple[bytes, bytes]]) -> str:
    """The token shown, or "" when there is none or more than one."""
    shown = [value for name, value in headers if name == b"authorization"]
    if len(shown) != 1:
        return ""
    scheme, _, token = shown[0].decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def _read(scope: Scope, receive: Receive) -> bytes | tuple[int, str] | None:
    """The whole body, or status and reason to refuse it, or None when the client is gone."""
    too_large = (413, f"the body is larger than {MAX_BODY_BYTES} bytes")
    for name, value in scope["headers"]:
        if name == b"content-length" and (len(value) > 9 or int(value) > MAX_BODY_BYTES):
            return too_large
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return None
                body += message.get("body", b"")
                if len(body) > MAX_BODY_BYTES:
                    return too_large
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        return 408, f"the body took longer than {BODY_TIMEOUT_SECONDS:g} s"


def _again(body: bytes, receive: Receive) -> Receive:
    """A `receive` that hands out the body that was read, and then whatever comes."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay


def _hardened(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *_HEADERS]
        await send(message)

    return with_headers


async def _answer(send: Send, status: int, detail: str) -> None:
    body = msgspec.json.encode({"detail": detail})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        # What is left of a refused body must not be taken for the next request.
        (b"connection", b"close"),
        *_HEADERS,
    ]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
