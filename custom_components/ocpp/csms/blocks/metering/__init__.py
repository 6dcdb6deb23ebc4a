"""Functional block J: metering."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from ...clock import Moment
from ...errors import OcppError
from ...lenient import transaction_id, whole_number
from ...model import MeterReading, Part, Payload, SampleSet, Topic, utcnow
from ...variables import Place
from ...versions import V2, V16
from ..block import Block, answers
from . import spelling
from .register import Register
from .samples import flows, key, with_phase
from .sampling import WANTED, Sampling
from .sources import Sources
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

# The registers: what is counted up, and what sessions are counted by.
_REGISTERS = frozenset({ENERGY_REGISTER, EXPORT_REGISTER})


class Metering(Block):
    """The newest reading of every measurand and phase of each EVSE."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with no readings."""
        super().__init__(station)
        self.readings: dict[int, dict[str, MeterReading]] = {}
        # Every measurand and phase an EVSE was ever seen to report, as keys.
        self.seen: dict[int, set[str]] = {}
        self._registers: dict[int, Register] = {}
        # What flowed back out of cars, where a meter counts that.
        self._exports: dict[int, Register] = {}
        # Which meter the registers are of, where there are several.
        self._sources = Sources()
        # The newest moment that each EVSE dated anything at.
        self._newest: dict[int, datetime] = {}
        # How the samples of each EVSE are spelled.
        self._patterns: dict[int, spelling.Pattern] = {}
        self._sampling = Sampling(station)
        # What asks for samples again and again, where they do not come by themselves.
        self._asking: asyncio.Task[None] | None = None

    def reading(self, evse: int, name: str) -> MeterReading | None:
        """Return the newest reading of a key, in the canonical unit."""
        return self.readings.get(evse, {}).get(name)

    def register(self, evse: int) -> float | None:
        """Return the energy register of an EVSE in Wh."""
        known = self._registers.get(evse)
        return known.value if known is not None else None

    def _counting(self, name: str) -> dict[int, Register]:
        return self._registers if name == ENERGY_REGISTER else self._exports

    def power(self, evse: int) -> float | None:
        """Return the power that an EVSE draws, in W."""
        reading = self.reading(evse, "Power.Active.Import")
        return reading.value if reading is not None else None

    def voltage(self, evse: int) -> float | None:
        """Return the measured voltage of a phase in V, where one can be believed."""
        reading = self.reading(evse, "Voltage")
        return reading.value if reading and 90 <= reading.value <= 300 else None

    # --- messages -----------------------------------------------------------------------

    @answers("MeterValues", V16, *V2, always=True, immediate=True)
    async def on_meter_values(self, payload: Payload) -> Payload:
        """Take up samples; whatever they are, the answer is the same (J01, J02)."""
        place = "connectorId" if self.speaks_16 else "evseId"
        evse = payload.get(place, self.station.the_only_evse)
        if evse.__class__ is float:
            # Some write 1 as 1.0.
            evse = whole_number(evse)
        if not isinstance(evse, int) or not self.station.has_room_for(evse):
            return {}
        meter_values = payload.get("meterValue") or payload.get("values")
        transaction = transaction_id(payload.get("transactionId"))
        if transaction is None or self.station.transactions.running(evse) is not None:
            # The usual case. The answer is the same whatever the samples are.
            self.station.afterwards(
                partial(self.take_up, evse, meter_values, transaction)
            )
        elif sets := spelling.read_meter_values(meter_values):
            await self.station.transactions.on_sample(evse, transaction, sets[0].at)
            self._take_up(evse, sets, transaction)
        return {}

    @staticmethod
    def registers(meter_values: Any) -> list[tuple[datetime, float]]:
        """Return the energy registers among samples, in Wh and in order of time."""
        return spelling.registers(meter_values)

    def take_up(self, evse: int, meter_values: Any, transaction: str | None) -> None:
        """Take up the samples that came with another message."""
        if (pattern := self._patterns.get(evse)) is None:
            pattern = self._patterns[evse] = spelling.Pattern()
        sets = spelling.read_meter_values(meter_values, pattern)
        self._take_up(evse, sets, transaction)

    def _take_up(
        self,
        evse: int,
        sets: Iterable[SampleSet],
        transaction: str | None,
        *,
        streamed: bool = False,
    ) -> None:
        self.station.add_evse(evse)
        over = self.station.transactions.is_over(transaction)
        received = utcnow()
        readings = self.readings.get(evse, {})
        for at, values, dated in sets:
            late = self._is_late(evse, at, dated=dated)
            for name, value in values.items():
                reading = MeterReading(value, at, received, dated)
                if name in _REGISTERS:
                    if streamed or self._counts_told(evse, name, value):
                        self._take_register(evse, name, reading, transaction, late=late)
                elif late or over or (before := readings.get(name)) is None:
                    if not (over and flows(name)):
                        self._take_reading(evse, name, reading, late=late)
                else:
                    # The usual case, in place: there are a dozen in each message.
                    readings[name] = reading
                    if before.value != value:
                        self.station.changed(_part(evse, name))

    def _is_late(self, evse: int, at: datetime, *, dated: bool) -> bool:
        """Return whether samples are older than others before them: the rare case."""
        newest = self._newest.get(evse)
        if dated and (newest is None or at >= newest):
            self._newest[evse] = at
            self.station.order.restore()
            return False
        return dated

    def take_register(self, evse: int, register: float, at: datetime) -> None:
        """Take up a register reading in Wh that came with another message."""
        if not self._counts_told(evse, ENERGY_REGISTER, register):
            return
        late = self._is_late(evse, at, dated=True)
        reading = MeterReading(register, at, utcnow())
        self._take_register(evse, ENERGY_REGISTER, reading, None, late=late)

    def _counts_told(self, evse: int, name: str, value: float) -> bool:
        """Return whether a register counts that came with a message, not in a stream.

        It does, and no stream does from then on: that can be of another meter. A zero may
        be of a meter that nobody reads.
        """
        streamed = self._sources.is_streamed(evse, name)
        if value > 0:
            self._sources.take_told(evse, name)
            if streamed:
                self._begin_register(evse, name, value)
        return value > 0 or not streamed

    def _begin_register(self, evse: int, name: str, value: float) -> None:
        """Have another meter count from now on."""
        exports = name == EXPORT_REGISTER
        self._counting(name).pop(evse, None)
        self.readings.get(evse, {}).pop(name, None)
        self.station.transactions.on_other_meter(evse, value, exports=exports)

    def _take_register(
        self,
        evse: int,
        name: str,
        reading: MeterReading,
        transaction: str | None,
        *,
        late: bool,
    ) -> None:
        # A queued one is not a register that went back.
        before = self.reading(evse, name)
        if late and self._is_overtaken(reading, before):
            return
        register = self._counting(name).setdefault(evse, Register())
        if not register.take(reading.value, reading.at, dated=reading.dated):
            return
        self._take_reading(evse, name, reading, late=late)
        sessions = self.station.transactions
        imports = name == ENERGY_REGISTER
        count = sessions.on_register if imports else sessions.on_export_register
        count(evse, reading.value, reading.at, transaction)
        self.station.remember_later()

    def _take_reading(
        self, evse: int, name: str, reading: MeterReading, *, late: bool
    ) -> None:
        readings = self.readings.setdefault(evse, {})
        before = readings.get(name)
        if before is None:
            self._see(evse, name)
        elif late and self._is_overtaken(reading, before):
            return
        readings[name] = reading
        if before is None or before.value != reading.value:
            self.station.changed(_part(evse, name))

    def _is_overtaken(self, reading: MeterReading, by: MeterReading | None) -> bool:
        return self.station.order.is_overtaken(reading, by, reading.received)

    def _see(self, evse: int, name: str) -> None:
        seen = self.seen.setdefault(evse, set())
        if name not in seen:
            seen.add(name)
            self.changed(Topic.STRUCTURE)
            self.station.remember()

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
        if found.key not in _REGISTERS:
            # Nothing is counted by the others, and nobody sees them.
            sets = sets[-1:]
        if sets and found.phase:
            known = {
                name: reading.value
                for name, reading in self.readings.get(evse, {}).items()
            }
            last = sets[-1]
            total = with_phase(known, found.measurand, found.key, last.values)
            sets[-1] = last._replace(values=last.values | total)
        if counted := self._counted(evse, place, sets):
            self._take_up(evse, counted, None, streamed=True)

    def _counted(
        self, evse: int, place: Place, sets: Iterable[SampleSet]
    ) -> list[SampleSet]:
        """Return samples without the registers that the EVSE is not counted by."""
        connector = self.station.transactions.connector(evse)
        open_now = self.station.event_streams.places
        found = []
        for it in sets:
            values = dict(it.values)
            for name in _REGISTERS & values.keys():
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

    def on_transaction_ended(self, evse: int, at: datetime) -> None:
        """Let nothing flow any more: many stations fall silent with the last value."""
        received = utcnow()
        self._newest[evse] = max(at, self._newest.get(evse, at))
        readings = self.readings.get(evse, {})
        for name, reading in readings.items():
            if reading.value and flows(name):
                readings[name] = MeterReading(0.0, max(at, reading.at), received)
                self.station.changed(_part(evse, name))

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
                self.readings.setdefault(evse, {})[name] = MeterReading(
                    value, moment, moment
                )

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


@lru_cache(maxsize=4096)
def _part(evse: int, name: str) -> Part:
    """Return the part that a reading is."""
    return Part(Topic.METER, evse, name)
