"""The table of what is counted: every metric that records and messages feed, by chapter.

Rules: base units; what only grows ends in ``_total``; labels hold what `acd.labels` lets them hold.
A text says what is counted in one sentence, for people. docs/metrics.md is written from here
(`make docs-metrics`).
It must not know who counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from acd.core.events import RingOutcome
from acd.core.ids import QueueId
from acd.core.records import Outcome, WrapUpEnd
from acd.core.transfer import TransferKind
from acd.labels import WAYS_OUT
from acd.series import Counter, CounterFamily, GaugeFamily, HistogramFamily

DIRECTIONS: Final = ("longer", "shorter")
"""How the wait was, beside what the caller had been told."""

SAMPLE_ENDS: Final = ("answered", "left")
"""How a sampled wait ended. Who left would have waited longer."""

_WAIT: Final = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200)
_TOLD: Final = (15, 30, 60, 90, 120, 180, 300, 450, 600, 900, 1200, 1800, 3600)
_TALK: Final = (5, 15, 30, 60, 120, 180, 240, 300, 450, 600, 900, 1800, 3600)
_WRAP_UP: Final = (1, 5, 10, 20, 30, 60, 90, 120, 180, 240, 300, 450, 600)
_RING: Final = (1, 2, 3, 5, 8, 10, 15, 20, 30, 60)
_ERROR: Final = (5, 15, 30, 60, 120, 300, 600)
_LAG: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30)
_DISPATCH: Final = (0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.5, 2)
_STALL: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5)

Q: Final = "queue"

AnyFamily = CounterFamily | GaugeFamily | HistogramFamily


class Chapter:
    """Some families that belong together, in the order in which they were made."""

    def __init__(self) -> None:
        self.made: list[AnyFamily] = []

    def counter(self, name: str, text: str, *labels: str) -> CounterFamily:
        """Make a counter; its name gets prefix and unit."""
        family = CounterFamily(f"acd_{name}_total", text, labels)
        self.made.append(family)
        return family

    def gauge(self, name: str, text: str, *labels: str) -> GaugeFamily:
        """Make a gauge."""
        family = GaugeFamily(f"acd_{name}", text, labels)
        self.made.append(family)
        return family

    def times(self, name: str, text: str, bounds: Sequence[float], *labels: str) -> HistogramFamily:
        """Make a histogram of seconds."""
        family = HistogramFamily(f"acd_{name}_seconds", text, labels, bounds)
        self.made.append(family)
        return family


class Calls(Chapter):
    """Queues and the calls in them."""

    def __init__(self) -> None:
        super().__init__()
        counter, times, t = self.counter, self.times, "threshold"
        self.arrived = counter("calls_arrived", "Calls that came in.", "pbx")
        self.offered = counter("calls_offered", "Calls that entered the queue.", Q)
        self.answered = counter("calls_answered", "Queued calls joined with an agent.", Q)
        text = "Calls answered at most this many seconds after queue entry."
        self.answered_within = counter("calls_answered_within", text, Q, t)
        text = "Calls answered within the target that the queue had at that time."
        self.answered_in_target = counter("calls_answered_in_target", text, Q)
        text = "The seconds after queue entry within which calls should be answered."
        self.target = self.gauge("queue_target_seconds", text, Q)
        text = "Callers who hung up in the queue, short abandons included."
        self.abandoned = counter("calls_abandoned", text, Q)
        text = "Callers who hung up at most this many seconds after queue entry."
        self.abandoned_within = counter("calls_abandoned_within", text, Q, t)
        text = "Callers who hung up before the queue's short threshold."
        self.short_abandoned = counter("calls_short_abandoned", text, Q)
        text = "Calls that a rule or a supervisor took out of the queue, or kept from joining it."
        self.left = counter("calls_left_queue", text, Q, "rule", "outcome")
        text = "Ended calls by their one outcome and last queue; no queue: never queued."
        self.ended = counter("calls_ended", text, Q, "outcome")
        text = "Waiting calls that came to ask for less, each step."
        self.relaxations = counter("relaxations", text, Q)
        self.wait = times("wait", "Queue entry to answer, answered calls only.", _WAIT, Q)
        text = "Queue entry to the caller's hang-up."
        self.abandon_wait = times("abandon_wait", text, _WAIT, Q)
        text = "The estimated wait from then on, each time a waiting caller was told one."
        self.told = times("wait_told", text, _TOLD, Q)
        text = "Answered calls: the wait first told, from then on."
        self.predicted = counter("wait_predicted_seconds", text, Q)
        text = "The same calls: the wait from then on as it was."
        self.actual = counter("wait_actual_seconds", text, Q)
        text = "The same calls: how much longer or shorter the wait was than told."
        self.error = times("wait_prediction_error", text, _ERROR, Q, "direction")
        text = "Samples of the estimated wait: the first callers to join after a scrape, by end."
        self.samples = counter("wait_samples", text, Q, "end")
        text = "The same calls: the estimated wait that the scrape had shown."
        self.sample_predicted = counter("wait_sample_predicted_seconds", text, Q, "end")
        text = "The same calls: the wait in the queue as it was."
        self.sample_actual = counter("wait_sample_actual_seconds", text, Q, "end")
        self.of_samples = (self.samples, self.sample_predicted, self.sample_actual)
        text = "Incidents told to callers for the queue, before it or in it."
        self.incidents = counter("incidents_heard", text, Q)
        text = "Callers who hung up informed by an incident, before the queue or in it."
        self.deflected = counter("calls_deflected", text, Q)


class Agents(Chapter):
    """What agents do."""

    def __init__(self) -> None:
        super().__init__()
        counter, times = self.counter, self.times
        text = "Agents' time by what they said and what they did."
        self.seconds = counter("agent_seconds", text, "presence", "activity")
        self.talk = times("talk", "Agents' talks, hold included.", _TALK, Q)
        self.hold = counter("hold_seconds", "Time callers spent on hold within talks.", Q)
        text = "Talks whose agent passed the caller on, blind or attended."
        self.transfers = counter("transfers", text, Q, "kind")
        self.wrap_up = times("wrap_up", "After-call work.", _WRAP_UP, Q)
        self.wrap_up_ends = counter("wrap_ups_ended", "Wrap-ups by what ended them.", Q, "how")
        text = "Agents' phones asked to ring, by the queue's strategy at that time."
        self.rings = counter("rings", text, Q, "strategy")
        self.ring_outcomes = counter("ring_outcomes", "Rings by how they ended.", Q, "outcome")
        self.ring = times("ring", "How long agents' phones rang.", _RING, Q)
        self.rona = counter("rona", "Agents set not ready because they did not answer.", Q)
        text = "Changes that agents and supervisors asked for over HTTP, by result."
        self.replies = counter("change_requests", text, "result")


class Menus(Chapter):
    """What callers do in menus."""

    def __init__(self) -> None:
        super().__init__()
        counter = self.counter
        self.options = counter("menu_selections", "Keys that chose an option.", "menu", "option")
        text = "Wrong keys, and waits for a key in vain."
        self.misses = counter("menu_misses", text, "menu", "kind")
        text = "Calls deflected before any queue, by the last option they chose."
        self.deflections = counter("menu_deflections", text, "menu", "option")


class Engine(Chapter):
    """The engine itself."""

    def __init__(self) -> None:
        super().__init__()
        text = "Match possible to Originate written."
        self.dispatch = self.times("dispatch_latency", text, _DISPATCH)
        text = "How late the event loop came to what was due, asked ten times a second."
        self.loop_lag = self.times("loop_lag", text, _STALL)
        self.notices = self.counter("notices", "What operators should look at.", "kind")
        text = "Configurations read again, by result."
        self.reloads = self.counter("config_reloads", text, "result")


class Pbx(Chapter):
    """The links to the PBXs."""

    def __init__(self) -> None:
        super().__init__()
        text = "1 while the link to the PBX is up and in step."
        self.connected = self.gauge("ami_connected", text, "pbx")
        text = "Links to the PBX that were up and were lost."
        self.losses = self.counter("ami_link_losses", text, "pbx")
        self.messages = self.counter("ami_messages", "AMI messages read, by type.", "pbx", "kind")
        text = "AMI messages refused as forged or broken."
        self.rejected = self.counter("ami_rejected_messages", text, "pbx", "reason")
        text = "From the PBX's Timestamp to the message being worked off; one each 0.1 s is asked."
        self.lag = self.times("ami_lag", text, _LAG, "pbx")
        text = "The last of these, below 0 when the PBX's clock is ahead of ours; at most a day."
        self.clock_offset = self.gauge("ami_clock_offset_seconds", text, "pbx")
        text = "Differences between us and a PBX that were put right."
        self.repairs = self.counter("reconcile_repairs", text, "kind")


class Families:
    """Every metric that is counted."""

    def __init__(self) -> None:
        self.calls, self.agents, self.menus = Calls(), Agents(), Menus()
        self.engine, self.pbx = Engine(), Pbx()

    def all(self) -> list[AnyFamily]:
        """Return them in the order of the page."""
        chapters = (self.calls, self.agents, self.menus, self.engine, self.pbx)
        return [family for chapter in chapters for family in chapter.made]


class SampleCounts(NamedTuple):
    """What is counted of samples of the estimated wait."""

    number: Counter
    predicted: Counter
    actual: Counter


class QueueCounts:
    """One queue's children, bound once so that counting never looks up a label."""

    def __init__(
        self, families: Families, queue: QueueId, within: Sequence[float], strategy: str
    ) -> None:
        calls, agents = families.calls, families.agents
        self.offered = calls.offered.labels(queue)
        self.relaxations = calls.relaxations.labels(queue)
        self.left = {way: calls.left.labels(queue, *way) for way in WAYS_OUT}
        self.told = calls.told.labels(queue)
        self.predicted = calls.predicted.labels(queue)
        self.actual = calls.actual.labels(queue)
        self.longer, self.shorter = (calls.error.labels(queue, way) for way in DIRECTIONS)
        self.samples = {
            end: SampleCounts(*(family.labels(queue, end) for family in calls.of_samples))
            for end in SAMPLE_ENDS
        }
        self.incidents = calls.incidents.labels(queue)
        self.deflected = calls.deflected.labels(queue)
        self.answered = calls.answered.labels(queue)
        self.answered_within = [
            (limit, calls.answered_within.labels(queue, f"{limit:g}")) for limit in within
        ]
        self.answered_in_target = calls.answered_in_target.labels(queue)
        self.target_seconds = 0.0
        self.abandoned = calls.abandoned.labels(queue)
        self.abandoned_within = [
            (limit, calls.abandoned_within.labels(queue, f"{limit:g}")) for limit in within
        ]
        self.short_abandoned = calls.short_abandoned.labels(queue)
        self.ended = {outcome: calls.ended.labels(queue, outcome.value) for outcome in Outcome}
        self.wait = calls.wait.labels(queue)
        self.abandon_wait = calls.abandon_wait.labels(queue)
        self.talk = agents.talk.labels(queue)
        self.hold = agents.hold.labels(queue)
        self.transfers = {kind: agents.transfers.labels(queue, kind.value) for kind in TransferKind}
        self.wrap_up = agents.wrap_up.labels(queue)
        self.wrap_up_ends = {how: agents.wrap_up_ends.labels(queue, how.value) for how in WrapUpEnd}
        self.rings = agents.rings.labels(queue, strategy)
        self.ring = agents.ring.labels(queue)
        self.ring_answered = agents.ring_outcomes.labels(queue, "answered")
        self.ring_outcomes = {
            outcome: agents.ring_outcomes.labels(queue, outcome.value) for outcome in RingOutcome
        }
        self.rona = agents.rona.labels(queue)
