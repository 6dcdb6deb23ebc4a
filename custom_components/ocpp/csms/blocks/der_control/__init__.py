"""Functional block R: what the grid demands of a station that feeds into it."""

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from ...clock import moment
from ...errors import ControlNotAllowed, NotSupported, OcppError
from ...happenings import GridAlarm
from ...lenient import name
from ...model import Payload, Topic, utcnow
from ...numbers import next_number
from ...versions import V21
from ..block import Block, answers, follows, precedes
from . import v21
from .register import MOST_CONTROLS, Control, ControlState, Register

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

__all__ = ["MOST_CONTROLS", "Alarm", "Control", "ControlState", "DerControl"]

# The components that only stations have which can be controlled (R01 to R03); the last
# two are how the specification's own tables spell them.
_COMPONENTS = frozenset(
    {*("dcderctrlr", "acderctrlr", "derctrlr"), *("dcderctrl", "acderctrl")}
)
_LONGEST_INFO = 200
# How many requests for reports are followed at a time.
_MOST_LISTINGS = 8
# How many controls that nobody here knows of are asked about.
_MOST_STRANGERS = 50
# In seconds: a clock that is set otherwise meanwhile.
_LONGEST_SLEEP = 3_600
# How far clocks differ that are set well.
_SLACK = timedelta(seconds=60)


class Alarm(NamedTuple):
    """Which type of control takes over, because of which fault, and since when."""

    control: str
    fault: str
    since: str
    info: str = ""


class Listing(NamedTuple):
    """A request for controls, and which of them were told in answer."""

    wanted: Payload
    told: set[str]


class DerControl(Block):
    """The controls that a station holds, and its alarm of the grid."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin without any."""
        super().__init__(station)
        # Whether the station ever had to do with controls: most can't feed in.
        self.seen = False
        self.alarm: Alarm | None = None
        self._register = Register()
        self._listings: dict[int, Listing] = {}
        # Controls that somebody else set, and that were asked about.
        self._strangers: set[str] = set()
        # What was told of the alarm last: it may be told again, or late.
        self._last_told: tuple[Any, ...] = ()
        # When that came in: the clock of a station may be ahead, and be set meanwhile.
        self._received = utcnow()
        self._waking: asyncio.Task[None] | None = None

    @property
    def controls(self) -> list[tuple[Control, ControlState]]:
        """Return all controls in the order they were set, and what each does."""
        states = self._register.states(utcnow())
        return [(it, states[it.id]) for it in self._register.controls.values()]

    # --- getting to know it -----------------------------------------------------------------

    async def prepare(self, *, booted: bool) -> None:
        """Ask which controls the station holds, where it says that it can have any."""
        if self.station.version is not V21 or not self.sends("GetDERControl"):
            return
        self._strangers.clear()
        known = self.station.device_model.variables
        if not self.seen and not any(key.component in _COMPONENTS for key in known):
            return
        try:
            await self.read()
        except NotSupported:
            # What it claims it does not have.
            if self.seen:
                self.seen, self.alarm = False, None
                self._register.restore(())
                self._tell()
        else:
            self._see()

    async def read(self) -> None:
        """Have the station tell all its controls (R04.FR.33).

        Raises what `Reports.command` does, and `NotSupported` where it is better not asked.
        """
        if not self.sends("GetDERControl"):
            raise NotSupported("GetDERControl")
        await self.station.reports.command(
            "GetDERControl",
            {"requestId": next_number()},
            silence=self.station.options.call_timeout,
        )

    # --- what is sent -------------------------------------------------------------------------

    @precedes("SetDERControl", V21)
    def on_setting(self, payload: Payload) -> None:
        """See that the control may be sent, and that its id means no other (R04).

        Raises `ControlNotAllowed`, after which nothing is sent.
        """
        v21.check(payload)
        known = self._register.controls.get(payload["controlId"])
        if known is None or known.is_over(utcnow()):
            return
        if (known.type, known.default) != (
            payload["controlType"],
            payload["isDefault"],
        ):
            raise ControlNotAllowed("same_id", control=known.id)

    @follows("SetDERControl", V21)
    def on_set(self, payload: Payload, answer: Payload) -> None:
        """Know a control, and which are superseded by it (R04.FR.02 to FR.08)."""
        self._see()
        if (control := v21.read_sent(payload)) is None:
            return
        superseded = v21.read_ids(answer.get("supersededIds"))
        if not self._register.take(control, superseded, utcnow()):
            self.station.note("SetDERControl: too many controls")
        for listing in self._listings.values():
            # A report that was written before does not have it.
            listing.told.add(control.id)
        self._tell()

    @follows("ClearDERControl", V21)
    def on_cleared(self, payload: Payload, answer: Payload) -> None:
        """Know that controls are gone (R04.FR.45, FR.46), or that there were none."""
        self._see()
        self._register.remove(lambda it: v21.fits(it, payload))
        self._tell()

    @precedes("GetDERControl", V21)
    def on_asking(self, payload: Payload) -> None:
        """Gather what is told, which can be here before the answer is."""
        if len(self._listings) >= _MOST_LISTINGS:
            del self._listings[next(iter(self._listings))]
        self._listings[payload["requestId"]] = Listing(payload, set())

    @follows("GetDERControl", V21)
    def on_asked(self, payload: Payload, answer: Payload) -> None:
        """Know that there is none, where the station says so (R04.FR.30)."""
        self._see()
        if answer.get("status") == "NotFound":
            self._close(payload["requestId"])

    # --- what the station tells ---------------------------------------------------------------

    @answers("ReportDERControl", V21)
    def on_report(self, payload: Payload) -> Payload:
        """Take up a part of a report, also one that nobody asked for (R04.FR.31, FR.32)."""
        self._see()
        self.station.reports.take("ReportDERControl", payload)
        number = payload.get("requestId")
        listing = self._listings.get(number) if isinstance(number, int) else None
        now = utcnow()
        for control in v21.read_report(payload):
            if not self._register.report(control, now):
                self.station.note("ReportDERControl: too many controls")
                break
            if listing is not None:
                listing.told.add(control.id)
        if listing is not None and not payload.get("tbc"):
            self._close(payload["requestId"])
        self._tell()
        return {}

    def _close(self, number: int) -> None:
        """End a report: what was asked for and not told is not there any more."""
        listing = self._listings.pop(number, None)
        if listing is not None:
            self._register.remove(
                lambda it: it.id not in listing.told and v21.fits(it, listing.wanted)
            )
            self._tell()

    @answers("NotifyDERStartStop", V21, needs=("controlId", "started"))
    def on_start_stop(self, payload: Payload) -> Payload:
        """Know that a control began or is over (R04.FR.20 to FR.22)."""
        self._see()
        number = name(payload["controlId"])[: v21.LONGEST_ID]
        if payload["started"]:
            self._register.begin(number, v21.read_ids(payload.get("supersededIds")))
        else:
            self._register.end(number)
        self._tell()
        if (
            payload["started"]
            and number not in self._register.controls
            and number not in self._strangers
            and len(self._strangers) < _MOST_STRANGERS
            and self.sends("GetDERControl")
        ):
            # Somebody else set it.
            self._strangers.add(number)
            self.station.afterwards(self._ask_about, number)
        return {}

    def _ask_about(self, number: str) -> None:
        self.station.spawn(self._read_stranger(number))

    async def _read_stranger(self, number: str) -> None:
        """Get to know a control that began, and that nobody here knew of."""
        try:
            await self.read()
        except OcppError as error:
            self.station.note(f"reading controls: {type(error).__name__}")
        self._register.begin(number, set())
        self._tell()
        self.station.flush()

    @answers("NotifyDERAlarm", V21)
    def on_alarm(self, payload: Payload) -> Payload:
        """Know whether the grid makes the station deviate (R05.FR.01, FR.02).

        There is one alarm at a time: a second one takes the place of the first, whose end
        is not told (R05.FR.03, FR.04).
        """
        self._see()
        said = moment(payload.get("timestamp"))
        event = GridAlarm(
            control=_word(payload.get("controlType")),
            fault=_word(payload.get("gridEventFault")),
            at=said.at,
            info=name(payload.get("extraInfo"))[:_LONGEST_INFO],
            ended=payload.get("alarmEnded") is True,
        )
        told = said.at.isoformat(), event.control, event.fault, event.ended
        if said.dated and told == self._last_told:
            return {}
        self.station.happened(event)
        if (
            said.dated
            and self._last_told
            and told[0] < self._last_told[0]
            and not self._ends_what_is_shown(event)
        ):
            # It was queued; what is newer holds.
            return {}
        self._last_told, self._received = told, utcnow()
        since = self.alarm.since if self.alarm is not None else told[0]
        self.alarm = (
            None
            if event.ended
            else Alarm(event.control, event.fault, since, event.info)
        )
        self._tell()
        return {}

    def _ends_what_is_shown(self, event: GridAlarm) -> bool:
        """Return whether an end that is dated too early is that of the alarm all the same.

        Of an alarm that was dated ahead the time of reception counts.
        """
        alarm = self.alarm
        if not event.ended or alarm is None or event.control not in ("", alarm.control):
            return False
        ahead = datetime.fromisoformat(self._last_told[0]) - self._received
        return event.at >= self._received - min(ahead, _SLACK)

    def _see(self) -> None:
        if not self.seen:
            self.seen = True
            self.changed(Topic.STRUCTURE)
            self.station.remember()

    def _tell(self) -> None:
        self._register.prune(utcnow())
        self.changed(Topic.GRID)
        self.station.remember()
        self._wake_in_time()

    # --- the clock ----------------------------------------------------------------------------

    def _wake_in_time(self) -> None:
        """Look again when the next control begins or ends: not every station says so."""
        self._stop_waiting()
        if (change := self._register.next_change(utcnow())) is not None:
            self._waking = self.station.spawn(self._wake_at(change.timestamp()))

    def _stop_waiting(self) -> None:
        if self._waking is not None:
            self._waking.cancel()
            self._waking = None

    async def _wake_at(self, change: float) -> None:
        while (left := change - utcnow().timestamp()) > 0:
            await asyncio.sleep(min(left, _LONGEST_SLEEP))
        self._waking = None
        self._tell()
        self.station.flush()

    # --- memory -------------------------------------------------------------------------------

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up which controls the station holds, and its alarm."""
        self.seen = bool(facts)
        self._register.restore(Control(*row) for row in facts.get("controls", ()))
        alarm = facts.get("alarm")
        self.alarm = Alarm(*alarm) if alarm else None
        self._last_told = tuple(facts.get("last_told", ()))
        if received := facts.get("received"):
            self._received = datetime.fromisoformat(received)
        self._wake_in_time()

    def facts(self) -> dict[str, Any]:
        """Keep which controls the station holds, and its alarm."""
        if not self.seen:
            return {}
        return {
            "controls": list(self._register.controls.values()),
            "alarm": self.alarm,
            "last_told": self._last_told,
            "received": self._received.isoformat(),
        }


def _word(told: Any) -> str:
    return name(told)[: v21.LONGEST_WORD]
