"""Functional block N: what a station watches, and what it tells when something happens."""

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from ...clock import Moment, moment
from ...errors import NotSupported, OcppError
from ...model import Part, Payload, Topic, utcnow
from ...numbers import next_number
from ...places import read_place
from ...variables import Place, VariableMonitored, as_flag, as_number
from ...versions import V2
from ..block import Block, answers, follows
from . import v2
from .v2 import Monitor

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

__all__ = ["Monitor", "Monitoring", "Problem", "part"]

_STEP = 50
# More than any station has, or than people want to look at.
_MOST_MONITORS = 1_000
_MOST_PROBLEMS = 200
# How many events a repetition is told from.
_REMEMBERED = 200
_AVAILABILITY = frozenset({"chargingstation", "evse", "connector"})


class Problem(NamedTuple):
    """What is wrong with a variable at present."""

    place: Place
    since: str
    value: str | None = None
    tech_code: str = ""
    tech_info: str = ""
    severity: int | None = None
    # Those that say so; 0 stands for what is built in and has no number.
    monitors: tuple[int, ...] = ()


class Monitoring(Block):
    """The monitors of a station, and the problems that its alerts told of."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin without any."""
        super().__init__(station)
        self.monitors: dict[int, Monitor] = {}
        # What is wrong now, by the variable that tells.
        self.problems: dict[Place, Problem] = {}
        # Every variable that ever told of a problem, as it is spelled.
        self.seen: dict[Place, Place] = {}
        # What people set, where they did: which monitors, and up to which severity.
        self.base: str | None = None
        self.level: int | None = None
        self._told: list[tuple[int | None, Any, Place, str]] = []
        # The newest word of each variable that is part of the device model.
        self._newest: dict[Place, Moment] = {}

    # --- events -------------------------------------------------------------------------

    @answers("NotifyEvent", *V2)
    async def on_event(self, payload: Payload) -> Payload:
        """Take up what happened, in the order it was told (N07, N08, G05)."""
        told = payload.get("eventData")
        for number, item in enumerate(told if isinstance(told, list) else (), 1):
            self._on_event(item)
            if number % _STEP == 0:
                await asyncio.sleep(0)
        return {}

    def _on_event(self, item: Any) -> None:
        received = utcnow()
        written = item.get("timestamp") if isinstance(item, dict) else None
        said = moment(written, received=received)
        event = v2.read_event(item, said, self.monitors)
        if event is None:
            self.station.note("NotifyEvent: not an event")
            return
        key = event.place.key
        # What was queued may be sent again as another message.
        known = event.number, written, key, event.type
        if event.number is not None and known in self._told:
            return
        self._told.append(known)
        del self._told[:-_REMEMBERED]
        self.take_up(event, said)
        self.station.happened(event)

    def take_up(self, event: VariableMonitored, said: Moment) -> None:
        """Know what a variable was at a moment, and whether that is a problem."""
        self.station.add_evse(event.place.evse)
        newer = self._take_value(event, said)
        if newer and self._is_about_a_problem(event):
            self._take_problem(event.place.key, event)

    def _take_value(self, event: VariableMonitored, said: Moment) -> bool:
        """Know what the variable is, unless something newer is known; return which."""
        place, key = event.place, event.place.key
        if (
            event.value
            and place.variable.casefold() == "availabilitystate"
            and place.component.casefold() in _AVAILABILITY
        ):
            # It has an order of its own (G01).
            self.station.availability.on_availability_state(
                place.evse, place.connector, event.value, said
            )
        before = self._newest.get(key)
        if said.dated and before is not None and said.at < before.at:
            return False
        if said.dated and (before is not None or len(self._newest) < _MOST_MONITORS):
            self._newest[key] = said
        if self.station.device_model.find(place) is not None:
            self.station.device_model.hold(place, event.value)
        return True

    @staticmethod
    def _is_about_a_problem(event: VariableMonitored) -> bool:
        """Return whether it tells that something is wrong, or is well again."""
        name = event.place.variable.casefold()
        if name == "availabilitystate":
            return False
        return event.type in ("alert", v2.CLEARED) or (
            name == "problem" and as_flag(event.value) is not None
        )

    def _take_problem(self, key: Place, event: VariableMonitored) -> None:
        before = self.problems.get(key)
        monitor = event.monitor or 0
        others = tuple(
            it for it in (before.monitors if before else ()) if it != monitor
        )
        well = event.type == v2.CLEARED
        if key.variable == "problem" and as_flag(event.value) is False:
            # The variable says so itself, whatever watched it.
            well, others = True, ()
        if well:
            self._keep(key, before, others if monitor else ())
            return
        if key not in self.seen:
            if len(self.seen) >= _MOST_PROBLEMS:
                self.station.note("NotifyEvent: too many problems")
                return
            self.seen[key] = event.place
            self.changed(Topic.STRUCTURE)
        self.problems[key] = Problem(
            place=event.place,
            since=before.since if before else event.at.isoformat(),
            value=event.value,
            tech_code=event.tech_code,
            tech_info=event.tech_info,
            severity=event.severity,
            monitors=(*others, monitor),
        )
        self._tell(key)

    def _keep(self, key: Place, before: Problem | None, left: tuple[int, ...]) -> None:
        """Have a problem last as long as any monitor says so."""
        if before is None or before.monitors == left:
            return
        if left:
            self.problems[key] = before._replace(monitors=left)
        else:
            del self.problems[key]
        self._tell(key)

    def _tell(self, key: Place) -> None:
        self.station.changed(part(key))
        self.station.remember()

    # --- monitors -----------------------------------------------------------------------

    @answers("NotifyMonitoringReport", *V2)
    async def on_report(self, payload: Payload) -> Payload:
        """Take up a part of a report, also one that nobody asked for (N02)."""
        told = payload.get("monitor")
        for number, item in enumerate(told if isinstance(told, list) else (), 1):
            for monitor in _monitors(item):
                known = self.monitors.get(monitor.id)
                if known is not None and not monitor.origin:
                    monitor = monitor._replace(custom=known.custom, origin=known.origin)
                self._know(monitor)
            if number % _STEP == 0:
                await asyncio.sleep(0)
        self.station.reports.take("NotifyMonitoringReport", payload)
        return {}

    def _know(self, monitor: Monitor) -> None:
        if monitor.id in self.monitors or len(self.monitors) < _MOST_MONITORS:
            self.monitors[monitor.id] = monitor
            self.station.remember()

    @follows("SetVariableMonitoring", *V2)
    def on_set(self, payload: Payload, answer: Payload) -> None:
        """Know the monitors that the station took, by the ids it gave them (N04)."""
        wanted: dict[tuple[Any, ...], Payload] = {}
        for item in payload["setMonitoringData"]:
            wanted[_kind_of(item)] = item
        told = answer.get("setMonitoringResult")
        for result in told if isinstance(told, list) else ():
            if not isinstance(result, dict) or result.get("status") != "Accepted":
                continue
            if (item := wanted.get(_kind_of(result))) is not None:
                number = result.get("id", item.get("id"))
                monitor = v2.read_monitor(item, item | {"id": number}, custom=True)
                if monitor is not None:
                    self._know(monitor)

    @follows("ClearVariableMonitoring", *V2)
    def on_cleared(self, payload: Payload, answer: Payload) -> None:
        """Forget the monitors that are no more (N06)."""
        told = answer.get("clearMonitoringResult")
        for result in told if isinstance(told, list) else ():
            if isinstance(result, dict) and result.get("status") in (
                "Accepted",
                "NotFound",
            ):
                self._forget(result.get("id"))

    def _forget(self, number: Any) -> None:
        """Forget a monitor, and what only it told to be wrong."""
        if not isinstance(number, int) or self.monitors.pop(number, None) is None:
            return
        for key, problem in tuple(self.problems.items()):
            left = tuple(it for it in problem.monitors if it != number)
            self._keep(key, problem, left)
        self.station.remember()

    @follows("SetMonitoringBase", *V2)
    def on_base(self, payload: Payload, answer: Payload) -> None:
        """Know that other monitors are in use; which, the station has to tell (N03)."""
        self.base = payload["monitoringBase"]
        for monitor in tuple(self.monitors.values()):
            if self.base == "HardWiredOnly" or (monitor.custom and self.base != "All"):
                self._forget(monitor.id)
        self.station.remember()

    @follows("SetMonitoringLevel", *V2)
    def on_level(self, payload: Payload, answer: Payload) -> None:
        """Know up to which severity the station tells (N05)."""
        self.level = payload["severity"]
        self.station.remember()

    async def read(self) -> None:
        """Have the station tell all its monitors (N02).

        Raises what `Reports.command` does, and `NotSupported` where it is better not asked.
        """
        if not self.sends("GetMonitoringReport"):
            raise NotSupported("GetMonitoringReport")
        _, report = await self.station.reports.command(
            "GetMonitoringReport",
            {"requestId": next_number()},
            silence=self.station.options.call_timeout,
        )
        if report.complete:
            told = {
                monitor.id
                for one in report.parts()
                for item in one.get("monitor") or ()
                for monitor in _monitors(item)
            }
            for number in self.monitors.keys() - told:
                self._forget(number)

    async def prepare(self, *, booted: bool) -> None:
        """See after a restart what is still watched, and what is still wrong (N04)."""
        if self.speaks_16 or not booted:
            return
        if any(monitor.custom for monitor in self.monitors.values()):
            try:
                await self.read()
            except OcppError as error:
                self.station.note(f"reading monitors: {type(error).__name__}")
        if self.problems:
            # What is well again since the restart nobody would ever tell.
            model = self.station.device_model
            await model.read_all(problem.place for problem in self.problems.values())
            for key, problem in tuple(self.problems.items()):
                known = model.find(problem.place)
                if not self._lasts(problem, known.value if known else None):
                    self._keep(key, problem, ())

    def _lasts(self, problem: Problem, value: str | None) -> bool:
        """Return whether a problem is still there, going by what the variable is now."""
        if value is None or (as_flag(value) is False and as_flag(problem.value)):
            return False
        number = as_number(value)
        judged = [
            self.monitors[it].is_exceeded(number)
            for it in problem.monitors
            if it in self.monitors and number is not None
        ]
        return not judged or any(it is not False for it in judged)

    # --- memory -------------------------------------------------------------------------

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up what is watched, and what was wrong."""
        self.base, self.level = facts.get("base"), facts.get("level")
        for number, place, *rest in facts.get("monitors", ()):
            self.monitors[number] = Monitor(number, Place(*place), *rest)
        for row in facts.get("seen", ()):
            place = Place(*row)
            self.seen[place.key] = place
        for row in facts.get("problems", ()):
            problem = Problem(*row)
            problem = problem._replace(
                place=Place(*problem.place), monitors=tuple(problem.monitors)
            )
            self.problems[problem.place.key] = problem

    def facts(self) -> dict[str, Any]:
        """Keep what is watched, and what is wrong."""
        facts = {
            "base": self.base,
            "level": self.level,
            "monitors": list(self.monitors.values()),
            "seen": list(self.seen.values()),
            "problems": list(self.problems.values()),
        }
        return {key: kept for key, kept in facts.items() if kept not in (None, [])}


def part(key: Place) -> Part:
    """Return what is told to have changed with a problem, by its variable's key."""
    return Part(Topic.PROBLEM, key.evse, key.text)


def _monitors(item: Any) -> list[Monitor]:
    told = item.get("variableMonitoring") if isinstance(item, dict) else None
    found = (
        v2.read_monitor(item, one) for one in (told if isinstance(told, list) else ())
    )
    return [monitor for monitor in found if monitor is not None]


def _kind_of(item: Payload) -> tuple[Any, ...]:
    """Return what tells an item from the others of the same command (N04.FR.17)."""
    place = read_place(item)
    return (
        place.key if place is not None else None,
        str(item.get("type")),
        str(item.get("severity")),
    )
