"""The system's Prometheus as a process of ours, on loopback, with the rule files of config/.

It scrapes each second, so that what takes operators minutes is there in some seconds.
"""

import json
import math
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

import yaml

CONFIG: Final = Path(__file__).parents[1] / "config" / "prometheus"
READY_SECONDS: Final = 30.0


class Answer(NamedTuple):
    """One series that a query gives: its labels, and its points (epoch seconds, value)."""

    labels: dict[str, str]
    points: list[tuple[float, float]]


class Prometheus:
    """Watches the engine at ``url``; ready when made. A context that ends it."""

    def __init__(self, folder: Path, url: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.watched = url
        config = yaml.safe_load((CONFIG / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["rule_files"] = [str(CONFIG / name) for name in config["rule_files"]]
        config["scrape_configs"][0]["static_configs"] = [{"targets": [url.removeprefix("http://")]}]
        file = folder / "prometheus.yml"
        file.write_text(yaml.safe_dump(config))
        with (folder / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    shutil.which("prometheus") or "prometheus",
                    f"--config.file={file}",
                    f"--storage.tsdb.path={folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                    "--log.level=warn",
                ],
                stdout=log,
                stderr=log,
            )
        give_up_at = time.monotonic() + READY_SECONDS
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                self.stop()
                raise RuntimeError((folder / "prometheus.log").read_text()[-2000:])
            time.sleep(0.05)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError):
            return False

    def now(self, query: str) -> list[Answer]:
        """Return what the query gives now; NaN is nothing. Raises HTTPError for no query."""
        return self._answers("query", {"query": query})

    def between(self, query: str, begin: float, end: float, step: float) -> list[Answer]:
        """The same for points ``step`` seconds apart."""
        span = {"start": str(begin), "end": str(end), "step": str(step)}
        return self._answers("query_range", {"query": query, **span})

    def without_data(self, queries: Iterable[str], patience_seconds: float) -> list[str]:
        """Ask until each query has given something once; return those that have not in time."""
        left = list(dict.fromkeys(queries))
        give_up_at = time.monotonic() + patience_seconds
        while left and time.monotonic() < give_up_at:
            left = [query for query in left if not self.now(query)]
            if left:
                time.sleep(1.0)
        return left

    def stop(self) -> None:
        """End it; what it has kept is its folder's."""
        self._process.terminate()
        self._process.wait()

    def _answers(self, what: str, asked: dict[str, str]) -> list[Answer]:
        data = urllib.parse.urlencode(asked).encode()
        with urllib.request.urlopen(f"{self.url}/api/v1/{what}", data, timeout=30) as answer:
            found = json.load(answer)["data"]["result"]
        answers = []
        for series in found:
            values = series.get("values") or [series["value"]]
            points = [(float(at), float(value)) for at, value in values]
            points = [(at, value) for at, value in points if math.isfinite(value)]
            if points:
                answers.append(Answer(series["metric"], points))
        return answers
