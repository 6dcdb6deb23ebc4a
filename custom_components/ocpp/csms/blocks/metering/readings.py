"""The newest reading of every measurand and phase, and the registers sessions are counted by."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from ...model import MeterReading, Part, Sampled, SampleSet, Topic, utcnow
from ..block import Block
from .register import Register
from .samples import flows
from .sources import Sources
from .spelling import ENERGY_REGISTER, EXPORT_REGISTER

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

# The registers: what is counted up, and what sessions are counted by.
REGISTERS = frozenset({ENERGY_REGISTER, EXPORT_REGISTER})


class Readings(Block):
    """What the meters of a station read last."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with no readings."""
        super().__init__(station)
        # By EVSE and key: the newest values, in canonical units, and when each was sampled.
        self.values: dict[int, dict[str, float]] = {}
        self._sampled: dict[int, dict[str, Sampled]] = {}
        # Every measurand and phase an EVSE was ever seen to report, as keys.
        self.seen: dict[int, set[str]] = {}
        self._registers: dict[int, Register] = {}
        # What flowed back out of cars, where a meter counts that.
        self._exports: dict[int, Register] = {}
        # Which meter the registers are of, where there are several.
        self._sources = Sources()
        # The newest moment that each EVSE dated anything at.
        self._newest: dict[int, datetime] = {}

    def values_of(self, evse: int) -> dict[str, float]:
        """Return the newest values of an EVSE by key: now, and whenever one looks again."""
        return self.values.setdefault(evse, {})

    def value(self, evse: int, name: str) -> float | None:
        """Return the newest value of a key, in the canonical unit."""
        return self.values.get(evse, {}).get(name)

    def reading(self, evse: int, name: str) -> MeterReading | None:
        """Return that value, and when it was sampled."""
        if (value := self.value(evse, name)) is None:
            return None
        return MeterReading(value, *self._sampled[evse][name])

    def register(self, evse: int) -> float | None:
        """Return the energy register of an EVSE in Wh."""
        known = self._registers.get(evse)
        return known.value if known is not None else None

    def _counting(self, name: str) -> dict[int, Register]:
        return self._registers if name == ENERGY_REGISTER else self._exports

    def power(self, evse: int) -> float | None:
        """Return the power that an EVSE draws, in W."""
        return self.value(evse, "Power.Active.Import")

    def voltage(self, evse: int) -> float | None:
        """Return the measured voltage of a phase in V, where one can be believed."""
        volts = self.value(evse, "Voltage")
        return volts if volts is not None and 90 <= volts <= 300 else None

    def _take_up(
        self,
        evse: int,
        sets: Iterable[SampleSet],
        transaction: str | None,
        received: datetime,
        *,
        streamed: bool = False,
    ) -> None:
        self.station.add_evse(evse)
        over = self.station.transactions.is_over(transaction)
        for at, values, dated in sets:
            known, times = self._known(evse)
            late = self._is_late(evse, at, dated=dated)
            sampled = Sampled(at, received, dated)
            for name, value in values.items():
                if name in REGISTERS:
                    if streamed or self._counts_told(evse, name, value):
                        self._take_register(
                            evse, name, value, sampled, transaction, late=late
                        )
                elif late or over or (before := known.get(name)) is None:
                    if not (over and flows(name)):
                        self._take_value(evse, name, value, sampled, late=late)
                else:
                    # The usual case, in place: there are a dozen in each message.
                    times[name] = sampled
                    if before != value:
                        known[name] = value
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
        sampled = Sampled(at, utcnow())
        self._take_register(evse, ENERGY_REGISTER, register, sampled, None, late=late)

    def _counts_told(self, evse: int, name: str, value: float) -> bool:
        """Return whether a register counts that came with a message, not in a stream.

        It does, and no stream does from then on: that can be of another meter. A zero may
        be of a meter that nobody reads.
        """
        if value > 0 and self._sources.is_told(evse, name):
            return True
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
        for known in self._known(evse):
            known.pop(name, None)
        self.station.transactions.on_other_meter(evse, value, exports=exports)

    def _take_register(
        self,
        evse: int,
        name: str,
        value: float,
        sampled: Sampled,
        transaction: str | None,
        *,
        late: bool,
    ) -> None:
        # A queued one is not a register that went back.
        if late and self._is_overtaken(evse, name, sampled):
            return
        counting = self._counting(name)
        if (register := counting.get(evse)) is None:
            register = counting[evse] = Register()
        if not register.take(value, sampled.at, dated=sampled.dated):
            return
        self._take_value(evse, name, value, sampled, late=late)
        sessions = self.station.transactions
        imports = name == ENERGY_REGISTER
        count = sessions.on_register if imports else sessions.on_export_register
        count(evse, value, sampled.at, transaction)
        self.station.remember_later()

    def _take_value(
        self, evse: int, name: str, value: float, sampled: Sampled, *, late: bool
    ) -> None:
        known, times = self._known(evse)
        before = known.get(name)
        if before is None:
            self._see(evse, name)
        elif late and self._is_overtaken(evse, name, sampled):
            return
        known[name], times[name] = value, sampled
        if before != value:
            self.station.changed(_part(evse, name))

    def _known(self, evse: int) -> tuple[dict[str, float], dict[str, Sampled]]:
        """Return the newest values of an EVSE and their times, to be taken further."""
        return self.values_of(evse), self._sampled.setdefault(evse, {})

    def _is_overtaken(self, evse: int, name: str, sampled: Sampled) -> bool:
        by = self._sampled.get(evse, {}).get(name)
        return self.station.order.is_overtaken(sampled, by, sampled.received)

    def _see(self, evse: int, name: str) -> None:
        seen = self.seen.setdefault(evse, set())
        if name not in seen:
            seen.add(name)
            self.changed(Topic.STRUCTURE)
            self.station.remember()

    def on_transaction_ended(self, evse: int, at: datetime) -> None:
        """Let nothing flow any more: many stations fall silent with the last value."""
        received = utcnow()
        self._newest[evse] = max(at, self._newest.get(evse, at))
        known, times = self.values.get(evse, {}), self._sampled.get(evse, {})
        for name, value in known.items():
            if value and flows(name):
                known[name] = 0.0
                times[name] = Sampled(max(at, times[name].at), received)
                self.station.changed(_part(evse, name))


@lru_cache(maxsize=4096)
def _part(evse: int, name: str) -> Part:
    """Return the part that a reading is."""
    return Part(Topic.METER, evse, name)
