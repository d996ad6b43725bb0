"""What holds for every test: which of them ran on the real Asterisk, and one closing line for all.

`make test` runs pytest twice, first whatever is not marked `asterisk`, which keeps all processors
busy, then the real PBX's tests, which mostly wait and measure time: some files at once, each with
an Asterisk of its own. The first run leaves its reports in a file (`--tally-to`), the second takes
them up (`--tally-from`), so that failures and the closing lines at the very end are those of the
whole suite. The second imports only where such tests are: all of them take each process seconds.

A real-PBX test that was skipped is said loudly; where CI is set it is a failure.
"""

import gc
import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.faults.ledger import tally_of
from tests.faults.table import TablePlugin
from tests.scenarios.figures import Figures
from tests.scenarios.ledger import Ledger

HERE = Path(__file__).parent
REAL_PBX_IN = ("asterisk", "faults", "scenarios")
"""The directories that may hold tests marked `asterisk`."""

COMPUTING = ("core/test_engine_orders.py", "sim/test_seeds.py")
"""What keeps a processor busy for minutes."""

CATEGORIES = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("acd")
    group.addoption("--tally-to", metavar="FILE", help="leave this run's reports in FILE")
    group.addoption("--tally-from", metavar="FILE", help="count an earlier run's reports as well")
    group.addoption("--fault-tally", metavar="FILE", help="where the fault matrix is counted")
    group.addoption("--soak", action="store_true", help="do the fault matrix's full counts")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Figures(), "acd-figures")
    if hasattr(config, "workerinput"):
        return
    config.pluginmanager.register(ClosingLine(config), "acd-closing-line")
    if not config.getoption("--tally-to"):
        config.pluginmanager.register(Ledger(), "acd-scenarios")
        goes_on = bool(config.getoption("--tally-from"))
        config.pluginmanager.register(
            TablePlugin(tally_of(config), goes_on=goes_on), "acd-fault-table"
        )


def is_with_a_pbx(path: Path) -> bool:
    """Whether it is where tests with a PBX are, real or simulated: such a test mostly waits."""
    return any(path.is_relative_to(HERE / name) for name in REAL_PBX_IN)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    only_real = config.getoption("markexpr") == "asterisk" and HERE in collection_path.parents
    return True if only_real and not is_with_a_pbx(collection_path) else None


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    for item in items:
        if item.get_closest_marker("asterisk") is not None and not is_with_a_pbx(item.path):
            raise pytest.UsageError(
                f"{item.nodeid} needs the real Asterisk, and `make test` looks for such tests in "
                f"tests/ only in {', '.join(REAL_PBX_IN)}: move it there, or add its directory to "
                "REAL_PBX_IN"
            )
    yield
    # Only what was selected is left.
    items[:] = busy_while_others_wait(items)


def busy_while_others_wait(items: list[pytest.Item]) -> list[pytest.Item]:
    """Put the tests that compute evenly among those that wait, so that processes that run tests
    side by side do not all compute at one time and all wait at another."""
    files = {HERE / name for name in COMPUTING}
    computing = [item for item in items if item.path in files]
    others = [item for item in items if item.path not in files]
    waiting, passed, ordered = sum(is_with_a_pbx(item.path) for item in others), 0, []
    if not waiting:
        return items
    for item in others:
        ordered.append(item)
        if is_with_a_pbx(item.path):
            share = slice(
                passed * len(computing) // waiting, (passed + 1) * len(computing) // waiting
            )
            ordered += computing[share]
            passed += 1
    return ordered


def pytest_collection_finish() -> None:
    """Thousands of tests live to the end: the garbage collector need not look at them."""
    gc.freeze()


class ClosingLine:
    """Counts what ran on the real Asterisk, and joins the two runs of `make test` into one."""

    def __init__(self, config: pytest.Config) -> None:
        self.tally_to: str | None = config.getoption("--tally-to")
        self.tally_from: str | None = config.getoption("--tally-from")
        self.in_ci = os.environ.get("CI", "").lower() not in ("", "0", "false", "no")
        self.earlier: list[tuple[str, dict[str, object]]] = []
        self.on_asterisk = 0
        self.not_run: dict[str, str] = {}
        if self.tally_from and Path(self.tally_from).exists():
            self.earlier = json.loads(Path(self.tally_from).read_text())

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if "asterisk" not in report.keywords:
            return
        if report.skipped and not hasattr(report, "wasxfail"):
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
            self.not_run[report.nodeid] = str(reason).removeprefix("Skipped: ")
        elif report.when == "call":
            self.on_asterisk += 1

    @property
    def pbx_is_missing(self) -> bool:
        last_of_two = self.tally_from is not None
        return bool(self.not_run) or (last_of_two and self.on_asterisk == 0)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        nothing_ran = session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED
        if nothing_ran and (self.tally_to or self.earlier):
            session.exitstatus = pytest.ExitCode.OK  # The other of the two runs has the tests.
        if self.pbx_is_missing and self.in_ci and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, config: pytest.Config
    ) -> None:
        stats = terminalreporter.stats
        if self.tally_to:
            reports = []
            for category in CATEGORIES:
                for report in stats.get(category, []):
                    data = config.hook.pytest_report_to_serializable(config=config, report=report)
                    data.pop("node", None)  # pytest-xdist's own worker.
                    reports.append((category, data))
            Path(self.tally_to).write_text(json.dumps(reports))
        for category, data in self.earlier:
            report = config.hook.pytest_report_from_serializable(config=config, data=data)
            stats.setdefault(category, []).append(report)
        if self.earlier:
            stats.pop("deselected", None)  # They are the earlier run's tests, counted just now.
        if self.on_asterisk:
            terminalreporter.write_line(f"real Asterisk: {self.on_asterisk} tests ran on it")
        if self.pbx_is_missing:
            missing = f"{len(self.not_run)} OF THE" if self.on_asterisk else "THE"
            title = f"{missing} REAL-PBX TESTS DID NOT RUN"
            terminalreporter.write_sep("!", title, red=True, bold=True)
            for reason in sorted(set(self.not_run.values())) or ["no such test was selected"]:
                terminalreporter.write_line(reason)
            terminalreporter.write_line(
                "What they would have shown is not known. See tests/lab/install.sh"
                + (", and CI counts this as a failure." if self.in_ci else ".")
            )
