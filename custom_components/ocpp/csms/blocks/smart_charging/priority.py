"""Charging with priority: a session leaves its limits for a profile of its own (K21, K22)."""

from typing import TYPE_CHECKING, Any, override

from ...errors import NoTransaction
from ...model import Payload, Topic
from ...versions import V21
from ..block import answers
from .holding import Holding
from .profiles import PRIORITY

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

_PRIORITY, _TOLD = "priority", "priority_told"


class Priority(Holding):
    """Knows which sessions have priority: those of which the station says so."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with none."""
        super().__init__(station)
        # Whether the station ever told of priority.
        self._priority_told = False
        # What was stored, until it is known which sessions run.
        self._had_priority: dict[str, int] = {}

    def has_priority(self, evse: int) -> bool:
        """Return whether the session of an EVSE charges with priority."""
        return evse in self.installed.prioritized

    @property
    def knows_priority(self) -> bool:
        """Return whether the station has such charging, as far as it says."""
        purposes = self.station.device_model.words(
            "SmartChargingCtrlr", "SupportedAdditionalPurposes"
        )
        return not self.speaks_16 and (
            PRIORITY in purposes
            or self._priority_told
            or any(it.purpose == PRIORITY for it in self.installed.profiles)
        )

    async def use_priority(self, evse: int, *, activate: bool) -> None:
        """Ask for priority for the session of an EVSE, or for its end (K21).

        It has begun when the station says so. Raises `NoTransaction` where none runs, and
        what a command does: rejected with *NoProfile* where the station has no profile for
        it.
        """
        running = self.station.transactions.running(evse)
        if running is None:
            raise NoTransaction
        await self.command(
            "UsePriorityCharging",
            {"transactionId": running.id, "activate": activate},
        )

    @answers("NotifyPriorityCharging", V21, needs=("transactionId", "activated"))
    def on_priority(self, payload: Payload) -> Payload:
        """Know that a session charges with priority, or not any more (K21.FR.09)."""
        if not self._priority_told:
            self._priority_told = True
            self.changed(Topic.STRUCTURE)
            self.station.remember()
        for evse in self.station.evses:
            running = self.station.transactions.running(evse)
            if running is not None and running.id == payload["transactionId"]:
                self._prioritize(evse, activated=bool(payload["activated"]))
        return {}

    def _prioritize(self, evse: int, *, activated: bool) -> None:
        if activated == self.has_priority(evse):
            return
        if activated:
            self.installed.prioritized.add(evse)
            # What people limited it to is not what holds now.
            self._contested.add(evse)
        else:
            self.installed.prioritized.discard(evse)
        self.changed(Topic.LIMIT, evse, _PRIORITY)
        self.installed.tell()
        self.station.remember()

    def _end_priority(self, evse: int) -> None:
        """Forget the priority of a session that is over."""
        self._prioritize(evse, activated=False)

    # --- memory -------------------------------------------------------------------------

    @override
    def recall(self, facts: dict[str, Any]) -> None:
        """Take up whether there is priority, and which sessions had it."""
        super().recall(facts)
        self._priority_told = facts.get(_TOLD, False)
        self._had_priority = facts.get(_PRIORITY, {})

    @override
    def facts(self) -> dict[str, Any]:
        """Keep which sessions have priority, by their numbers."""
        with_priority = self._had_priority | {
            str(evse): running.number
            for evse in self.installed.prioritized
            if (running := self.station.transactions.running(evse)) is not None
        }
        known = {_TOLD: self._priority_told, _PRIORITY: with_priority}
        return super().facts() | {name: it for name, it in known.items() if it}

    @override
    async def load(self) -> None:
        """Take up which sessions have priority that still run."""
        kept, self._had_priority = self._had_priority, {}
        for place, number in kept.items():
            running = self.station.transactions.running(int(place))
            if running is not None and running.number == number:
                self.installed.prioritized.add(int(place))
        await super().load()
