"""Callers and agents: who does what and when, all of it from one seed.

They live on the world's side of the virtual PBX: they dial, press keys, wait, answer, refuse, hang
up, and dial codes. What an agent asks for in the browser instead goes to ``ask``. Each of them
knows only what a person would: what he hears and what his phone does, which the PBX tells as facts.
Much of it is everyday life; some of it is malice of timing (a caller who hangs up milliseconds
after he was answered, an agent who lifts as the time runs out), because that is where bugs live.

It must not know the engine, nor what the engine will do.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from acd.sim.facts import Fact, Happening
from acd.sim.pbx import Behaviour, Reply, VirtualPbx

Ask = Callable[[str, str, str, str], None]
"""What an agent asks for over HTTP: agent, action, reason, phone (empty: none is named)."""

_RING_LIMITS: Final = (12.0, 15.0, 20.0)
"""Ring times that occur, so that some agents lift in the very instant in which one runs out."""


@dataclass(frozen=True, slots=True)
class Worker:
    """An agent as he knows himself."""

    number: str
    phone: str
    pin: str


@dataclass(frozen=True, slots=True)
class Load:
    """How busy the centre is. Times in seconds, shares from 0 to 1."""

    calls: int
    """How many callers dial in each hour; when they do is a Poisson process."""
    staffed: float
    """Share of the agents who log in at the beginning."""
    talk_seconds: float
    patience_seconds: float
    early_wrap_up: float
    """Share of wrap-ups that the agent ends himself."""
    mischief: float
    """Share of critical moments in which somebody hangs up."""


def build_load(rng: Random) -> Load:
    """Draw a load: from a quiet hour to one in which many give up."""
    calls_wanted = rng.uniform(250, 275)
    # The number of arrivals of a Poisson process, as good as normal for so many. A few of them
    # hang up before the menu, and 250 are to be served in every hour.
    return Load(
        calls=max(262, round(rng.gauss(calls_wanted, calls_wanted**0.5))),
        staffed=rng.uniform(0.6, 1.0),
        talk_seconds=rng.uniform(40.0, 300.0),
        patience_seconds=rng.uniform(30.0, 200.0),
        early_wrap_up=rng.uniform(0.3, 0.95),
        mischief=rng.choice((0.0, 0.01, 0.05, 0.15)),
    )


class Workload:
    """Everybody outside the PBX. Hand it every fact of that PBX through ``happened``."""

    def __init__(
        self,
        pbx: VirtualPbx,
        workers: Sequence[Worker],
        spare_phones: Sequence[str],
        load: Load,
        rng: Random,
        ask: Ask,
    ) -> None:
        self._pbx = pbx
        self._load = load
        self._rng = rng
        self._ask = ask
        self._spare = list(spare_phones)
        self._worker_at = {worker.phone: worker for worker in workers}
        self._workers = workers
        self._closed = False

    def start(self, now: float, seconds: float) -> None:
        """Arrange everything from ``now`` on; nobody dials in after ``seconds``."""
        rng, at = self._rng, self._pbx.at
        for worker in self._workers:
            self._pbx.phone_behaviour(worker.phone, self._behaviour())
            if rng.random() < self._load.staffed:
                at(now + rng.uniform(0.1, 60.0), self._does(worker, "login"))
            self._later(worker, 1500.0, self._takes_break, now)
            self._later(worker, 2400.0, self._calls_privately, now)
            self._later(worker, 5400.0, self._loses_contact, now)
            self._later(worker, 9000.0, self._moves, now)
        for _ in range(round(self._load.calls * seconds / 3600)):
            at(now + rng.uniform(0.0, seconds), self._dials_in)

    def close(self, now: float, seconds: float) -> None:
        """The house closes: whoever is still on the line hangs up within ``seconds``."""
        self._closed = True
        for channel in list(self._pbx.channels.values()):
            if channel.phone is None:
                self._hangs_up(channel.uniqueid, now, self._rng.uniform(0.0, seconds))

    # -- callers ------------------------------------------------------------------------------

    def _dials_in(self, now: float) -> None:
        if self._closed:
            return
        rng, load = self._rng, self._load
        caller = self._pbx.dial_in(
            now,
            number="" if rng.random() < 0.1 else f"0{rng.randint(30_000_000, 999_999_999)}",
            keys=self._keys(),
            patience_seconds=min(600.0, 2.0 + rng.expovariate(1 / load.patience_seconds)),
            talk_seconds=self._talk() if rng.random() < 0.7 else None,
        )
        if rng.random() < 0.06:
            self._hangs_up(caller, now, rng.uniform(0.0, 0.01) if rng.random() < 0.2 else
                           rng.expovariate(1 / 40.0))  # fmt: skip

    def _keys(self) -> list[tuple[float, str]]:
        """What he presses and when: most choose well, some guess, some never press anything."""
        rng = self._rng
        option = rng.choices("123456", weights=(10, 30, 20, 15, 10, 15))[0]
        style = rng.random()
        at = min(20.0, 0.5 + rng.expovariate(1 / 5.0))
        if style < 0.62:
            return [(at, option)]
        if style < 0.72:
            # He knows the menu and presses before it begins to speak.
            return [(rng.uniform(0.0, 0.3), option)]
        if style < 0.80:
            wrong = rng.choice("078*#")
            return [(at, wrong), (at + rng.uniform(0.05, 15.0), option)]
        if style < 0.88:
            # Two keys in such quick succession that the PBX reports the second one twice.
            return [(at, "9"), (at + rng.uniform(0.062, 0.139), option)]
        if style < 0.92:
            return [(at + n * 0.1, rng.choice("0123456789*#")) for n in range(rng.randint(2, 8))]
        return []

    def _talk(self) -> float:
        return min(900.0, 1.0 + self._rng.lognormvariate(0.0, 0.8) * self._load.talk_seconds)

    def _hangs_up(self, channel: str, now: float, seconds: float) -> None:
        self._pbx.at(now + seconds, lambda at: self._pbx.hang_up(channel, at))

    # -- agents -------------------------------------------------------------------------------

    def happened(self, fact: Fact) -> None:
        """Tell everybody what he sees and hears of this fact."""
        match fact.kind:
            case Happening.PHONE_RUNG:
                self._pbx.phone_behaviour(fact.phone, self._behaviour())
                self._mischief(fact)
            case Happening.CALLER_WAITING | Happening.PHONE_ANSWERED | Happening.BRIDGED:
                self._mischief(fact)
            case Happening.RING_ENDED if fact.detail == "19":
                self._comes_back(fact)
            case Happening.TALK_ENDED:
                self._works_after(fact)
            case _:
                pass

    def _mischief(self, fact: Fact) -> None:
        rng = self._rng
        if rng.random() < self._load.mischief:
            seconds = rng.choice((0.0, 0.0005, 0.002, 0.005, 0.02))
            self._hangs_up(fact.caller, fact.at, rng.uniform(0.0, seconds))
        elif fact.kind is Happening.BRIDGED and rng.random() < self._load.mischief:
            phone = fact.phone
            self._pbx.at(
                fact.at + rng.uniform(0.0, 0.01), lambda at: self._pbx.agent_hangs_up(phone, at)
            )

    def _behaviour(self) -> Behaviour:
        rng = self._rng
        chance = rng.random()
        talk = self._talk()
        if chance < 0.86:
            return Behaviour(Reply.ANSWERS, 0.5 + rng.expovariate(1 / 3.0), talk)
        if chance < 0.88:
            limit = rng.choice(_RING_LIMITS)
            return Behaviour(Reply.ANSWERS, limit + rng.uniform(-0.006, 0.004), talk)
        if chance < 0.90:
            return Behaviour(Reply.BUSY, rng.choice((0.0, 0.3)))
        if chance < 0.93:
            return Behaviour(Reply.DECLINES, rng.choice((0.0, rng.uniform(0.2, 8.0))))
        if chance < 0.94:
            return Behaviour(Reply.FORBIDDEN, 0.0)
        if chance < 0.96:
            return Behaviour(Reply.UNAVAILABLE, rng.choice((0.0, 0.4)))
        return Behaviour(Reply.RINGS if chance < 0.985 else Reply.DEAD)

    def _does(self, worker: Worker, action: str, reason: str = "") -> Callable[[float], None]:
        """Say something about himself: by a code from his phone, or in the browser."""

        def act(now: float) -> None:
            phone = self._phone_of(worker)
            if self._closed:
                return
            if self._rng.random() < 0.4 and self._quiet(phone):
                self._dials_code(phone, _CODES[action, reason], now)
            else:
                self._ask(worker.number, action, reason, "")

        return act

    def _dials_code(self, phone: str, code: str, now: float, keys: str = "") -> None:
        rng, pbx = self._rng, self._pbx
        channel = pbx.agent_dial(phone, code, now)
        at = now + rng.uniform(0.5, 3.0)
        for key in keys:
            at += rng.uniform(0.062, 0.5)
            pbx.at(at, lambda when, key=key: pbx.press(channel, key, when))  # type: ignore[misc]
        if rng.random() < 0.15:
            self._hangs_up(channel, now, rng.uniform(0.0, 3.0))

    def _phone_of(self, worker: Worker) -> str:
        phones = [phone for phone, other in self._worker_at.items() if other is worker]
        return phones[-1] if phones else worker.phone

    def _quiet(self, phone: str) -> bool:
        """Whether he can dial: nothing is going on at his phone, and it has a line."""
        device = self._pbx.phones[phone]
        return device.state == "NOT_INUSE" and device.reachable and not device.private_call

    def _later(
        self, worker: Worker, mean_seconds: float, run: Callable[[Worker, float], None], now: float
    ) -> None:
        """Again and again, as chance will have it."""

        def again(at: float) -> None:
            if not self._closed:
                run(worker, at)
                self._later(worker, mean_seconds, run, at)

        self._pbx.at(now + self._rng.expovariate(1 / mean_seconds), again)

    def _takes_break(self, worker: Worker, now: float) -> None:
        rng = self._rng
        out, back = ("logout", "login") if rng.random() < 0.2 else ("not-ready", "ready")
        reason = rng.choice(("break", "meeting")) if out == "not-ready" else ""
        self._does(worker, out, reason)(now)
        self._pbx.at(now + rng.uniform(1.0, 400.0), self._does(worker, back))

    def _calls_privately(self, worker: Worker, now: float) -> None:
        self._pbx.private_call(self._phone_of(worker), now, seconds=self._rng.uniform(0.5, 120.0))

    def _loses_contact(self, worker: Worker, now: float) -> None:
        phone = self._phone_of(worker)
        self._pbx.set_reachable(phone, now, reachable=False)
        self._pbx.at(
            now + self._rng.uniform(0.5, 120.0),
            lambda at: self._pbx.set_reachable(phone, at, reachable=True),
        )

    def _moves(self, worker: Worker, now: float) -> None:
        """He logs in at a phone that is nobody's, and a while later at his own again."""
        if not self._spare or self._phone_of(worker) != worker.phone:
            return
        rng, spare = self._rng, self._spare.pop()
        self._worker_at[spare] = worker
        self._pbx.phone_behaviour(spare, self._behaviour())
        self._ask(worker.number, "logout", "", "")
        if rng.random() < 0.5:
            keys = f"{worker.number}#{worker.pin}#"
            self._pbx.at(now + 2.0, lambda at: self._dials_code(spare, "*35", at, keys))
        else:
            self._ask(worker.number, "login", "", spare)

        def returns(at: float) -> None:
            del self._worker_at[spare]
            self._spare.append(spare)
            self._ask(worker.number, "logout", "", "")
            self._ask(worker.number, "login", "", worker.phone)

        self._pbx.at(now + rng.uniform(120.0, 1200.0), returns)

    def _comes_back(self, fact: Fact) -> None:
        """He finds that he missed a call and has been set not ready for it."""
        worker = self._worker_at.get(fact.phone)
        if worker is not None:
            seconds = self._rng.expovariate(1 / 60.0)
            self._pbx.at(fact.at + seconds, self._does(worker, "ready"))

    def _works_after(self, fact: Fact) -> None:
        """The talk is over: he notes what was said, and may be done before the cap."""
        rng, worker = self._rng, self._worker_at.get(fact.phone)
        if worker is None or rng.random() > self._load.early_wrap_up:
            return
        seconds = rng.uniform(0.0, 0.01) if rng.random() < 0.05 else rng.expovariate(1 / 25.0)
        self._pbx.at(fact.at + seconds, self._does(worker, "end-wrap-up"))
        if rng.random() < 0.05:
            self._pbx.at(fact.at + seconds + 0.001, self._does(worker, "end-wrap-up"))


_CODES: Final = {
    ("login", ""): "*30",
    ("logout", ""): "*31",
    ("ready", ""): "*32",
    ("not-ready", "break"): "*331",
    ("not-ready", "meeting"): "*332",
    ("end-wrap-up", ""): "*34",
}
"""What the menus of the centre make of the star codes."""
