"""How far the limits of one session have got: wanted, sent, and confirmed (E16)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from ...model import Payload

ENERGY, COST, TIME, SOC = "max_energy", "max_cost", "max_time", "max_soc"
# By kind: how 2.1 spells it.
KINDS = {ENERGY: "maxEnergy", COST: "maxCost", TIME: "maxTime", SOC: "maxSoC"}
_OF_SPELLED = {spelled.casefold(): kind for kind, spelled in KINDS.items()}
_WHOLE = frozenset({TIME, SOC})
# A limit that was set can't be taken back, only set so high that it is none (E16.FR.17):
# 10 MWh, a year.
NO_LIMIT = {ENERGY: 10_000_000, COST: 1_000_000, TIME: 31_536_000, SOC: 100}
# By the reason of the event that tells so.
REACHED = {
    "energylimitreached": ENERGY,
    "costlimitreached": COST,
    "timelimitreached": TIME,
    "soclimitreached": SOC,
}
# How often, and how many seconds apart, what is not confirmed is sent again meanwhile.
_MOST_REPEATS = 3
_REPEATED_AFTER = 60.0


def read_limits(payload: Payload) -> dict[str, float]:
    """Return the limits that an event says are in force."""
    info = payload.get("transactionInfo")
    told = info.get("transactionLimit") if isinstance(info, dict) else None
    return {
        kind: value
        for spelled, value in (told.items() if isinstance(told, dict) else ())
        if (kind := _OF_SPELLED.get(str(spelled).casefold())) is not None
        and isinstance(value, (int, float))
        and not isinstance(value, bool)
    }


@dataclass(kw_only=True)
class SessionLimits:
    """The limits of one session."""

    id: str
    evse: int
    # What people want, what of it waits for an answer to go with, and what was sent.
    wanted: dict[str, float] = field(default_factory=dict)
    unsent: set[str] = field(default_factory=set)
    sent: dict[str, float] = field(default_factory=dict)
    # What the station said is in force.
    told: dict[str, float] = field(default_factory=dict)
    # Which of the wanted ones are kept from here.
    ours: set[str] = field(default_factory=set)
    reached: str = ""
    ending: bool = False
    # By the clock of the loop: when something was sent, and how often it was again.
    sent_at: float = 0
    repeats: int = 0

    def want(self, kind: str, value: float, *, by_station: bool) -> None:
        """Want another limit; 0 is none."""
        if not value and kind not in self.wanted and kind not in self.told:
            return
        if self.reached == kind:
            self.reached = ""
        # One that was to end may go on.
        self.ending = False
        self.told.pop(kind, None)
        if by_station:
            self.wanted[kind] = value or NO_LIMIT[kind]
            self.ours.discard(kind)
            self.unsent.add(kind)
            self.repeats = 0
            return
        self.unsent.discard(kind)
        self.sent.pop(kind, None)
        if value:
            self.wanted[kind] = value
            self.ours.add(kind)
        else:
            self.wanted.pop(kind, None)
            self.ours.discard(kind)

    def take_unsent(
        self, now: float, *, keeps: Callable[[str], bool]
    ) -> dict[str, float]:
        """Return what is to be sent, which it is only once, as 2.1 spells it.

        `now` is by the clock of the loop. What the station does not keep stays.
        """
        kinds = sorted(kind for kind in self.unsent if keeps(kind))
        self.unsent.difference_update(kinds)
        for kind in kinds:
            self.sent[kind] = self._written(kind)
        if kinds:
            self.sent_at = now
        return {KINDS[kind]: self.sent[kind] for kind in kinds}

    def _written(self, kind: str) -> float:
        wanted = self.wanted[kind]
        return round(wanted) if kind in _WHOLE else wanted

    def doubt(self) -> None:
        """Have sent again what the station never confirmed: it may not have heard."""
        self.unsent |= {kind for kind in self.sent if kind not in self.told}

    def doubt_again(self, now: float) -> None:
        """Doubt what was sent a while ago, a few times: not every event is answered."""
        if (
            self.sent
            and self.repeats < _MOST_REPEATS
            and now - self.sent_at >= _REPEATED_AFTER
        ):
            self.repeats += 1
            self.sent_at = now
            self.doubt()

    def hear(self, kind: str, value: float) -> None:
        """Take up what the station says is in force.

        Lower than what is wanted here is left alone (E16.FR.08); against a higher one ours
        is sent once more (E16.FR.07).
        """
        before, wanted = self.told.get(kind), self.wanted.get(kind)
        self.told[kind] = value
        if wanted is None:
            return
        if value == self.sent.get(kind):
            if value == self._written(kind):
                self.unsent.discard(kind)
            return
        if value <= wanted:
            self.unsent.discard(kind)
        elif value != before:
            self.unsent.add(kind)

    def shown(self, kind: str) -> float:
        """Return the limit for people; 0 where there is none."""
        value = self.told.get(kind, self.wanted.get(kind, 0))
        return 0 if value >= NO_LIMIT[kind] else value

    def as_dict(self) -> dict[str, Any]:
        """Return everything that must survive a restart."""
        return {
            "id": self.id,
            "evse": self.evse,
            "wanted": self.wanted,
            "unsent": sorted(self.unsent),
            "sent": self.sent,
            "told": self.told,
            "ours": sorted(self.ours),
            "reached": self.reached,
        }

    @classmethod
    def recall(cls, kept: dict[str, Any]) -> Self:
        """Return what `as_dict` was."""
        sets = {name: set(kept.get(name, ())) for name in ("unsent", "ours")}
        return cls(**kept | sets)
