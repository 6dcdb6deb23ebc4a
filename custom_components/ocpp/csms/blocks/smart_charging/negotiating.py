"""Agreeing with a car on how it charges, by way of ISO 15118 (K15–K17)."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, override

from ...errors import CommandFailed, CommandRejected, NotSupported, OcppError
from ...model import ChargingProfile, Payload, RateUnit, Topic, timestamp, utcnow
from ...versions import V2
from ..block import answers, follows
from .composite import EXTERNAL, SESSION, PlannedStep
from .holding import Holding
from .limits import is_for
from .needs import (
    Needs,
    Plan,
    is_inside,
    is_same,
    no_offer,
    plan,
    read_needs,
    recall_needs,
    recall_plan,
    requested_mode,
    shortened,
    write_needs,
    write_plan,
)
from .periods import read_schedules
from .profiles import Purpose, Rung, Step, is_named, moment, write_schedule

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

_NEEDS, _CARS = "needs", "cars"
# How far ahead a car that does not say when it leaves is told its limits.
_AHEAD = timedelta(days=1)
_SOONEST_DEPARTURE = timedelta(minutes=5)
# How often in a row a car is told anew that means to take more than it may.
_MOST_REFUSALS = 3
_MOST_PERIODS = 1024
# For stations that do not say how many they take.
_USUAL_PERIODS = 300
# Each is a limit of its own, also where people chose another one for the session.
_CAPS = ("ChargingStationMaxProfile", EXTERNAL)


class Negotiating(Holding):
    """Answers what a car wants by what it may, and again whenever that is something else."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with cars that say nothing."""
        super().__init__(station)
        self.needs: dict[int, Needs] = {}
        # What cars ever told, by EVSE: the names of `Needs`.
        self.needs_told: dict[int, set[str]] = {}
        # What the cars were last offered, and how often in a row they wanted more.
        self._offered: dict[int, Plan] = {}
        self._refusals: dict[int, int] = {}
        # The EVSEs of which somebody looks already whether their car is to be told anew.
        self._looking: set[int] = set()
        # What was stored of cars, until it is known which sessions run.
        self._kept: dict[str, Any] = {}
        # What people sent for a session themselves: an offer takes its place.
        self._of_people: dict[int, ChargingProfile] = {}
        self.installed.on_change = self._on_change

    # --- what the car says --------------------------------------------------------------

    @answers("NotifyEVChargingNeeds", *V2, needs=("evseId", "chargingNeeds"))
    def on_needs(self, payload: Payload) -> Payload:
        """Take up what a car wants, and then send what it may have (K15, K17)."""
        evse = payload["evseId"]
        if not self.station.v2x.may(requested_mode(payload)):
            return {"status": "Rejected"}
        if self.station.transactions.running(evse) is None:
            return {"status": no_offer(payload)}
        needs = read_needs(payload)
        if self._is_older(evse, needs):
            return {"status": no_offer(payload)}
        self.needs[evse] = needs
        self.installed.followed.add(evse)
        told = self.needs_told.setdefault(evse, set())
        if not needs.told <= told:
            told |= needs.told
            self.changed(Topic.STRUCTURE)
        self.station.remember()
        self.changed(Topic.LIMIT, evse, _NEEDS)
        self._refusals.pop(evse, None)
        self.station.v2x.on_needs(evse, needs)
        if not self._can_offer(evse):
            return {"status": no_offer(payload)}
        # While a limit is on its way nobody knows yet what there is to offer.
        waits = self._order.locked()
        self.station.afterwards(self._offer_soon, evse)
        return {"status": "Processing" if waits else "Accepted"}

    def _is_older(self, evse: int, needs: Needs) -> bool:
        """Return whether needs come late, from a queue, behind those that hold (K18.FR.21)."""
        known = self.needs.get(evse)
        before = known.said_at if known is not None else None
        return (
            before is not None and needs.said_at is not None and needs.said_at < before
        )

    def _can_offer(self, evse: int) -> bool:
        """Return whether there is a schedule to give (K18.FR.04, K19.FR.04).

        There is none where the station takes no profiles, and where a profile of people does
        more than limit: that is not overruled.
        """
        enabled = self.station.device_model.flag("SmartChargingCtrlr", "Enabled")
        v2x = self.station.v2x
        return enabled is not False and not v2x.is_of_people(evse)

    @answers("NotifyEVChargingSchedule", *V2, needs=("evseId", "chargingSchedule"))
    def on_schedule(self, payload: Payload) -> Payload:
        """Tell whether a car may charge as it means to; if not, it is told anew (K15–K17)."""
        evse, written = payload["evseId"], payload["chargingSchedule"]
        if self.station.transactions.running(evse) is None:
            return {"status": "Rejected"}
        base = payload.get("timeBase")
        start = {"startSchedule": base if moment(base) else timestamp(utcnow())}
        schedules = [start | it for it in read_schedules(written)]
        if schedules and self._may(evse, schedules):
            self._refusals.pop(evse, None)
            return {"status": "Accepted"}
        refused = self._refusals[evse] = self._refusals.get(evse, 0) + 1
        if refused <= _MOST_REFUSALS:
            self.station.afterwards(self._offer_soon, evse)
        return {"status": "Rejected"}

    def _may(self, evse: int, schedules: list[Payload]) -> bool:
        now = utcnow()
        until = now + _AHEAD
        wanted = plan(
            [_of_car(self.station.identity, evse, schedules[:1])],
            self.installed.situation(evse),
            now,
            until,
        )
        return is_inside(wanted, self._plan(evse, now, until), now)

    # --- what it is told ----------------------------------------------------------------

    def _offer_soon(self, evse: int) -> None:
        self.station.spawn(self._offer(evse))

    async def _offer(self, evse: int) -> None:
        if self.station.v2x.steers(evse):
            # What it is told to do is in the place of an offer.
            await self.station.v2x.tell_again(evse)
            return
        async with self._order:
            if self.station.transactions.running(evse) is None:
                return
            try:
                await self._send_offer(evse, self.needs.get(evse) or Needs())
            except OcppError as error:
                self.station.note(f"offer to a car: {type(error).__name__}")
        self.station.flush()

    async def _send_offer(self, evse: int, needs: Needs) -> None:
        """Send what a car may have, in the way that the station takes."""
        now = utcnow()
        steps = self._plan(evse, now, _end(needs, now))
        steps = shortened(steps, min(needs.tuples or _MOST_PERIODS, self._periods()))
        means = self._means(evse, [Purpose.TRANSACTION])
        mode = needs.transfer_mode or ""
        if mode.startswith("dc") and RateUnit.WATT in means.units:
            # Cars that charge with direct current are told their power.
            means = means._replace(units=(RateUnit.WATT,))
        for rung in self._ladder.ways(evse, means):
            try:
                await self._send_schedule(
                    rung, evse, self._write(rung, evse, steps, now)
                )
            except CommandRejected, CommandFailed, NotSupported:
                continue
            self._offered[evse] = steps
            self.station.remember()
            return
        self.station.note("offer to a car: refused")

    def _write(self, rung: Rung, evse: int, steps: Plan, now: datetime) -> Payload:
        if rung.kind == "Relative":
            # It would count from the beginning of the session.
            steps = shortened(steps, 1)
        return write_schedule(
            rung,
            [
                Step(
                    max(0, round((step.at - now).total_seconds())),
                    self._rates(rung, evse, step.amperes or 0, RateUnit.AMPERE)[1],
                )
                for step in steps
            ],
        )

    def _periods(self) -> int:
        most = self.station.device_model.number(
            "SmartChargingCtrlr", "PeriodsPerSchedule"
        )
        return int(most) if most and 1 <= most <= _MOST_PERIODS else _USUAL_PERIODS

    def _plan(self, evse: int, begin: datetime, end: datetime) -> Plan:
        """Return the limits in force of an EVSE, and those to come."""
        held = [it for it in self.installed.profiles if it.purpose != SESSION]
        at_most = self.station.settings.maximum_current
        if (amperes := self.amperes(evse)) is not None:
            # What people chose last goes before what they planned.
            held = [it for it in held if it.purpose in _CAPS]
            at_most = min(at_most, amperes)
        elif (chosen := self._of_people.get(evse)) is not None:
            held.append(chosen)
        where = self.installed.situation(evse)
        return plan(held, where, begin, end, at_most=at_most)

    # --- when it is told anew -----------------------------------------------------------

    @override
    def _on_change(self) -> None:
        """Look whether what cars were offered still holds (K16)."""
        super()._on_change()
        for evse in self._offered.keys() & self.needs.keys() - self._looking:
            self._looking.add(evse)
            self.station.spawn(self._look(evse))

    async def _look(self, evse: int) -> None:
        # Behind whoever sends a limit just now.
        async with self._order:
            self._looking.discard(evse)
            now, offered = utcnow(), self._offered.get(evse)
            if offered is None or (needs := self.needs.get(evse)) is None:
                return
            if self.station.v2x.steers(evse) or self.station.v2x.is_of_people(evse):
                return
            steps = self._plan(evse, now, _end(needs, now))
            most = min(needs.tuples or _MOST_PERIODS, self._periods())
            if is_same(shortened(steps, most), offered, now):
                return
        await self._offer(evse)

    @override
    def _moved(self, evse: int) -> None:
        limit = self.limits.get(evse)
        if limit is not None:
            self._of_people.pop(evse, None)
            if evse in self._offered and is_for(limit, Purpose.TRANSACTION):
                # It went to the car in the place of what it had been offered.
                self._offered[evse] = [PlannedStep(utcnow(), self.amperes(evse))]
        self._on_change()

    @override
    def _install(self, evse: int, written: Payload, *, ours: bool) -> None:
        super()._install(evse, written, ours=ours)
        if ours:
            return
        for held in self.installed.profiles:
            if held.purpose == SESSION and held.evse == evse:
                self._of_people[evse] = held
        # What is in the place of an offer now is not what the car was offered.
        self._on_change()

    @follows("ClearChargingProfile", *V2)
    def on_profiles_cleared(self, payload: Payload, answer: Payload) -> None:
        """Know that a car is free of what it was offered, and of what people sent."""
        if (names := self._spelling.read_clearing(payload)) is None:
            return
        for evse, chosen in list(self._of_people.items()):
            if is_named(chosen, names):
                del self._of_people[evse]
        held = {it.evse for it in self.installed.profiles if it.purpose == SESSION}
        self._offered = {evse: it for evse, it in self._offered.items() if evse in held}

    def _end_negotiation(self, evse: int) -> None:
        """Forget what a car wanted whose session is over."""
        self._offered.pop(evse, None)
        self._refusals.pop(evse, None)
        self._of_people.pop(evse, None)
        self.installed.followed.discard(evse)
        if self.needs.pop(evse, None) is not None:
            self.changed(Topic.LIMIT, evse, _NEEDS)

    # --- memory -------------------------------------------------------------------------

    @override
    def recall(self, facts: dict[str, Any]) -> None:
        """Take up the limits, what cars ever told, and what those of sessions want."""
        super().recall(facts)
        self._kept = facts.get(_CARS, {})
        self.needs_told = {
            int(evse): set(names) for evse, names in facts.get(_NEEDS, {}).items()
        }

    @override
    def facts(self) -> dict[str, Any]:
        """Keep the limits that stand, what cars ever told, and what they want now."""
        known = {
            _NEEDS: {str(evse): sorted(it) for evse, it in self.needs_told.items()},
            _CARS: self._kept | self._write_cars(),
        }
        return super().facts() | {name: it for name, it in known.items() if it}

    def _write_cars(self) -> dict[str, Any]:
        cars = {}
        for evse, needs in self.needs.items():
            session = self.station.transactions.running(evse)
            if session is not None:
                # What people sent is not known again, so their car is told nothing else.
                told = evse in self._offered and evse not in self._of_people
                cars[str(evse)] = {
                    "session": session.number,
                    "needs": write_needs(needs),
                    "offered": write_plan(self._offered[evse]) if told else [],
                }
        return cars

    @override
    async def load(self) -> None:
        """Take up what the cars of sessions wanted that still run, and were offered."""
        kept, self._kept = self._kept, {}
        for place, car in kept.items():
            evse = int(place)
            session = self.station.transactions.running(evse)
            if session is not None and session.number == car["session"]:
                self.needs[evse] = recall_needs(car["needs"])
                self.installed.followed.add(evse)
                if offered := recall_plan(car["offered"]):
                    self._offered[evse] = offered
        await super().load()


def _end(needs: Needs, now: datetime) -> datetime:
    """Return until when a car is to be told its limits."""
    if needs.departure is None or needs.departure < now + _SOONEST_DEPARTURE:
        return now + _AHEAD
    return min(needs.departure, now + 7 * _AHEAD)


def _of_car(station: str, evse: int, schedules: list[Payload]) -> ChargingProfile:
    """Return how a car means to charge as if it was a profile."""
    return ChargingProfile(
        id=0,
        station=station,
        evse=evse,
        stack_level=0,
        purpose=Purpose.DEFAULT,
        kind="Absolute",
        schedules=schedules,
        installed=utcnow(),
    )
