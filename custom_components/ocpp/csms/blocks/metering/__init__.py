"""Functional block J: metering."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ...clock import Moment
from ...errors import OcppError
from ...lenient import transaction_id, whole_number
from ...model import Answer, Payload, Sampled, SampleSet, utcnow
from ...schemas import Validator
from ...variables import Place
from ...versions import V2, V16
from ..block import answers
from . import spelling
from .pattern import Pattern
from .readings import REGISTERS, Readings
from .register import Register
from .samples import key, with_phase
from .sampling import WANTED, Sampling
from .spelling import ENERGY_REGISTER, EXPORT_REGISTER, MEASURANDS, PHASES
from .streamed import Measured, measured

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

__all__ = [
    "ENERGY_REGISTER",
    "EXPORT_REGISTER",
    "MEASURANDS",
    "PHASES",
    "WANTED",
    "Metering",
    "key",
]


class Metering(Readings):
    """What stations tell of their meters, and what they are to tell."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with nothing told."""
        super().__init__(station)
        # How the samples of each EVSE are spelled.
        self._patterns: dict[int, Pattern] = {}
        self._sampling = Sampling(station)
        # What asks for samples again and again, where they do not come by themselves.
        self._asking: asyncio.Task[None] | None = None

    # --- messages -----------------------------------------------------------------------

    def is_valid(self, payload: Payload, validator: Validator) -> bool:
        """Return whether a MeterValues of 1.6 is as its schema says.

        Nearly every one is the valid one before with other values. Its schema is not asked
        then: between two messages it has left the processor's caches, and costs much more
        than what is at hand anyway.
        """
        evse = payload.get("connectorId")
        pattern = self._patterns.get(evse) if type(evse) is int else None
        if pattern is not None and pattern.is_valid(payload):
            return True
        if not validator.is_valid(payload):
            return False
        if type(evse) is int and self.station.has_room_for(evse):
            self._pattern(evse).learn(payload)
        return True

    @answers("MeterValues", *V2, always=True, repeatable=True)
    @answers("MeterValues", V16, always=True, repeatable=True, is_valid=is_valid)
    def on_meter_values(self, payload: Payload) -> Answer:
        """Take up samples; whatever they are, the answer is the same (J01, J02)."""
        evse = payload.get("connectorId" if self.speaks_16 else "evseId")
        if evse is None:
            evse = self.station.the_only_evse
        if evse.__class__ is float:
            # Some write 1 as 1.0.
            evse = whole_number(evse)
        if not isinstance(evse, int) or not self.station.has_room_for(evse):
            return {}
        meter_values = payload.get("meterValue") or payload.get("values")
        transaction = transaction_id(payload.get("transactionId"))
        if transaction is None or self.station.transactions.running(evse) is not None:
            # The usual case. The answer is the same whatever the samples are.
            self.station.afterwards(self.take_up, evse, meter_values, transaction)
        elif sets := spelling.read_meter_values(meter_values, received := utcnow()):
            return self._begin_with(evse, sets, transaction, received)
        return {}

    async def _begin_with(
        self, evse: int, sets: list[SampleSet], transaction: str, received: datetime
    ) -> Payload:
        """Take up samples of a session that nothing else may have told of."""
        await self.station.transactions.on_sample(evse, transaction, sets[0].at)
        self._take_up(evse, sets, transaction, received)
        return {}

    @staticmethod
    def registers(meter_values: Any) -> list[tuple[datetime, float]]:
        """Return the energy registers among samples, in Wh and in order of time."""
        return spelling.registers(meter_values)

    def take_up(self, evse: int, meter_values: Any, transaction: str | None) -> None:
        """Take up the samples that came with a message."""
        # What heard it noted the time a moment ago.
        received = self.station.last_seen or utcnow()
        read = self._pattern(evse).values
        sets = spelling.read_meter_values(meter_values, received, read)
        self._take_up(evse, sets, transaction, received)

    def _pattern(self, evse: int) -> Pattern:
        """Return how the samples of an EVSE are spelled."""
        if (pattern := self._patterns.get(evse)) is None:
            pattern = self._patterns[evse] = Pattern()
        return pattern

    # --- values that come by themselves, as often as the station likes ------------------

    def measured(self, place: Place) -> Measured | None:
        """Return which reading a variable is, or None for one that no meter reads."""
        if not place.evse and self.station.the_only_evse is None:
            # Of the station as a whole no readings are shown.
            return None
        known = self.station.device_model.find(place)
        told = known.characteristics if known is not None else None
        return measured(place, told.unit if told is not None else "")

    def take_streamed(
        self, place: Place, found: Measured, values: Sequence[tuple[Moment, str]]
    ) -> None:
        """Take up what a variable was at some moments, in their order.

        `found` is what `measured` returned for it.
        """
        evse = place.evse or self.station.the_only_evse
        if evse is None or not self.station.has_room_for(evse):
            return
        sets = [
            SampleSet(said.at, {found.key: value}, said.dated)
            for said, text in values
            if (number := spelling.number(text)) is not None
            for value in (round(number * found.factor + found.offset, 6),)
        ]
        if found.key not in REGISTERS:
            # Nothing is counted by the others, and nobody sees them.
            sets = sets[-1:]
        if sets and found.phase:
            known, last = self.values_of(evse), sets[-1]
            total = with_phase(known, found.measurand, found.key, last.values)
            sets[-1] = last._replace(values=last.values | total)
        if counted := self._counted(evse, place, sets):
            self._take_up(evse, counted, None, utcnow(), streamed=True)

    def _counted(
        self, evse: int, place: Place, sets: Iterable[SampleSet]
    ) -> list[SampleSet]:
        """Return samples without the registers that the EVSE is not counted by."""
        connector = self.station.transactions.connector(evse)
        open_now = self.station.event_streams.places
        found = []
        for it in sets:
            values = dict(it.values)
            for name in REGISTERS & values.keys():
                before = self._counting(name).get(evse)
                begun = self._sources.is_streamed(evse, name)
                value = self._sources.counted(
                    (evse, name),
                    place,
                    values.pop(name),
                    before=before.value if before is not None else None,
                    connector=connector,
                    streaming=open_now,
                )
                if value is not None:
                    values[name] = value
                    if before is not None and not begun:
                        self._begin_register(evse, name, value)
            if values:
                found.append(it._replace(values=values))
        return found

    # --- samples that have to be asked for ----------------------------------------------

    def on_transaction_started(self) -> None:
        """Ask for samples as long as a session runs, where none come by themselves."""
        if self.station.compatibility.samples_on_request and (
            self._asking is None or self._asking.done()
        ):
            self._asking = self.station.spawn(self._keep_asking())

    async def _keep_asking(self) -> None:
        while self.station.compatibility.samples_on_request and self.station.connected:
            evses = [
                evse
                for evse in self.station.evses
                if self.station.transactions.running(evse) is not None
            ]
            if not evses:
                return
            await asyncio.sleep(self._sampling.interval())
            for evse in evses:
                try:
                    await self.station.remote_control.ask_for("MeterValues", evse)
                except OcppError as error:
                    self.station.note(f"asking for values: {type(error).__name__}")
            self.station.flush()

    # --- setting the station up ---------------------------------------------------------

    async def prepare(self, *, booted: bool) -> None:
        """Have the station sample what people look at, often enough, and once now."""
        await self._sampling.prepare()
        for evse in self.station.evses:
            # Always with the connector: without one, several brands refuse.
            await self.station.remote_control.ask_for("MeterValues", evse)
        # A session may run on from before.
        self.on_transaction_started()

    async def on_inventory_taken(self) -> None:
        """Have the station sample also what only its whole device model says it can.

        Raises any `OcppError`.
        """
        await self._sampling.review()

    # --- memory -------------------------------------------------------------------------

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up the registers and what is known to be measured."""
        self._sampling.recall(facts.get("settled"))
        self._sources.recall(facts.get("streamed", ()))
        for evse, names in facts.get("seen", {}).items():
            self.seen[int(evse)] = set(names)
        for kept, registers, name in (
            ("registers", self._registers, ENERGY_REGISTER),
            ("exports", self._exports, EXPORT_REGISTER),
        ):
            for text, (value, at) in facts.get(kept, {}).items():
                evse, moment = int(text), datetime.fromisoformat(at)
                registers[evse] = Register(value, moment)
                if value and not self._sources.is_streamed(evse, name):
                    self._sources.take_told(evse, name)
                self._newest[evse] = max(moment, self._newest.get(evse, moment))
                known, times = self._known(evse)
                known[name], times[name] = value, Sampled(moment, moment)

    def facts(self) -> dict[str, Any]:
        """Keep the registers and what is known to be measured."""
        return {
            "settled": self._sampling.facts(),
            "seen": {str(evse): sorted(names) for evse, names in self.seen.items()},
            "registers": _kept(self._registers),
            "exports": _kept(self._exports),
            "streamed": self._sources.facts(),
        }


def _kept(registers: dict[int, Register]) -> dict[str, Any]:
    return {
        str(evse): [register.value, register.at.isoformat()]
        for evse, register in registers.items()
        if register.at is not None
    }
