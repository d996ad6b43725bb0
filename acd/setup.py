"""What a daemon is started with: the plan, its links, where it writes and what it serves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from acd.ami.client import LinkSettings
from acd.core.ids import PbxId
from acd.core.plan import Plan
from acd.incidents import Tell
from acd.pipeline import PbxSetup
from acd.queuelog.file import OpenQueueLog
from acd.reloads import Fresh
from acd.store.port import Store


@dataclass(frozen=True, slots=True)
class Setup:
    """What the daemon is started with; secrets in it are never shown."""

    plan: Plan
    links: tuple[LinkSettings, ...]
    system_names: Mapping[PbxId, str] = field(default_factory=dict, repr=False)
    http_host: str = "127.0.0.1"
    http_port: int = 8023
    tokens_file: Path | None = None
    open_store: Callable[[], Store] | None = field(default=None, repr=False)
    """Opens what outlives the engine; without one nothing does. Raises StoreError."""
    spill_path: Path = Path("acd.spill")
    """Where records go while the store does not take them."""
    journal_path: Path | None = None
    """The folder of the journal; without one there is none."""
    voicemail_path: Path | None = None
    """The folder of voicemails as acd sees it; without one nobody can download them."""
    tell: Tell | None = None
    reload: Callable[[], Fresh] | None = None
    """Reads the configuration again, in a thread; raises ConfigError and changes nothing."""
    open_queue_log: OpenQueueLog | None = None
    """Opens the queue_log of ours; without it there is none."""
    queue_log_on_pbx: bool = False
    """Whether the PBXs' own get the same lines."""
    watched: tuple[Path, ...] = ()
    """The folders of which edits are noticed, and the configuration is read again."""

    def pbxs(self) -> list[PbxSetup]:
        """The PBXs as a pipeline must know them."""
        names, told = self.system_names, self.queue_log_on_pbx
        return [PbxSetup(link.pbx, names.get(link.pbx, ""), told) for link in self.links]
