"""From a folder of YAML to what an engine is started with: ``python -m acd.config.reader``.

Owns the way from settings to their meaning: which folder data go to, which address the store has.
Secrets are read here, from the files that ``acd.yaml`` names. Nothing is made or changed.
At a reload the menus' examples are played, too: what `acd check` refuses is not taken. At a start
they are not, since a menu that does not keep its promise is better than none.
"""

import gc
import os
import sys
from datetime import date
from pathlib import Path
from urllib.parse import quote

from acd.config.credentials import read_credentials, read_store_password
from acd.config.files import beside
from acd.config.loader import Loaded, load
from acd.config.service import EXAMPLES, PbxAccess, QueueLogSettings, Service, tell
from acd.core.ids import PbxId
from acd.errors import ConfigError
from acd.retention import Retention


def read_service(config_dir: Path, today: date, *, examples: bool = False) -> Service:
    """Read all of it, the secrets too, and play the ``examples`` if these count.

    Raises ConfigError with every problem found.
    """
    try:
        loaded = load(config_dir, today=today)
    except ConfigError:
        # New words of an incident are not missing: they are spoken here and now.
        if not _speak_new(config_dir, today):
            raise
        loaded = load(config_dir, today=today)
    if examples:
        from acd.rehearsal import failures

        if problems := failures(loaded.plan, loaded.expectations):
            raise ConfigError(problems)
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
        recordings_dir=_recordings_dir(loaded),
        store_url=_store_url(loaded, data_dir),
        log_format=settings.log_format,
        watched=_watched(loaded),
        retention=Retention(**settings.retention.model_dump()),
        country_code=settings.country_code,
        voicemail_dir=config_dir / (settings.voicemail or settings.voicemail_path_on_pbx),
        time_zone=loaded.house_zone.key if loaded.house_zone is not None else "",
        agents_shown=settings.reporting.agents,
        queue_log=_queue_log(loaded),
        queue_log_on_pbx=settings.reporting.queue_log_on_pbx,
    )


def _watched(loaded: Loaded) -> tuple[Path, ...]:
    if not loaded.settings.reload_on_change:
        return ()
    return (loaded.config_dir, loaded.menus_dir, loaded.prompts_dir)


def _speak_new(config_dir: Path, today: date) -> bool:
    from acd.config.telling import speak_new

    return speak_new(config_dir, today)


def _data_dir(loaded: Loaded) -> Path:
    named = loaded.settings.data_path
    state = os.environ.get("STATE_DIRECTORY", "")
    return Path(state) if named is None and state else loaded.config_dir / (named or "../var")


def _recordings_dir(loaded: Loaded) -> Path | None:
    named = loaded.settings.recordings
    return None if named is None else beside(loaded.config_dir, named)


def _queue_log(loaded: Loaded) -> QueueLogSettings | None:
    reporting = loaded.settings.reporting
    if reporting.queue_log is None:
        return None
    return QueueLogSettings(
        beside(loaded.config_dir, reporting.queue_log),
        reporting.queue_log_megabytes * 1_000_000,
        reporting.queue_log_numbers,
    )


def _store_url(loaded: Loaded, data_dir: Path) -> str:
    url, password = loaded.settings.store.url, read_store_password(loaded)
    if password:
        scheme, _, rest = url.partition("://")
        user, _, place = rest.partition("@")
        url = f"{scheme}://{user}:{quote(password, safe='')}@{place}"
    return url or f"sqlite:///{data_dir.resolve() / 'acd.db'}"


def main() -> None:
    """Read what the arguments name, the folder and the day, and tell the parent."""
    folder, today, *more = sys.argv[1:]
    try:
        found = read_service(Path(folder), date.fromisoformat(today), examples=EXAMPLES in more)
    except ConfigError as error:
        tell(error.problems, sys.stdout.buffer)
    else:
        tell(found, sys.stdout.buffer)


if __name__ == "__main__":
    gc.disable()  # This process ends before there is anything worth collecting.
    main()
