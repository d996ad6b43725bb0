"""What Prometheus may read: counters fed with records, gauges taken from the snapshot.

Which there are stands in `acd.families` and `acd.gauges`; here it is said what counts where.

- Raw counters instead of ratios, so that each of the service-level formulas in GLOSSARY.md can be
  computed from them (docs/metrics.md has them).
- Labels hold what `acd.labels` lets them hold: no stranger's text, no caller's number.
- Every child exists from the start with the value 0, so a dashboard shows zeros and no gaps.
- ``observe`` runs after each step of the engine: it looks up bound children and adds, no more.
- Gauges are read from the engine's census when Prometheus asks, and cost nothing before.

It must not know how the engine works, nor HTTP: it sees records and a census, and gives copies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from math import inf, isfinite
from typing import Final

from acd.agenttime import AgentTime
from acd.calibration import Kept, Predictions, Samples
from acd.core.events import RingOutcome
from acd.core.ids import AgentId, CallId, MenuId, PbxId, QueueId
from acd.core.plan import Ask, MenuPlan, Plan
from acd.core.records import (
    Activity,
    AgentChanged,
    AgentRung,
    CallAnswered,
    CallDeflected,
    CallEnded,
    CallLeftQueue,
    CallOffered,
    CallQueued,
    CallRelaxed,
    CallTransferred,
    IncidentHeard,
    MenuMissed,
    MenuSelected,
    Noticed,
    Outcome,
    Presence,
    Record,
    Repaired,
    Replied,
    RingEnded,
    TalkEnded,
    WaitAnnounced,
    WrapUpEnded,
)
from acd.exposition import Exposition, Process
from acd.families import Families, QueueCounts
from acd.gauges import Figure, Moment
from acd.labels import NO_QUEUE, OTHER, RONA, Words
from acd.series import Counter

_WITHIN: Final = (10.0, 20.0, 30.0, 60.0)
_LAG_MOST_SECONDS: Final = 3600.0
_DAY_SECONDS: Final = 86_400.0


class Metrics:
    """All of acd's metrics. ``plan`` and ``pbxs`` fix the labels; give a new plan to ``adopt``.

    ``census`` (`acd.census`) is asked at each scrape; without it the gauges are left out.
    ``began_at`` is when the engine began: nobody's time is counted from before.
    """

    def __init__(
        self,
        plan: Plan,
        pbxs: Iterable[PbxId],
        census: Callable[[], Iterable[Moment | None]] = tuple,
        began_at: float = inf,
    ) -> None:
        self._families = Families()
        self._plan = plan
        self._census = census
        self._looks: list[Callable[[], Iterable[Figure]]] = []
        self._process = Process()
        self._queues: dict[QueueId, QueueCounts] = {}
        self._options: dict[tuple[MenuId, str], Counter] = {}
        self._deflections: dict[tuple[MenuId, str], Counter] = {}
        self._misses: dict[tuple[MenuId, str], Counter] = {}
        self._predictions = Predictions()
        self._samples = Samples()
        self._unanswered: dict[AgentId, QueueId] = {}
        """The queue whose ring an agent has let go by last."""
        self._bind_calls(pbxs)
        self._bind_pbxs()
        seconds = {
            (presence, activity): self._families.agents.seconds.labels(presence, activity)
            for presence in Presence
            for activity in Activity
        }
        self._agent_time = AgentTime(lambda state, more: seconds[state].inc(more), began_at)
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
            AgentChanged: self._agent_changed,
            RingEnded: self._ring_ended,
            CallAnswered: self._call_answered,
            CallTransferred: self._transferred,
            TalkEnded: self._talk_ended,
            WrapUpEnded: self._wrap_up_ended,
            CallEnded: self._call_ended,
            Replied: self._replied,
            Noticed: self._noticed,
            Repaired: self._repaired,
        }
        self.adopt(plan)

    def _bind_calls(self, pbxs: Iterable[PbxId]) -> None:
        calls, agents, engine = self._families.calls, self._families.agents, self._families.engine
        self._arrived = {pbx: calls.arrived.labels(pbx) for pbx in (*pbxs, PbxId(OTHER))}
        self._ended = {outcome: calls.ended.labels(NO_QUEUE, outcome.value) for outcome in Outcome}
        self._replies = {
            refused: agents.replies.labels("refused" if refused else "done")
            for refused in (False, True)
        }
        self._reloads = {
            taken: engine.reloads.labels("taken" if taken else "refused") for taken in (True, False)
        }
        self._notices = Words(engine.notices.labels)
        self._dispatch, self.loop_lag = engine.dispatch.labels(), engine.loop_lag.labels()

    def _bind_pbxs(self) -> None:
        pbx = self._families.pbx
        known = [name for name in self._arrived if name != OTHER]
        self._repairs = Words(pbx.repairs.labels)
        self._messages = {name: Words(partial(pbx.messages.labels, name)) for name in self._arrived}
        self._rejected = {name: Words(partial(pbx.rejected.labels, name)) for name in self._arrived}
        self._lag = {name: pbx.lag.labels(name) for name in known}
        self._clock_offset = {name: pbx.clock_offset.labels(name) for name in known}
        self._connected = {name: pbx.connected.labels(name) for name in known}
        self._losses = {name: pbx.losses.labels(name) for name in known}

    def watch(self, look: Callable[[], Iterable[Figure]]) -> None:
        """Have what ``look`` gives on the page, asked for at each scrape."""
        self._looks.append(look)

    def adopt(self, plan: Plan) -> None:
        """Make room for the queues and menus of a new plan; those that are gone keep their sums."""
        self._plan = plan
        if OTHER not in self._queues:
            other = QueueCounts(self._families, QueueId(OTHER), _WITHIN, OTHER)
            self._queues[QueueId(OTHER)] = other
        for queue in plan.queues.values():
            strategy = queue.strategy.value
            if queue.id in self._queues:
                rings = self._families.agents.rings.labels(queue.id, strategy)
                self._queues[queue.id].rings = rings
            else:
                within = sorted({*_WITHIN, queue.target_seconds})
                made = QueueCounts(self._families, queue.id, within, strategy)
                self._queues[queue.id] = made
            self._queues[queue.id].target_seconds = queue.target_seconds
            self._families.calls.target.labels(queue.id).set(queue.target_seconds)
        for menu in (*plan.menus.values(), None):
            self._adopt_menu(menu)

    def _adopt_menu(self, menu: MenuPlan | None) -> None:
        menus = self._families.menus
        name = MenuId(OTHER) if menu is None else menu.id
        nodes = () if menu is None else menu.nodes.values()
        keys = {key for node in nodes if isinstance(node, Ask) for key in node.choices}
        for key in (*sorted(keys), OTHER):
            if (name, key) not in self._options:
                self._options[name, key] = menus.options.labels(name, key)
                self._deflections[name, key] = menus.deflections.labels(name, key)
        for kind in ("wrong_key", "no_key", OTHER):
            if (name, kind) not in self._misses:
                self._misses[name, kind] = menus.misses.labels(name, kind)

    def observe(self, records: Sequence[Record]) -> None:
        """Count what one step has made true."""
        for record in records:
            count = self._counts.get(type(record))
            if count is not None:
                count(record)

    def dispatch(self, seconds: float) -> None:
        """Time from the moment a call and an agent fitted to the Originate being written."""
        self._dispatch.observe(seconds)

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
        if pbx not in self._lag or not isfinite(seconds):
            return
        self._clock_offset[pbx].set(min(max(seconds, -_DAY_SECONDS), _DAY_SECONDS))
        if abs(seconds) < _LAG_MOST_SECONDS:
            self._lag[pbx].observe(seconds)

    def ami_connected(self, pbx: PbxId, connected: bool) -> None:
        """Say whether the link to a configured PBX is up and in step."""
        if self._connected[pbx].value and not connected:
            self._losses[pbx].inc()
        self._connected[pbx].set(1 if connected else 0)

    def config_reload(self, *, taken: bool) -> None:
        """Count a configuration that was read again, and taken or refused."""
        self._reloads[taken].inc()

    def looks(self) -> Iterator[Exposition | None]:
        """Copy all numbers of one moment; making a page of them is for another thread.

        The copy comes last; before it the event loop may run whenever None comes. A scrape is
        served by `acd.scrapes`.
        """
        moment = None
        for moment in self._census():
            if moment is None:
                yield None
        if moment is not None:
            self._agent_time.seen(moment.agents, moment.at)
            self._samples.looked(moment.queues, moment.at)
        looked_at = [figure for look in self._looks for figure in look()]
        counted = [(family, family.copy()) for family in self._families.all()]
        yield Exposition(moment, self._plan, counted, looked_at, self._process)

    def exposition(self) -> Exposition:
        """Copy them without a pause."""
        *_, last = self.looks()
        assert last is not None
        return last

    # -- one method for each record that is counted ------------------------------------------

    def _queue(self, queue: QueueId) -> QueueCounts:
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
        self._samples.joined(record.call, record.queue, record.at)

    def _call_relaxed(self, record: CallRelaxed) -> None:
        self._queue(record.queue).relaxations.inc()

    def _call_left_queue(self, record: CallLeftQueue) -> None:
        left = self._queue(record.queue).left
        left.get((record.rule, record.outcome.value), left[OTHER, OTHER]).inc()
        self._left(record.call, record.at)

    def _left(self, call: CallId, at: float) -> None:
        """Of who left a queue without an answer, however he did."""
        self._predictions.left(call, at)
        sample = self._samples.left(call, at)
        if sample is not None:
            self._sampled(sample[0], "left", sample[1])

    def _sampled(self, queue: QueueId, end: str, kept: Kept) -> None:
        counts = self._queue(queue).samples[end]
        counts.number.inc()
        counts.predicted.inc(kept.predicted_seconds)
        counts.actual.inc(kept.actual_seconds)

    def _wait_announced(self, record: WaitAnnounced) -> None:
        if record.estimate_seconds is not None:
            self._queue(record.queue).told.observe(record.estimate_seconds)
            self._predictions.told(record.call, record.queue, record.at, record.estimate_seconds)

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
            self._unanswered[record.agent] = record.queue

    def _agent_changed(self, record: AgentChanged) -> None:
        self._agent_time.changed(record.agent, (record.presence, record.activity), record.at)
        queue = self._unanswered.pop(record.agent, None)
        if queue is not None and record.reason == RONA and record.what == "presence":
            self._queue(queue).rona.inc()

    def _call_answered(self, record: CallAnswered) -> None:
        queue = self._queue(record.queue)
        queue.answered.inc()
        queue.ring_answered.inc()
        queue.wait.observe(record.wait_seconds)
        queue.ring.observe(record.ring_seconds)
        for threshold, child in queue.answered_within:
            if record.wait_seconds <= threshold:
                child.inc()
        if record.wait_seconds <= queue.target_seconds:
            queue.answered_in_target.inc()
        sample = self._samples.answered(record.call, record.queue, record.at)
        if sample is not None:
            self._sampled(record.queue, "answered", sample)
        kept = self._predictions.answered(record.call, record.queue, record.at)
        if kept is not None:
            queue.predicted.inc(kept.predicted_seconds)
            queue.actual.inc(kept.actual_seconds)
            more = kept.actual_seconds - kept.predicted_seconds
            (queue.longer if more >= 0.0 else queue.shorter).observe(abs(more))

    def _transferred(self, record: CallTransferred) -> None:
        self._queue(record.queue).transfers[record.kind].inc()

    def _talk_ended(self, record: TalkEnded) -> None:
        queue = self._queue(record.queue)
        queue.talk.observe(record.talk_seconds)
        queue.hold.inc(record.hold_seconds)

    def _wrap_up_ended(self, record: WrapUpEnded) -> None:
        queue = self._queue(record.queue)
        queue.wrap_up.observe(record.seconds)
        queue.wrap_up_ends[record.how].inc()

    def _call_ended(self, record: CallEnded) -> None:
        self._left(record.call, record.at)
        if record.queue is None:
            self._ended[record.outcome].inc()
            if record.outcome is Outcome.DEFLECTED:
                self._menu_deflected(record.menu_path)
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

    def _menu_deflected(self, path: Sequence[str]) -> None:
        menu, _, key = path[-1].rpartition(":") if path else ("", "", "")
        child = self._deflections.get((MenuId(menu), key))
        if child is None:
            other = self._deflections[MenuId(OTHER), OTHER]
            child = self._deflections.get((MenuId(menu), OTHER), other)
        child.inc()

    def _replied(self, record: Replied) -> None:
        self._replies[bool(record.refusal)].inc()

    def _noticed(self, record: Noticed) -> None:
        self._notices.count(record.kind)

    def _repaired(self, record: Repaired) -> None:
        self._repairs.count(record.kind)
