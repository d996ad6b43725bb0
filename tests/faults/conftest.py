"""What every test of the fault matrix has: the ledger, and whether this is a soak."""

from collections.abc import Iterator

import pytest

from tests.faults.ledger import Ledger, tally_of
from tests.faults.site import Site
from tests.lab.asterisk import LabUnavailableError


@pytest.fixture(scope="session")
def ledger(pytestconfig: pytest.Config) -> Ledger:
    """Where a test counts what it saw."""
    return Ledger(tally_of(pytestconfig))


@pytest.fixture(scope="session")
def soak(pytestconfig: pytest.Config) -> bool:
    """Whether to do the matrix's full counts, which take hours, or those of `make test`."""
    return bool(pytestconfig.getoption("--soak"))


@pytest.fixture(scope="session")
def ami_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A real Asterisk and the real engine, with the door between them; see `site`."""
    try:
        site = Site(tmp_path_factory.mktemp("site"))
    except LabUnavailableError as reason:
        pytest.skip(f"no lab Asterisk: {reason}")
    yield site
    site.stop()
