"""What Prometheus may read: counters fed with records, gauges taken from the snapshot.

Owns every metric's name, help text and labels, in a registry of its own.

- Base units: seconds, and ``_total`` for what only grows. Raw counters instead of ratios, so that
  each of the service-level formulas in GLOSSARY.md can be computed from them.
- Labels hold what `acd.labels` lets them hold: no stranger's text, no caller's number.
- Every child exists from the start with the value 0, so a dashboard shows zeros and no gaps.
- ``observe`` runs after each step of the engine: it looks up bound children and adds, no more.
- Gauges are read from the engine's snapshot when Prometheus asks, and cost nothing before.

It must not know how the engine works, nor HTTP: it sees records and snapshots, and gives bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

import acd
from acd.core.events import RingOutcome
from acd.core.ids import MenuId, PbxId, QueueId
from acd.core.plan import Ask, Plan
from acd.core.records import (
    AgentRung,
    CallAnswered,
    CallDeflected,
    CallEnded,
    CallLeftQueue,
    CallOffered,
    CallQueued,
    CallRelaxed,
    IncidentHeard,
    MenuMissed,
    MenuSelected,
    Noticed,
    Outcome,
    Record,
    Repaired,
    Replied,
    RingEnded,
    Snapshot,
    TalkEnded,
    WaitAnnounced,
    WrapUpEnd,
    WrapUpEnded,
)
from acd.gauges import Figure, gauges
from acd.labels import NO_QUEUE, OTHER, WAYS_OUT, Words

_WITHIN: Final = (10.0, 20.0, 30.0, 60.0)
_WAIT: Final = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200)
_TOLD: Final = (15, 30, 60, 90, 120, 180, 300, 450, 600, 900, 1200, 1800, 3600)
_TALK: Final = (5, 15, 30, 60, 120, 180, 240, 300, 450, 600, 900, 1800, 3600)
_WRAP_UP: Final = (1, 5, 10, 20, 30, 60, 90, 120, 180, 240, 300, 450, 600)
_RING: Final = (1, 2, 3, 5, 8, 10, 15, 20, 30, 60)
_LAG: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30)
_LAG_MOST_SECONDS: Final = 3600.0
_DISPATCH: Final = (0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.5, 2)


class Metrics:
    """All of acd's metrics. ``plan`` and ``pbxs`` fix the labels; give a new plan to ``adopt``.

    ``snapshot`` is called once for each scrape; without it the gauges are left out.
    """

    def __init__(
        self,
        plan: Plan,
        pbxs: Iterable[PbxId],
        snapshot: Callable[[], Snapshot] | None = None,
    ) -> None:
        # The client library would double the page with a `_created` gauge for each series.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        info = Gauge("acd_build_info", "Always 1.", ["version"], registry=self.registry)
        info.labels(acd.__version__).set(1)
        self._families = _Families(self.registry)
        self._queues: dict[QueueId, _QueueMetrics] = {}
        self._options: dict[tuple[MenuId, str], Counter] = {}
        self._misses: dict[tuple[MenuId, str], Counter] = {}
        self._arrived = {pbx: self._families.arrived.labels(pbx) for pbx in (*pbxs, OTHER)}
        self._ended = {
            outcome: self._families.ended.labels(NO_QUEUE, outcome.value) for outcome in Outcome
        }
        self._replies = {
            refused: self._families.replies.labels("refused" if refused else "done")
            for refused in (False, True)
        }
        self._repairs = Words(self._families.repairs.labels)
        self._notices = Words(self._families.notices.labels)
        messages, rejected = self._families.messages, self._families.rejected
        self._messages = {pbx: Words(partial(messages.labels, pbx)) for pbx in self._arrived}
        self._rejected = {pbx: Words(partial(rejected.labels, pbx)) for pbx in self._arrived}
        self._lag = {pbx: self._families.lag.labels(pbx) for pbx in self._arrived if pbx != OTHER}
        self._connected = {
            pbx: self._families.connected.labels(pbx) for pbx in self._arrived if pbx != OTHER
        }
        self._counts: dict[type, Callable[..., None]] = {
            CallOffered: self._call_offered,
            MenuSelected: self._menu_selected,
            MenuMissed: self._menu_missed,
            CallQueued: self._call_queued,
            CallRelaxed: self._call_relaxed,
            CallLeftQueue: self._call_left_queue,
            WaitAnnounced: self._wait_announced,
            IncidentHeard: self._incident_heard,
            CallDeflected: self._call_deflected,
            AgentRung: self._agent_rung,
            RingEnded: self._ring_ended,
            CallAnswered: self._call_answered,
            TalkEnded: self._talk_ended,
            WrapUpEnded: self._wrap_up_ended,
            CallEnded: self._call_ended,
            Replied: self._replied,
            Noticed: self._noticed,
            Repaired: self._repaired,
        }
        self.adopt(plan)
        if snapshot is not None:
            self.watch(lambda: gauges(snapshot()))

    def watch(self, look: Callable[[], Iterable[Figure]]) -> None:
        """Have what ``look`` gives on the page, asked for at each scrape."""
        self.registry.register(_Gauges(look))

    def adopt(self, plan: Plan) -> None:
        """Make room for the queues and menus of a new plan; those that are gone keep their sums."""
        other = _QueueMetrics(self._families, QueueId(OTHER), _WITHIN, OTHER)
        self._queues.setdefault(QueueId(OTHER), other)
        for queue in plan.queues.values():
            strategy = queue.strategy.value
            if queue.id in self._queues:
                rings = self._families.rings.labels(queue.id, strategy)
                self._queues[queue.id].rings = rings
            else:
                within = sorted({*_WITHIN, queue.target_seconds})
                made = _QueueMetrics(self._families, queue.id, within, strategy)
                self._queues[queue.id] = made
        for menu in (*plan.menus.values(), None):
            name = MenuId(OTHER) if menu is None else menu.id
            nodes = () if menu is None else menu.nodes.values()
            keys = {key for node in nodes if isinstance(node, Ask) for key in node.choices}
            for key in sorted({*keys, OTHER}):
                if (name, key) not in self._options:
                    self._options[name, key] = self._families.options.labels(name, key)
            for kind in ("wrong_key", "no_key", OTHER):
                if (name, kind) not in self._misses:
                    self._misses[name, kind] = self._families.misses.labels(name, kind)

    def observe(self, records: Sequence[Record]) -> None:
        """Count what one step has made true."""
        for record in records:
            count = self._counts.get(type(record))
            if count is not None:
                count(record)

    def dispatch(self, seconds: float) -> None:
        """Time from the moment a call and an agent fitted to the Originate being written."""
        self._families.dispatch.observe(seconds)

    def ami_message(self, pbx: PbxId, kind: str, times: int = 1) -> None:
        """Count messages from a PBX that were read; ``kind`` is their type's constant name."""
        self._messages.get(pbx, self._messages[PbxId(OTHER)]).count(kind, times)

    def ami_rejected(self, pbx: PbxId, reason: str, times: int = 1) -> None:
        """Count messages from a PBX that were refused; ``reason`` is a short constant word."""
        self._rejected.get(pbx, self._rejected[PbxId(OTHER)]).count(reason, times)

    def ami_lag(self, pbx: PbxId, seconds: float) -> None:
        """How long ago a PBX sent what has just been worked off, by its clock and ours.

        Clocks that differ show here too. Below nothing is nothing; what is over an hour off was
        made up, or a clock is wrong by so much that the sum would say nothing any more.
        """
        if abs(seconds) < _LAG_MOST_SECONDS and pbx in self._lag:
            self._lag[pbx].observe(max(0.0, seconds))

    def ami_connected(self, pbx: PbxId, connected: bool) -> None:
        """Say whether the link to a configured PBX is up and in step."""
        self._connected[pbx].set(1 if connected else 0)

    def text(self) -> Iterator[bytes]:
        """All metrics in Prometheus' text format, version 0.0.4, one metric at a time.

        Whoever writes them out lets the event loop run between two: one metric takes well under a
        millisecond for each ten queues, the whole page ten times that.
        """
        for family in self.registry.collect():
            yield generate_latest(_One(family))

    # -- one method for each record that is counted ------------------------------------------

    def _queue(self, queue: QueueId) -> _QueueMetrics:
        return self._queues.get(queue) or self._queues[QueueId(OTHER)]

    def _call_offered(self, record: CallOffered) -> None:
        self._arrived.get(record.pbx, self._arrived[PbxId(OTHER)]).inc()

    def _menu_selected(self, record: MenuSelected) -> None:
        child = self._options.get((record.menu, record.option))
        if child is None:
            child = self._options.get((record.menu, OTHER), self._options[MenuId(OTHER), OTHER])
        child.inc()

    def _menu_missed(self, record: MenuMissed) -> None:
        child = self._misses.get((record.menu, record.kind))
        if child is None:
            child = self._misses.get((record.menu, OTHER), self._misses[MenuId(OTHER), OTHER])
        child.inc()

    def _call_queued(self, record: CallQueued) -> None:
        self._queue(record.queue).offered.inc()

    def _call_relaxed(self, record: CallRelaxed) -> None:
        self._queue(record.queue).relaxations.inc()

    def _call_left_queue(self, record: CallLeftQueue) -> None:
        left = self._queue(record.queue).left
        left.get((record.rule, record.outcome.value), left[OTHER, OTHER]).inc()

    def _wait_announced(self, record: WaitAnnounced) -> None:
        if record.estimate_seconds is not None:
            self._queue(record.queue).told.observe(record.estimate_seconds)

    def _incident_heard(self, record: IncidentHeard) -> None:
        self._queue(record.queue).incidents.inc()

    def _call_deflected(self, record: CallDeflected) -> None:
        self._queue(record.queue).deflected.inc()

    def _agent_rung(self, record: AgentRung) -> None:
        self._queue(record.queue).rings.inc()

    def _ring_ended(self, record: RingEnded) -> None:
        queue = self._queue(record.queue)
        queue.ring_outcomes[record.outcome].inc()
        queue.ring.observe(record.ring_seconds)
        if record.outcome is RingOutcome.NO_ANSWER:
            queue.rona.inc()

    def _call_answered(self, record: CallAnswered) -> None:
        queue = self._queue(record.queue)
        queue.answered.inc()
        queue.ring_answered.inc()
        queue.wait.observe(record.wait_seconds)
        queue.ring.observe(record.ring_seconds)
        for threshold, child in queue.answered_within:
            if record.wait_seconds <= threshold:
                child.inc()

    def _talk_ended(self, record: TalkEnded) -> None:
        queue = self._queue(record.queue)
        queue.talk.observe(record.talk_seconds)
        queue.hold.inc(record.hold_seconds)

    def _wrap_up_ended(self, record: WrapUpEnded) -> None:
        queue = self._queue(record.queue)
        queue.wrap_up.observe(record.seconds)
        queue.wrap_up_ends[record.how].inc()

    def _call_ended(self, record: CallEnded) -> None:
        if record.queue is None:
            self._ended[record.outcome].inc()
            return
        queue = self._queue(record.queue)
        queue.ended[record.outcome].inc()
        if record.outcome is Outcome.SHORT_ABANDONED:
            queue.short_abandoned.inc()
        elif record.outcome is not Outcome.ABANDONED:
            return
        queue.abandoned.inc()
        if record.queued_at is not None:
            waited = max(0.0, record.at - record.queued_at)
            queue.abandon_wait.observe(waited)
            for threshold, child in queue.abandoned_within:
                if waited <= threshold:
                    child.inc()

    def _replied(self, record: Replied) -> None:
        self._replies[bool(record.refusal)].inc()

    def _noticed(self, record: Noticed) -> None:
        self._notices.count(record.kind)

    def _repaired(self, record: Repaired) -> None:
        self._repairs.count(record.kind)


class _Families:
    """Every metric that records feed: name, help text, label names."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"acd_{name}_total", text, labels, registry=registry)

        def times(name: str, text: str, buckets: Sequence[float], *labels: str) -> Histogram:
            name = f"acd_{name}_seconds"
            return Histogram(name, text, labels, buckets=buckets, registry=registry)

        q, t = "queue", "threshold"
        self.arrived = counter("calls_arrived", "Calls that came in.", "pbx")
        self.offered = counter("calls_offered", "Calls that entered the queue.", q)
        text = "Waiting calls that came to ask for less, each step."
        self.relaxations = counter("relaxations", text, q)
        text = "Calls that a rule or a supervisor took out of the queue, or kept from joining it."
        self.left = counter("calls_left_queue", text, q, "rule", "outcome")
        text = "The estimated wait from then on, each time a waiting caller was told one."
        self.told = times("wait_told", text, _TOLD, q)
        text = "Incidents told to callers for the queue, before it or in it."
        self.incidents = counter("incidents_heard", text, q)
        text = "Callers who hung up informed by an incident, before the queue or in it."
        self.deflected = counter("calls_deflected", text, q)
        self.answered = counter("calls_answered", "Queued calls joined with an agent.", q)
        text = "Calls answered at most this many seconds after queue entry."
        self.answered_within = counter("calls_answered_within", text, q, t)
        text = "Callers who hung up in the queue, short abandons included."
        self.abandoned = counter("calls_abandoned", text, q)
        text = "Callers who hung up at most this many seconds after queue entry."
        self.abandoned_within = counter("calls_abandoned_within", text, q, t)
        text = "Callers who hung up before the queue's short threshold."
        self.short_abandoned = counter("calls_short_abandoned", text, q)
        text = "Ended calls by their one outcome and last queue; no queue: never queued."
        self.ended = counter("calls_ended", text, q, "outcome")
        self.wait = times("wait", "Queue entry to answer, answered calls only.", _WAIT, q)
        text = "Queue entry to the caller's hang-up."
        self.abandon_wait = times("abandon_wait", text, _WAIT, q)
        self.talk = times("talk", "Agents' talks, hold included.", _TALK, q)
        self.hold = counter("hold_seconds", "Time callers spent on hold within talks.", q)
        self.wrap_up = times("wrap_up", "After-call work.", _WRAP_UP, q)
        self.wrap_up_ends = counter("wrap_ups_ended", "Wrap-ups by what ended them.", q, "how")
        text = "Agents' phones asked to ring, by the queue's strategy at that time."
        self.rings = counter("rings", text, q, "strategy")
        self.ring_outcomes = counter("ring_outcomes", "Rings by how they ended.", q, "outcome")
        self.ring = times("ring", "How long agents' phones rang.", _RING, q)
        self.rona = counter("rona", "Agents set not ready because they did not answer.", q)
        text = "Keys that chose an option."
        self.options = counter("menu_selections", text, "menu", "option")
        text = "Wrong keys, and waits for a key in vain."
        self.misses = counter("menu_misses", text, "menu", "kind")
        text = "Changes that agents and supervisors asked for over HTTP, by result."
        self.replies = counter("change_requests", text, "result")
        self.notices = counter("notices", "What operators should look at.", "kind")
        text = "Differences between us and a PBX that were put right."
        self.repairs = counter("reconcile_repairs", text, "kind")
        text = "Match possible to Originate written."
        self.dispatch = times("dispatch_latency", text, _DISPATCH)
        self.messages = counter("ami_messages", "AMI messages read, by type.", "pbx", "kind")
        text = "AMI messages refused as forged or broken."
        self.rejected = counter("ami_rejected_messages", text, "pbx", "reason")
        text = "From the PBX's Timestamp to the message being worked off; one each 0.1 s is asked."
        self.lag = times("ami_lag", text, _LAG, "pbx")
        text = "1 while the link to the PBX is up and in step."
        self.connected = Gauge("acd_ami_connected", text, ["pbx"], registry=registry)


class _QueueMetrics:
    """One queue's children, bound once so that counting never looks up a label."""

    def __init__(
        self, families: _Families, queue: QueueId, within: Sequence[float], strategy: str
    ) -> None:
        self.offered = families.offered.labels(queue)
        self.relaxations = families.relaxations.labels(queue)
        self.left = {way: families.left.labels(queue, *way) for way in WAYS_OUT}
        self.told = families.told.labels(queue)
        self.incidents = families.incidents.labels(queue)
        self.deflected = families.deflected.labels(queue)
        self.answered = families.answered.labels(queue)
        self.answered_within = [
            (limit, families.answered_within.labels(queue, f"{limit:g}")) for limit in within
        ]
        self.abandoned = families.abandoned.labels(queue)
        self.abandoned_within = [
            (limit, families.abandoned_within.labels(queue, f"{limit:g}")) for limit in within
        ]
        self.short_abandoned = families.short_abandoned.labels(queue)
        self.ended = {outcome: families.ended.labels(queue, outcome.value) for outcome in Outcome}
        self.wait = families.wait.labels(queue)
        self.abandon_wait = families.abandon_wait.labels(queue)
        self.talk = families.talk.labels(queue)
        self.hold = families.hold.labels(queue)
        self.wrap_up = families.wrap_up.labels(queue)
        self.wrap_up_ends = {how: families.wrap_up_ends.labels(queue, how) for how in WrapUpEnd}
        self.rings = families.rings.labels(queue, strategy)
        self.ring = families.ring.labels(queue)
        self.ring_answered = families.ring_outcomes.labels(queue, "answered")
        self.ring_outcomes = {
            outcome: families.ring_outcomes.labels(queue, outcome.value) for outcome in RingOutcome
        }
        self.rona = families.rona.labels(queue)


class _One(Collector):
    """A single metric, as the client library's writer wants it."""

    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterator[Metric]:
        yield self._family


class _Gauges(Collector):
    """What is true now, looked at while Prometheus waits."""

    def __init__(self, look: Callable[[], Iterable[Figure]]) -> None:
        self._look = look

    def collect(self) -> Iterator[Metric]:
        for gauge in self._look():
            make = CounterMetricFamily if gauge.counts else GaugeMetricFamily
            family = make(gauge.name, gauge.text, labels=gauge.labels)
            for values, value in gauge.samples:
                family.add_metric(values, value)
            yield family
