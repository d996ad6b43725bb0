"""The commands. Each imports what it needs when it runs, and wires it together.

Rules: what an operator can repair is printed as it stands, to standard error, and the status is 1;
nothing has been started then. Bugs show their traceback.
"""

import gc
import os
import socket
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acd.bookcommands import forms
from acd.callcommands import trace
from acd.clock import Clock
from acd.command import ConfigDir, for_operators, today
from acd.enginecommands import explain, reload, top
from acd.errors import ConfigError, OperatorError
from acd.privacycommands import privacy_app
from acd.promptcommands import prompts_app
from acd.reportcommands import export_app, report

if TYPE_CHECKING:
    from collections.abc import Callable

    from acd.config.service import QueueLogSettings, Service
    from acd.core.memory import Memory
    from acd.core.plan import Plan
    from acd.daemon import Beside, Daemon, Setup
    from acd.queuelog.file import OpenQueueLog, QueueLogFile
    from acd.reloads import Fresh

app = typer.Typer(
    name="acd",
    help="An automatic call distributor and IVR that drives Asterisk over AMI.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(prompts_app, name="prompts")
app.add_typer(privacy_app, name="privacy")
menus_app = typer.Typer(no_args_is_help=True, help="What callers hear, without a telephone.")
app.add_typer(menus_app, name="menus")
asterisk_app = typer.Typer(no_args_is_help=True, help="What Asterisk must know of acd.")
app.add_typer(asterisk_app, name="asterisk")
app.add_typer(export_app, name="export")


@app.command()
@for_operators
def run(config: ConfigDir = Path("config")) -> int:
    """Serve callers: connect to the PBXs of acd.yaml and work until SIGTERM or Ctrl-C.

    SIGHUP reads the configuration again. Status 70 means a bug of ours; restart it.
    """
    gc.disable()  # Until the daemon is ready: see acd.daemon.run.
    from acd.config.service import Reader

    with Reader(config, today()) as reader:
        # Two thirds of a start are imports. Who reads has his own, at the same time.
        from acd import daemon
        from acd.store.claim import claim

        service = reader.service()
    setup = _setup(service, config)
    claim(service.data_dir, service.store_url)  # For as long as this process lives.
    return daemon.run(setup, service.log_format, beside=_beside(service, setup, config))


@app.command()
@for_operators
def check(config: ConfigDir = Path("config")) -> int:
    """Read and check the whole configuration, tell every mistake at once, start nothing.

    Status 1 when something is refused. A warning refuses nothing.
    """
    from acd.config.loader import load
    from acd.rehearsal import failures

    loaded = load(config, today=today())
    plan, examples = loaded.plan, loaded.expectations
    if problems := failures(plan, examples):
        raise ConfigError(problems)
    for warning in loaded.warnings:
        print(warning, file=sys.stderr)
    warned = f", {len(loaded.warnings)} to look at" if loaded.warnings else ""
    print(
        f"{config}: {len(plan.queues)} queues, {len(plan.agents)} agents, "
        f"{len(plan.menus)} menus, {len(plan.clients)} clients, "
        f"{len(examples)} examples of calls: no problems{warned}"
    )
    return 0


@app.command()
@for_operators
def demo(
    config: ConfigDir = Path("config"),
    seed: Annotated[int, typer.Option(help="Who calls when, and who answers how.")] = 1,
    calls_an_hour: Annotated[int, typer.Option(min=1, max=20_000)] = 600,
    log: Annotated[Path | None, typer.Option(help="A file for the log.")] = None,
) -> int:
    """Show it at work without a PBX: the real daemon, a simulated Asterisk over TCP, live here."""
    from acd.demo import USERNAME, Stage, scene

    with Stage() as stage:  # The child imports its things while we import ours.
        from acd import daemon
        from acd.ami.client import LinkSettings
        from acd.config.loader import load
        from acd.core.ids import PbxId

        loaded = load(config, today=today())
        pbx = PbxId(loaded.settings.pbxs[0].name)
        wanted = scene(loaded.plan, loaded.prompts_dir, seed=seed, calls_an_hour=calls_an_hour)
        port = stage.open(wanted)
        setup = daemon.Setup(
            plan=loaded.plan,
            links=(LinkSettings(pbx, "127.0.0.1", port, USERNAME, wanted.secret),),
            system_names={pbx: wanted.system_name},
            http_port=_free_or(loaded.settings.http.port),
        )
        title = f"acd demo, seed {seed}: a simulated Asterisk; Ctrl-C ends it"
        with open(log or os.devnull, "w", encoding="utf-8") as stream:
            return daemon.run(
                setup,
                "text",
                log_stream=stream,
                beside=lambda engine: stage.play(engine, title),
            )


app.command()(explain)
app.command()(forms)
app.command()(report)
app.command()(reload)
app.command()(top)
app.command()(trace)


@app.command()
@for_operators
def sim(
    seed: Annotated[int, typer.Option(help="The first seed.")] = 1,
    hours: Annotated[float, typer.Option(min=0.01, help="Virtual hours for each seed.")] = 1.0,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds, one after another.")] = 1,
) -> int:
    """Run virtual hours of a whole centre against the simulated PBX, watched by an auditor.

    Status 1 when a rule was broken; the seed that did it is printed and does it again.
    """
    from acd.sim.run import print_report, run

    broken = []
    for number in range(seed, seed + seeds):
        report = run(number, hours)
        print_report(report, sys.stdout)
        if report.violations:
            broken.append(number)
    if broken:
        print(f"broken by seeds {', '.join(map(str, broken))}", file=sys.stderr)
    return 1 if broken else 0


@app.command()
@for_operators
def replay(
    journal: Annotated[
        Path, typer.Argument(help="A file of a run's journal, or a directory: its newest run.")
    ],
    until: Annotated[
        int | None, typer.Option(min=0, help="Stop after the entry with this sequence number.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show each entry and all that was said for it.")
    ] = False,
) -> int:
    """Do a run again from its journal, without a PBX, and compare every byte with what was said.

    Status 1 unless all that the journal holds was replayed and agreed.
    """
    from acd.replay import replay as do_again

    return 0 if do_again(journal, sys.stdout, until=until, verbose=verbose) else 1


@menus_app.command("try")
@for_operators
def menus_try(
    menu: Annotated[str, typer.Argument(help="The menu; without it the callers' first.")] = "",
    config: ConfigDir = Path("config"),
    keys: Annotated[
        str | None, typer.Option(help="Press these, a dot being none, instead of asking for keys.")
    ] = None,
    language: Annotated[str, typer.Option(help="Where to begin; by default its first.")] = "",
    at: Annotated[
        str, typer.Option(help='When he calls: "2026-12-24 10:00". By default all is open.')
    ] = "",
    number: Annotated[
        str, typer.Option(help="The number he dialled; it leads to the menu if none is named.")
    ] = "",
) -> int:
    """Go through a menu by keyboard: read what a caller hears, press what he would.

    Status 1 when the configuration is refused, as by `acd check`, or there is no such menu.
    """
    from acd.config.loader import load
    from acd.tryout import Caller, try_menu

    loaded = load(config, today=today(), need_prompts=False)
    try_menu(loaded, menu, Caller(language, at, keys, number), sys.stdin, sys.stdout)
    return 0


@menus_app.command("graph")
@for_operators
def menus_graph(
    menu: Annotated[str, typer.Argument(help="The menu; without it the callers' first.")] = "",
    config: ConfigDir = Path("config"),
    as_mermaid: Annotated[
        bool, typer.Option("--mermaid", help="Text that code hosts and editors draw.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(help="A folder: a file for each menu, or for the one that is named."),
    ] = None,
) -> int:
    """Draw a menu as SVG, laid out by Graphviz, or as Mermaid.

    Status 1 when the configuration is refused, as by `acd check`, there is no such menu, or the
    program dot (package graphviz) is missing; Mermaid needs none.
    """
    from acd.config.loader import load
    from acd.layout import picture, write_pictures
    from acd.tryout import menu_of

    plan = load(config, today=today(), need_prompts=False).plan
    if output is None:
        print(picture(menu_of(plan, menu), as_mermaid=as_mermaid), end="")
        return 0
    menus = [menu_of(plan, menu)] if menu else list(plan.menus.values())
    for path in write_pictures(menus, output, as_mermaid=as_mermaid):
        print(f"{path} written")
    return 0


@app.command()
@for_operators
def schema(
    kind: Annotated[str, typer.Argument(help="A kind of file; without it they are listed.")] = "",
    write: Annotated[
        Path | None, typer.Option(help="A folder for the schemas of all kinds, a file each.")
    ] = None,
) -> int:
    """Print what editors need to know of a kind of YAML file, as JSON Schema: docs/editors.md.

    Status 1 when there is no such kind, or the folder cannot be written.
    """
    from acd.config.editors import KINDS, schema_of, write_schemas

    if write is not None:
        for path, files in write_schemas(write).items():
            print(f"{path} written, for {files}")
    elif kind:
        print(schema_of(kind), end="")
    else:
        print("\n".join(f"{name}\t{each.files}" for name, each in KINDS.items()))
    return 0


@asterisk_app.command("emergency-queues")
@for_operators
def asterisk_emergency_queues(
    config: ConfigDir = Path("config"),
    output: Annotated[
        Path | None,
        typer.Option(help="Asterisk's folder, for two files; without it they are printed."),
    ] = None,
    default_queue: Annotated[
        str, typer.Option(help="For callers in the menu; by default who presses nothing there.")
    ] = "",
) -> int:
    """Write the queues by which Asterisk serves callers alone when there is no engine.

    Status 1 when the configuration is refused, as by `acd check`; nothing is written then.
    """
    from acd.config.emergency import emergency_files, write_files
    from acd.config.loader import load

    plan = load(config, today=today(), need_prompts=False).plan
    files = emergency_files(plan, Clock().now(), default_queue)
    if output is None:
        print("\n".join(f"; --- {name}\n{text}" for name, text in files.items()), end="")
        return 0
    write_files(files, output)
    print("\n".join(f"{output / name} written" for name in files))
    return 0


@app.command()
def version() -> None:
    """Print the version."""
    import acd

    print(acd.__version__)


def _beside(service: "Service", setup: "Setup", config: Path) -> "Beside":
    """What runs beside the engine: what is kept of people deleted in time, surges watched for,
    days added up."""
    import asyncio

    from acd.daysums import add_up_in_time
    from acd.deletion import Deletion, delete_in_time
    from acd.recordings import keep_in_time
    from acd.store.opening import file_of
    from acd.surges import watch

    async def work(engine: "Daemon") -> None:
        log = engine.log

        def plan() -> "Plan":
            return engine.pipeline.engine.floor.plan

        async with asyncio.TaskGroup() as group:
            if service.recordings_dir is not None:
                expired = engine.inbox.put_always
                folder = service.recordings_dir
                group.create_task(keep_in_time(folder, plan, engine.now, expired, log))
            if setup.open_store is not None:
                board, opened = engine.reports.surges, setup.open_store
                group.create_task(watch(opened, engine, lambda: plan().surges, board, log))
                deletion = Deletion(
                    service.retention,
                    opened,
                    journal=setup.journal_path,
                    voicemails=service.voicemail_dir,
                    now=engine.now,
                    tell=lambda what, why: log.error("not_deleted", what=what, why=why),
                )
                engine.metrics.watch(deletion.figure)
                group.create_task(delete_in_time(deletion, log))
                if service.time_zone and file_of(service.store_url) is not None:
                    group.create_task(add_up_in_time(config, log))

    return work


def _setup(service: "Service", config: Path) -> "Setup":
    """What the daemon is started with. Raises OperatorError."""
    from acd.ami.client import LinkSettings
    from acd.config.service import Reader, needs_restart
    from acd.config.teller import have_told
    from acd.daemon import Setup
    from acd.reloads import Fresh
    from acd.store.opening import open_store

    data = service.data_dir
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OperatorError(
            f"{data} cannot be made: {error.strerror}; data_path in acd.yaml says where"
        ) from None

    def read_again() -> "Fresh":
        with Reader(config, today(), examples=True) as reader:
            fresh = reader.service()
        return Fresh(fresh.plan, needs_restart(service, fresh), fresh.watched)

    return Setup(
        plan=service.plan,
        links=tuple(
            LinkSettings(pbx.name, pbx.host, pbx.port, pbx.username, pbx.secret)
            for pbx in service.pbxs
        ),
        system_names={pbx.name: pbx.system_name for pbx in service.pbxs},
        http_host=service.http_host,
        http_port=service.http_port,
        tokens_file=service.tokens_file,
        open_store=lambda: open_store(service.store_url),
        spill_path=data / "acd.spill",
        journal_path=data / "journal",
        voicemail_path=service.voicemail_dir,
        reload=read_again,
        tell=partial(have_told, config),
        watched=service.watched,
        open_queue_log=_queue_log(service.queue_log),
        queue_log_on_pbx=service.queue_log_on_pbx,
    )


def _queue_log(settings: "QueueLogSettings | None") -> "OpenQueueLog | None":
    if settings is None:
        return None

    def open_it(memory: "Memory", tell: "Callable[[str], None]") -> "QueueLogFile":
        from acd.queuelog.file import QueueLogFile
        from acd.queuelog.lines import Lines

        lines = Lines(memory, numbers=settings.numbers)
        return QueueLogFile(settings.path, lines, tell, most_bytes=settings.most_bytes)

    return open_it


def _free_or(port: int) -> int:
    """``port`` when it can be listened on, else 0, which is any free one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
        return port


if __name__ == "__main__":
    app()
