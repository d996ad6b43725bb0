"""From a folder of YAML to what an engine is started with: ``python -m acd.config.reader``.

Owns the way from settings to their meaning: which folder data go to, which address the store has.
Secrets are read here, from the files that ``acd.yaml`` names. Nothing is made or changed.
"""

import os
import sys
from datetime import date
from pathlib import Path
from urllib.parse import quote

from acd.config.credentials import read_credentials, read_store_password
from acd.config.loader import Loaded, load
from acd.config.service import PbxAccess, Service, tell
from acd.core.ids import PbxId
from acd.errors import ConfigError


def read_service(config_dir: Path, today: date) -> Service:
    """Read all of it, the secrets too. Raises ConfigError with every problem found."""
    loaded = load(config_dir, today=today)
    settings = loaded.settings
    credentials = read_credentials(loaded)
    data_dir = _data_dir(loaded)
    return Service(
        plan=loaded.plan,
        pbxs=tuple(
            PbxAccess(
                (name := PbxId(pbx.name)),
                pbx.host,
                pbx.port,
                pbx.username,
                credentials[name].secret,
                credentials[name].system_name,
            )
            for pbx in settings.pbxs
        ),
        http_host=settings.http.host,
        http_port=settings.http.port,
        tokens_file=config_dir / settings.http.tokens_file if settings.http.tokens_file else None,
        data_dir=data_dir,
        store_url=_store_url(loaded, data_dir),
        log_format=settings.log_format,
    )


def _data_dir(loaded: Loaded) -> Path:
    named = loaded.settings.data_path
    state = os.environ.get("STATE_DIRECTORY", "")
    return Path(state) if named is None and state else loaded.config_dir / (named or "../var")


def _store_url(loaded: Loaded, data_dir: Path) -> str:
    url, password = loaded.settings.store.url, read_store_password(loaded)
    if password:
        scheme, _, rest = url.partition("://")
        user, _, place = rest.partition("@")
        url = f"{scheme}://{user}:{quote(password, safe='')}@{place}"
    return url or f"sqlite:///{data_dir.resolve() / 'acd.db'}"


def main() -> None:
    """Read what the arguments name, the folder and the day, and tell the parent."""
    folder, today = sys.argv[1:]
    try:
        found = read_service(Path(folder), date.fromisoformat(today))
    except ConfigError as error:
        tell(error.problems, sys.stdout.buffer)
    else:
        tell(found, sys.stdout.buffer)


if __name__ == "__main__":
    main()
