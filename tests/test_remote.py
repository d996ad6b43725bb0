"""A running engine asked over HTTP: its answer, or one line that says what to do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from acd.core.ids import CallId
from acd.errors import ConfigError, OperatorError, Problem
from acd.remote import TOKEN_VARIABLE, Remote, address, read_token
from acd.web.models import ReloadRefused
from tests.web.centre import explanation
from tests.web.desk import RELOADED

CALL = CallId("main-1700000000.17")
TOKEN = "acd_a-token-nobody-may-see"


class Web:
    """A server that gives one answer to everybody, and remembers what it was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body = msgspec.json.encode(explanation(CALL))
        self.asked: list[tuple[str, str | None]] = []
        self.methods: list[str] = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.do_GET()

            def do_GET(self) -> None:
                web.methods.append(self.command)
                web.asked.append((self.path, self.headers["Authorization"]))
                self.send_response(web.status)
                for name, value in web.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(web.body)

            def log_message(self, *_arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web()
    yield web
    web.close()


def refused(url: str, token: str = "", call: str = CALL) -> str:
    """The line an operator gets."""
    with pytest.raises(OperatorError) as error:
        Remote(url, token).explain(CallId(call))
    assert TOKEN not in str(error.value)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_an_explanation_comes_whole(web: Web) -> None:
    assert Remote(web.url + "/", TOKEN).explain(CALL) == explanation(CALL)
    assert web.asked == [(f"/api/v1/calls/{CALL}/explain", f"Bearer {TOKEN}")]


def test_without_a_token_none_is_sent(web: Web) -> None:
    Remote(web.url).explain(CALL)
    assert web.asked[0][1] is None


def test_a_strange_id_stays_one_part_of_the_path(web: Web) -> None:
    Remote(web.url).explain(CallId("../agents/1001?x=\r\ny"))
    assert web.asked[0][0] == "/api/v1/calls/..%2Fagents%2F1001%3Fx%3D%0D%0Ay/explain"


def test_an_unknown_call_is_one_line(web: Web) -> None:
    web.status, web.body = 404, b'{"detail": "no such call\\u001b[2J"}'
    assert refused(web.url) == f"call {CALL}: no such call?[2J"


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (401, b"{}", TOKEN_VARIABLE),
        (403, b'{"detail": "role agent may not do this"}', "role agent may not do this"),
        (404, b"<html>nginx</html>", "not acd"),
        (500, b"", "500"),
        (200, b'{"call": 1}', "not an answer of acd"),
        (200, b"<html>", "not an answer of acd"),
    ],
)
def test_what_is_no_explanation_says_why(web: Web, status: int, body: bytes, says: str) -> None:
    web.status, web.body = status, body
    assert says in refused(web.url, TOKEN)


def test_a_token_follows_no_redirect(web: Web) -> None:
    other = Web()
    web.status, web.headers = 302, {"Location": other.url}
    assert "302" in refused(web.url, TOKEN)
    other.close()
    assert not other.asked


def test_a_token_takes_no_way_through_a_proxy(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Web()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
    Remote(web.url, TOKEN).explain(CALL)
    proxy.close()
    assert not proxy.asked


def test_nobody_there_says_how_to_go_on(web: Web) -> None:
    web.close()
    said = refused(web.url, TOKEN)
    assert "no engine is reached: Connection refused" in said
    assert "--url" in said


@pytest.mark.parametrize(
    "url", ["", "localhost:8023", "ftp://x", "http://", "http://x:y", "http:/"]
)
def test_what_is_no_address_is_told(url: str) -> None:
    assert "not an address" in refused(url)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8023"),
        ("0.0.0.0", "http://127.0.0.1:8023"),
        ("::", "http://[::1]:8023"),
        ("acd.example", "http://acd.example:8023"),
    ],
)
def test_an_engine_is_reached_where_it_listens(host: str, url: str) -> None:
    assert address(host, 8023) == url


def test_a_token_comes_from_its_file_or_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    file.chmod(0o600)
    assert read_token(file, {TOKEN_VARIABLE: "another"}) == TOKEN
    assert read_token(None, {TOKEN_VARIABLE: f" {TOKEN}\n"}) == TOKEN
    assert read_token(None, {}) == ""


@pytest.mark.parametrize("text", ["", "two words", "two\nlines", "x" * 300, "ключ"])
def test_a_file_that_holds_no_token_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "token"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(OperatorError, match="not a token"):
        read_token(file, {})


def test_a_token_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o640)
    with pytest.raises(OperatorError, match="chmod 600") as error:
        read_token(file, {})
    assert TOKEN not in str(error.value)
    with pytest.raises(OperatorError, match="cannot be read"):
        read_token(tmp_path / "nowhere", {})


def test_a_reload_tells_what_is_different(web: Web) -> None:
    web.body = msgspec.json.encode(RELOADED)
    assert Remote(web.url, TOKEN).reload() == RELOADED
    assert web.asked == [("/api/v1/reload", f"Bearer {TOKEN}")]
    assert web.methods == ["POST"]


def test_a_reload_that_is_refused_brings_every_problem(web: Web) -> None:
    problems = [
        Problem("acd.yaml", 0, 0, "the file is missing", "create it"),
        Problem("queues.yaml", 3, 7, "no such skill", "fault"),
    ]
    web.status = 422
    web.body = ReloadRefused.of(ConfigError(problems)).model_dump_json().encode()
    with pytest.raises(ConfigError) as refused:
        Remote(web.url, TOKEN).reload()
    assert list(refused.value.problems) == problems


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (401, b"{}", TOKEN_VARIABLE),
        (403, b'{"detail": "role supervisor may not do this"}', "may not do this"),
        (409, b'{"detail": "no configuration"}', "no configuration"),
        (422, b'{"detail": "x", "problems": []}', "not an answer of acd"),
        (422, b"<html>", "not an answer of acd"),
        (503, b'{"detail": "it is not done yet"}', "not done yet"),
    ],
)
def test_a_reload_that_is_not_done_says_why(web: Web, status: int, body: bytes, says: str) -> None:
    web.status, web.body = status, body
    with pytest.raises(OperatorError, match=says) as error:
        Remote(web.url, TOKEN).reload()
    assert TOKEN not in str(error.value)
