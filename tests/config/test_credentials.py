"""Secrets are read only from where nobody else can read them, and never shown."""

from pathlib import Path

import pytest

from acd.config.credentials import read_credentials
from acd.core.ids import PbxId
from acd.errors import ConfigError
from tests.config.conftest import Small

MAIN = PbxId("main")


def secret(small: Small, text: str | bytes = "s3cret\n", mode: int = 0o600) -> Path:
    small.write("config/secrets/main", text)
    path = small.root / "config/secrets/main"
    path.chmod(mode)
    return path


def told(small: Small) -> str:
    with pytest.raises(ConfigError) as refused:
        read_credentials(small.load())
    (problem,) = refused.value.problems
    return str(problem).replace(f"{small.root}/", "")


@pytest.mark.parametrize("mode", [0o400, 0o600])
def test_a_guarded_line_is_the_secret(small: Small, mode: int) -> None:
    secret(small, mode=mode)
    found = read_credentials(small.load())[MAIN]
    assert (found.secret, found.system_name) == ("s3cret", "")


def test_loading_needs_no_secret(small: Small) -> None:
    assert small.told() == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_secret_that_others_can_read_is_refused(small: Small, mode: int) -> None:
    secret(small, mode=mode)
    assert told(small) == (
        f"config/acd.yaml:3:18: config/secrets/main can be read by others (mode {mode:04o}); "
        "run: chmod 600 config/secrets/main"
    )


def test_a_missing_secret_is_told_at_the_line_that_names_it(small: Small) -> None:
    assert told(small) == (
        "config/acd.yaml:3:18: config/secrets/main cannot be read: No such file or directory; "
        "put the secret there in one line and run: chmod 600 config/secrets/main"
    )


@pytest.mark.parametrize("text", ["", "\n", "a\nb\n", "a\r\nSecret: b", "ä", b"\xff", "x" * 300])
def test_what_is_not_one_printable_line_is_refused_and_not_shown(
    small: Small, text: str | bytes
) -> None:
    secret(small, text)
    said = told(small)
    assert "does not hold one line of 1 to 256 printable ASCII characters" in said
    assert "Secret: b" not in said


def test_all_that_is_wrong_with_secrets_is_told_at_once(small: Small) -> None:
    small.edit("config/acd.yaml", "    secret_file: secrets/main\n",
               "    secret_file: one\n    system_name_file: two\n")  # fmt: skip
    with pytest.raises(ConfigError) as refused:
        read_credentials(small.load())
    assert [problem.line for problem in refused.value.problems] == [3, 4]


def test_a_secret_shows_in_no_representation(small: Small) -> None:
    secret(small)
    assert "s3cret" not in repr(read_credentials(small.load()))


def test_systemd_hands_secrets_over(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    small.edit("config/acd.yaml", "secret_file: secrets/main",
               "secret_credential: ami\n    system_name_credential: name")  # fmt: skip
    assert [problem.split(";")[0] for problem in all_told(small)] == [
        'config/acd.yaml:3:24: no systemd credentials are there, and "ami" is wanted',
        'config/acd.yaml:4:29: no systemd credentials are there, and "name" is wanted',
    ]
    small.write("run/ami", "s3cret")
    small.write("run/name", "acd-7f3a")
    # systemd lets the service's user in by an access list, which shows as a mode for the group.
    (small.root / "run/ami").chmod(0o440)
    (small.root / "run/name").chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(small.root / "run"))
    found = read_credentials(small.load())[MAIN]
    assert (found.secret, found.system_name) == ("s3cret", "acd-7f3a")


def all_told(small: Small) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        read_credentials(small.load())
    return [str(problem).replace(f"{small.root}/", "") for problem in refused.value.problems]
