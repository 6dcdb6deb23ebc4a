"""The register of a station's controls: which of them is in force, and which rests."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from ...model import Payload

# More than any station holds.
MOST_CONTROLS = 200
# How many of those that are over stay to be looked at.
_MOST_ENDED = 20


class ControlState(StrEnum):
    """What a control does at present.

    A default on standby is one that a scheduled control of its type stands in for.
    """

    ACTIVE = "active"
    STANDBY = "standby"
    SCHEDULED = "scheduled"
    SUPERSEDED = "superseded"
    ENDED = "ended"


class Control(NamedTuple):
    """A control that a station holds. The `type` is spelled as OCPP spells it.

    Of two of one type the one with the lower `priority` prevails. The duration is in
    seconds; a control without one lasts until it is cleared.
    """

    id: str
    type: str
    default: bool
    values: Payload
    priority: int = 0
    start: str | None = None
    duration: float | None = None
    superseded: bool = False
    # What the station said itself: that it began, or that it is over.
    told: bool | None = None

    @property
    def starts(self) -> datetime | None:
        """Return when it begins, or None where it began when it was set."""
        return datetime.fromisoformat(self.start) if self.start else None

    @property
    def ends(self) -> datetime | None:
        """Return when it is over, where that is known."""
        if self.start is None or self.duration is None:
            return None
        try:
            return datetime.fromisoformat(self.start) + timedelta(seconds=self.duration)
        except OverflowError:
            return None

    def is_over(self, now: datetime) -> bool:
        """Return whether the station holds it no more (R04.FR.10)."""
        return self.told is False or ((end := self.ends) is not None and end <= now)

    def has_begun(self, now: datetime) -> bool:
        """Return whether its time has come; the station's word counts more than the clock."""
        start = self.starts
        return bool(self.told) or start is None or start <= now


class Register:
    """The controls of one station by their ids, in the order they were set."""

    def __init__(self) -> None:
        """Begin with none."""
        self._controls: dict[str, Control] = {}

    @property
    def controls(self) -> Mapping[str, Control]:
        """Return all controls by their ids."""
        return self._controls

    def restore(self, controls: Iterable[Control]) -> None:
        """Have these controls."""
        self._controls = {control.id: control for control in controls}

    def take(self, control: Control, told: set[str], now: datetime) -> bool:
        """Take a control that the station accepted, and what it supersedes (R04.FR.02 to 08).

        `told` are the ids that the station says are superseded. Return whether there was
        room for it.
        """
        if control.start is None and not control.default:
            control = control._replace(start=now.isoformat())
        for other in tuple(self._controls.values()):
            if other.type != control.type or other.default is not control.default:
                continue
            waits = other.default or not other.has_begun(now)
            if other.priority > control.priority and waits:
                self._supersede(other.id)
            elif other.priority < control.priority and self._runs(other, now):
                # It is superseded from the beginning (R04.FR.08).
                control = control._replace(superseded=True)
        self._controls.pop(control.id, None)
        taken = self._add(control, now)
        for number in told:
            self._supersede(number)
        return taken

    def report(self, control: Control, now: datetime) -> bool:
        """Take a control that the station reports; return whether there was room for it."""
        known = self._controls.get(control.id)
        if known is not None and known.type == control.type and known.told is not False:
            # A report does not say what has no time of its own when it began.
            control = control._replace(
                start=control.start or known.start, told=known.told
            )
        return self._add(control, now)

    def _add(self, control: Control, now: datetime) -> bool:
        if control.id not in self._controls and len(self._controls) >= MOST_CONTROLS:
            over = (it.id for it in self._controls.values() if it.is_over(now))
            if (first := next(over, None)) is None:
                return False
            del self._controls[first]
        self._controls[control.id] = control
        return True

    def begin(self, number: str, superseded: set[str]) -> None:
        """Know that a control began (R04.FR.20), and which it took the place of (FR.21)."""
        if (control := self._controls.get(number)) is not None:
            self._controls[number] = control._replace(told=True, superseded=False)
        for other in superseded - {number}:
            self._supersede(other)

    def end(self, number: str) -> None:
        """Know that a control is over (R04.FR.22)."""
        if (control := self._controls.get(number)) is not None:
            self._controls[number] = control._replace(told=False)

    def _supersede(self, number: str) -> None:
        if (control := self._controls.get(number)) is not None:
            self._controls[number] = control._replace(superseded=True)

    def remove(self, unwanted: Callable[[Control], bool]) -> None:
        """Forget controls."""
        self._controls = {
            control.id: control
            for control in self._controls.values()
            if not unwanted(control)
        }

    def prune(self, now: datetime) -> None:
        """Forget those that have been over for long."""
        over = [it.id for it in self._controls.values() if it.is_over(now)]
        for number in over[: max(0, len(over) - _MOST_ENDED)]:
            del self._controls[number]

    # --- what they do ---------------------------------------------------------------------

    def states(self, now: datetime) -> dict[str, ControlState]:
        """Return what each control does.

        Of each type one is in force (R04.FR.09, FR.11): the scheduled one whose time it
        is, else the default; of several the one with the lowest priority value.
        """
        found = {}
        types = {control.type for control in self._controls.values()}
        chosen = {kind: self._chosen(kind, now) for kind in types}
        for control in self._controls.values():
            scheduled, default = chosen[control.type]
            if control.is_over(now):
                state = ControlState.ENDED
            elif control.superseded:
                state = ControlState.SUPERSEDED
            elif control is scheduled:
                state = ControlState.ACTIVE
            elif control is default:
                standby = scheduled is not None
                state = ControlState.STANDBY if standby else ControlState.ACTIVE
            elif control.default or control.has_begun(now):
                state = ControlState.SUPERSEDED
            else:
                state = ControlState.SCHEDULED
            found[control.id] = state
        return found

    def _chosen(
        self, kind: str, now: datetime
    ) -> tuple[Control | None, Control | None]:
        """Return which scheduled control and which default of a type prevails."""
        # Of equals the newest, which is the last.
        fit = [
            it
            for it in reversed(self._controls.values())
            if it.type == kind and not it.superseded and not it.is_over(now)
        ]
        scheduled = [it for it in fit if self._runs(it, now)]
        defaults = [it for it in fit if it.default]
        return (
            min(scheduled, key=_priority, default=None),
            min(defaults, key=_priority, default=None),
        )

    @staticmethod
    def _runs(control: Control, now: datetime) -> bool:
        """Return whether it is a scheduled control's time, whether or not it prevails."""
        return (
            not control.default
            and not control.superseded
            and not control.is_over(now)
            and control.has_begun(now)
        )

    def next_change(self, now: datetime) -> datetime | None:
        """Return when the next control begins or ends by the clock."""
        moments = [
            moment
            for control in self._controls.values()
            if not control.default and not control.is_over(now)
            for moment in (control.starts, control.ends)
            if moment is not None and moment > now
        ]
        return min(moments, default=None)


def _priority(control: Control) -> int:
    return control.priority
