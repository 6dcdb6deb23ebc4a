"""What charging profiles add up to (K01, K08; OCPP 1.6, chapter 3.13).

Nothing here depends on a version: profiles are those of the model. Nothing is asked for and
nothing is sent. Moments are seconds since 1970 inside: people may write times and durations
that no date can hold.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import merge
from itertools import islice
import math
from operator import itemgetter
from typing import NamedTuple

from ...model import ChargingProfile, Payload, RateUnit
from .ladder import DYNAMIC
from .periods import LIMITS
from .profiles import GENERATION, PRIORITY
from .rate import Wiring

SESSION, DEFAULT = "TxProfile", "TxDefaultProfile"
# Each of these is a limit of its own; the lowest of all counts.
EXTERNAL = "ChargingStationExternalConstraints"
_CAPS = ("ChargingStationMaxProfile", EXTERNAL)
_SPANS = {"Daily": 86_400.0, "Weekly": 604_800.0}
# In seconds: how far ahead schedules that go on for ever are looked at.
_AHEAD = 8 * 86_400.0
_MOST_EDGES = 2_000
_LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
_UNLIMITED = math.inf


@dataclass(frozen=True, kw_only=True)
class Situation:
    """Where profiles are looked at: an EVSE, since when its session runs, and its wiring.

    `priority` is whether that charges with priority, which is in the place of its limits.
    """

    evse: int
    wiring: Wiring
    began: datetime | None = None
    priority: bool = False


class Scheduled(NamedTuple):
    """A limit in ampere per phase, None where no profile sets one, and when it changes."""

    amperes: float | None
    until: datetime | None


class PlannedStep(NamedTuple):
    """A limit in ampere per phase from a moment on; None is none."""

    at: datetime
    amperes: float | None


def scheduled(
    profiles: Iterable[ChargingProfile], where: Situation, at: datetime
) -> Scheduled:
    """Return the limit at a moment, and the moment of the next other one."""
    present, *later = islice(course(profiles, where, at), 2)
    return Scheduled(present.amperes, later[0].at if later else None)


def course(
    profiles: Iterable[ChargingProfile], where: Situation, at: datetime
) -> Iterator[PlannedStep]:
    """Yield the limit at a moment, and then each other one with its own moment.

    The profiles are read once, and no step is reckoned before it is asked for.
    """
    stacks, now = _stacks(profiles, where), at.timestamp()
    present = _shown(_limit(stacks, now))
    yield PlannedStep(at, present)
    plans = [plan for stack in (*stacks.caps, stacks.added) for plan in stack]
    last = now
    for edge in islice(merge(*(plan.edges(now) for plan in plans)), _MOST_EDGES):
        if last < edge < _LATEST:
            limit = _shown(_limit(stacks, edge))
            if limit != present:
                present = limit
                yield PlannedStep(datetime.fromtimestamp(edge, UTC), limit)
        last = edge


def varies(profile: ChargingProfile) -> bool:
    """Return whether a profile is more than one limit that holds from then on."""
    return (
        profile.valid_from is not None
        or profile.valid_to is not None
        or len(profile.schedules) > 1
        or any(
            len(schedule["chargingSchedulePeriod"]) > 1
            or "duration" in schedule
            or (_start(schedule) or 0) > profile.installed.timestamp()
            for schedule in profile.schedules
        )
    )


class _Stacks(NamedTuple):
    """What competes with each other, the strongest first, and what comes on top (K27)."""

    caps: list[list[_Plan]]
    added: list[_Plan]


def _limit(stacks: _Stacks, at: float) -> float:
    """Return the lowest limit of all purposes, each that of its highest stack level."""
    lowest = min((_of_stack(it, at) for it in stacks.caps), default=_UNLIMITED)
    added = _of_stack(stacks.added, at)
    return lowest if math.isinf(added) else lowest + added


def _of_stack(stack: list[_Plan], at: float) -> float:
    for plan in stack:
        if (limit := plan.limit(at)) is not None:
            return limit
    return _UNLIMITED


def _stacks(profiles: Iterable[ChargingProfile], where: Situation) -> _Stacks:
    """Return the profiles in their stacks, as seen from an EVSE."""
    found: dict[str, list[ChargingProfile]] = {}
    for profile in profiles:
        if profile.evse in (0, where.evse):
            found.setdefault(profile.purpose, []).append(profile)
    # A profile of the session overrules the default ones while it says anything.
    session = found.get(SESSION, []) if where.began is not None else []
    together = [_ordered(session) + _ordered(found.get(DEFAULT, []))]
    if where.priority:
        together = [_ordered(found.get(PRIORITY, []))]
    together += [_ordered(found.get(purpose, [])) for purpose in _CAPS]
    caps = [[_Plan(profile, where) for profile in stack] for stack in together]
    added = _ordered(found.get(GENERATION, []))
    return _Stacks(caps, [_Plan(profile, where) for profile in added])


def _ordered(profiles: Sequence[ChargingProfile]) -> list[ChargingProfile]:
    # At the same level what is meant for the EVSE alone goes before what is for all.
    return sorted(profiles, key=lambda it: (-it.stack_level, -it.evse, it.id))


class _Plan:
    """One profile, as seen from an EVSE."""

    def __init__(self, profile: ChargingProfile, where: Situation) -> None:
        """Take over what matters. Of several schedules, the car has not chosen yet."""
        schedule = profile.schedules[0]
        self._valid_from = _seconds(profile.valid_from, -math.inf)
        self._valid_to = _seconds(profile.valid_to, math.inf)
        self._duration = float(schedule.get("duration", math.inf))
        self._span = (
            _SPANS.get(profile.recurrency or "")
            if profile.kind == "Recurring"
            else None
        )
        self._begin = _begin(profile, schedule, where)
        self._unit, self._wiring = RateUnit(schedule["chargingRateUnit"]), where.wiring
        # There may be thousands, of which only those that are looked at are reckoned.
        self._periods = sorted(
            schedule["chargingSchedulePeriod"], key=itemgetter("startPeriod")
        )
        self._starts = [float(it["startPeriod"]) for it in self._periods]

    def limit(self, at: float) -> float | None:
        """Return the limit at a moment, or None where the profile says nothing."""
        if not self._valid_from <= at < self._valid_to:
            return None
        # What is relative to a session that does not run is as at its beginning.
        elapsed = at - self._begin if self._begin is not None else 0.0
        if elapsed < 0:
            return None
        if self._span is not None:
            elapsed %= self._span
        if elapsed >= self._duration:
            return None
        index = bisect_right(self._starts, elapsed) - 1
        if index < 0:
            return None
        return _amperes(self._periods[index], self._unit, self._wiring)

    def edges(self, after: float) -> Iterator[float]:
        """Yield the moments after one at which it may say something else, in order."""
        validity = (self._valid_from, self._valid_to)
        return merge(
            (edge for edge in validity if after < edge < math.inf),
            (edge for edge in self._edges_of_schedule(after) if edge > after),
        )

    def _edges_of_schedule(self, after: float) -> Iterator[float]:
        if self._begin is None or math.isinf(self._begin):
            return
        offsets = sorted({0.0, *self._starts, self._duration} - {math.inf})
        if self._span is None:
            yield from (self._begin + offset for offset in offsets)
            return
        begin = self._begin + max(0, (after - self._begin) // self._span) * self._span
        until = max(after, begin) + _AHEAD
        while begin <= until:
            yield from (begin + offset for offset in offsets if offset < self._span)
            begin += self._span


def _begin(
    profile: ChargingProfile, schedule: Payload, where: Situation
) -> float | None:
    """Return when a schedule begins, or None for what waits for a session."""
    if profile.kind == DYNAMIC:
        # It counts from when it was last told anything (K28.FR.13).
        return profile.installed.timestamp()
    if profile.kind != "Relative" and (start := _start(schedule)) is not None:
        return start
    if where.began is not None:
        return where.began.timestamp()
    return profile.installed.timestamp() if profile.kind == "Absolute" else None


def _start(schedule: Payload) -> float | None:
    """Return the start that a schedule names; never, where that is no time."""
    if (start := schedule.get("startSchedule")) is None:
        return None
    try:
        at = datetime.fromisoformat(start.strip())
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except ValueError, OverflowError:
        return math.inf


def _amperes(period: Payload, unit: RateUnit, wiring: Wiring) -> float:
    """Return the limit of a period in ampere per phase (2.1: there may be none).

    Of limits of phases it is the lowest.
    """
    limits = [float(it) for name in LIMITS if (it := period.get(name)) is not None]
    if not limits:
        return _UNLIMITED
    if unit is RateUnit.AMPERE:
        return min(limits)
    phases = max(1, min(wiring.phases, period.get("numberPhases") or 3))
    wired = wiring._replace(phases=1 if len(limits) > 1 else phases)
    return wired.convert(min(limits), unit, RateUnit.AMPERE)


def _seconds(moment: datetime | None, otherwise: float) -> float:
    return moment.timestamp() if moment is not None else otherwise


def _shown(amperes: float) -> float | None:
    return None if math.isinf(amperes) else round(amperes, 1)
