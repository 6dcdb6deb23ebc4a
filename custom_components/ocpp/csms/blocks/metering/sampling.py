"""Having a station sample what people look at, often enough, however its version spells it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ...errors import CommandFailed, CommandRejected, NotSupported
from ...variables import READ_ONLY, Place, as_flag, as_number
from ...versions import V16
from .spelling import ENERGY_REGISTER, EXPORT_REGISTER

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

# What a charger is asked to sample, the most wanted first: the end is left out when it
# takes fewer. Energy, power and current are what every use of a charger needs.
WANTED = (
    ENERGY_REGISTER,
    "Power.Active.Import",
    "Current.Import",
    "Voltage",
    "SoC",
    "Current.Offered",
    "Power.Offered",
    "Temperature",
)
# What a station that takes energy back out of cars is asked for as well.
_EXPORTED = (EXPORT_REGISTER, "Power.Active.Export")
# What a session can't be counted without, at its start and its end (2.x).
_AT_THE_ENDS = (ENERGY_REGISTER,)
# In seconds: how often a charging station is asked to sample.
SAMPLE_INTERVAL = 10
_OFTEN_ENOUGH = 30
_DAY = 86_400
_SAMPLED = "SampledDataCtrlr"


class Setting(Protocol):
    """Something about its samples that a station can be told."""

    name: str

    @property
    def value(self) -> str | None:
        """Return what it is; None where the station has no such thing."""

    @property
    def writable(self) -> bool:
        """Return whether it may be set, as far as is known."""

    def fitting(self, measurands: Sequence[str]) -> list[str]:
        """Return of the measurands, the most wanted first, what can be in the list."""

    async def write(self, value: str) -> bool:
        """Set it. Raises `CommandRejected`, `CommandFailed` or `NotSupported`."""

    async def read(self) -> str | None:
        """Ask the station for it."""


class _Key:
    """A configuration key of 1.6."""

    def __init__(self, station: ChargingStation, name: str) -> None:
        self.name = name
        self._provisioning = station.provisioning

    @property
    def value(self) -> str | None:
        return self._provisioning.value(self.name)

    @property
    def writable(self) -> bool:
        known = self._provisioning.keys.get(self.name)
        return known is not None and not known.readonly

    def fitting(self, measurands: Sequence[str]) -> list[str]:
        longest = f"{self.name}MaxLength"
        most = self._provisioning.number(longest, 50, at_most=1000)
        return list(measurands[: most or None])

    async def write(self, value: str) -> bool:
        return await self._provisioning.write(self.name, value)

    async def read(self) -> str | None:
        return await self._provisioning.read(self.name)


class _Variable:
    """A variable of 2.x."""

    def __init__(self, station: ChargingStation, name: str) -> None:
        self.name = name
        self._model = station.device_model
        self._place = Place(_SAMPLED, name)

    @property
    def value(self) -> str | None:
        return self._model.value(*self._place[:2])

    @property
    def writable(self) -> bool:
        known = self._model.find(self._place)
        return known is not None and known.actual.mutability != READ_ONLY

    def fitting(self, measurands: Sequence[str]) -> list[str]:
        known = self._model.find(self._place)
        told = known.characteristics if known is not None else None
        found = list(measurands)
        if told is not None and told.values:
            taken = {word.casefold() for word in told.values}
            found = [word for word in found if word.casefold() in taken]
        longest = told.maximum if told is not None else None
        while longest and found and len(",".join(found)) > longest:
            found.pop()
        return found

    async def write(self, value: str) -> bool:
        return await self._model.set(self._place, value)

    async def read(self) -> str | None:
        return await self._model.read(*self._place[:2])


class Sampling:
    """What a station is asked to sample, and what it settled on."""

    def __init__(self, station: ChargingStation) -> None:
        """Belong to a station."""
        self._station = station
        # By the name of the list: what the station settled on when it was asked for ours,
        # and how its model had us choose that.
        self._settled: dict[str, tuple[str | None, str]] = {}

    async def prepare(self) -> None:
        """Have the station sample what people look at, often enough."""
        if self._station.version is V16:
            station = self._station
            await self._choose_measurands(_Key(station, "MeterValuesSampledData"))
        else:
            await self._choose_of_2()
        await self._choose_interval()

    async def review(self) -> None:
        """Choose anew where the station turns out to take energy back out of cars."""
        if self._discharges():
            await self._choose_of_2()

    async def _choose_of_2(self) -> None:
        enabled = self._setting("Enabled")
        if as_flag(enabled.value) is False and enabled.writable:
            await _try(enabled, "true")
        exported = _EXPORTED if self._discharges() else ()
        at_the_ends = (*_AT_THE_ENDS, *exported[:1])
        for name in ("TxStartedMeasurands", "TxEndedMeasurands"):
            await self._choose_measurands(self._setting(name), at_the_ends)
        wanted = (*WANTED, *exported)
        await self._choose_measurands(self._setting("TxUpdatedMeasurands"), wanted)

    def _discharges(self) -> bool:
        """Return whether the station says that it can, on any of its EVSEs."""
        station = self._station
        return station.version is not V16 and any(
            station.device_model.flag("V2XChargingCtrlr", name, evse=evse)
            for name in ("Enabled", "Available")
            for evse in (0, *station.evses)
        )

    def _setting(self, name: str) -> Setting:
        return _Variable(self._station, name)

    @property
    def _interval(self) -> Setting:
        """Return what says how often a running session is sampled."""
        if self._station.version is V16:
            return _Key(self._station, "MeterValueSampleInterval")
        return self._setting("TxUpdatedInterval")

    def interval(self) -> int:
        """Return the number of seconds between two samples."""
        told = _seconds(self._interval.value)
        treated = self._station.compatibility
        return max(told or SAMPLE_INTERVAL, treated.sample_interval)

    async def _choose_measurands(
        self, listed: Setting, wanted: Sequence[str] = WANTED
    ) -> None:
        """Write the best list of measurands the station takes, if it has a worse one."""
        known = listed.value
        if known is None or not listed.writable:
            return
        best = self._best(known, wanted)
        settled = self._settled.get(listed.name)
        if best is None or (known, self._wish()) == settled:
            return
        best = listed.fitting(best)
        while best:
            value = ",".join(best)
            try:
                await listed.write(value)
            except NotSupported:
                return
            except (CommandRejected, CommandFailed) as error:
                if (
                    isinstance(error, CommandRejected)
                    and error.status == "NotSupported"
                ):
                    # 1.6: there is no such key.
                    return
                best.pop()
            else:
                # Read back: some keep less than they accept, and would be asked for the
                # rest again at each boot.
                self._settled[listed.name] = await listed.read(), self._wish()
                self._station.remember()
                return

    def _best(self, listed: str, wanted: Sequence[str]) -> list[str] | None:
        """Return what a station should sample, or None where what it lists is as good."""
        treated = self._station.compatibility
        present = [
            word.strip(" '\"") for word in listed.split(",") if word.strip(" '\"")
        ]
        if treated.measurands and set(WANTED) <= set(wanted):
            best = list(treated.measurands)
            return None if present == best else best
        unwanted = tuple(name.casefold() for name in treated.not_sampled)
        # A phase may be appended, as in "Voltage.L1-N".
        kept = [word for word in present if not _is_one_of(word.casefold(), unwanted)]
        missing = [
            name
            for name in wanted
            if name not in treated.not_sampled
            and not any(
                _is_one_of(word.casefold(), (name.casefold(),)) for word in kept
            )
        ]
        if not missing and kept == present:
            return None
        return _in_order([*kept, *missing])

    def _wish(self) -> str:
        """Return what the model asks for, or against, in the list of measurands."""
        treated = self._station.compatibility
        against = (f"-{name}" for name in sorted(treated.not_sampled))
        export = ("+export",) if self._discharges() else ()
        return ",".join((*treated.measurands, *against, *export))

    async def _choose_interval(self) -> None:
        setting = self._interval
        least = self._station.compatibility.sample_interval
        present = _seconds(setting.value)
        if present is None or (max(1, least) <= present <= max(_OFTEN_ENOUGH, least)):
            return
        await _try(setting, str(max(SAMPLE_INTERVAL, least)))

    # --- memory -------------------------------------------------------------------------

    def recall(self, facts: Any) -> None:
        """Take up what the station settled on."""
        if isinstance(facts, dict):
            self._settled = {
                name: (value, wish) for name, (value, wish) in facts.items()
            }

    def facts(self) -> dict[str, Any]:
        """Keep what the station settled on."""
        return {name: list(settled) for name, settled in self._settled.items()}


async def _try(setting: Setting, value: str) -> None:
    """Set something that a station may refuse."""
    try:
        await setting.write(value)
    except CommandRejected, CommandFailed, NotSupported:
        return


def _seconds(value: str | None) -> int | None:
    number = as_number(value)
    return int(number) if number is not None and 0 <= number <= _DAY else None


def _is_one_of(word: str, names: tuple[str, ...]) -> bool:
    """Return whether a listed word is of one of these measurands, all in small letters."""
    return any(word == name or word.startswith(f"{name}.") for name in names)


def _in_order(names: list[str]) -> list[str]:
    """Put the most wanted measurands first, and what the station had beside them last."""
    rank = {name.casefold(): place for place, name in enumerate(WANTED)}
    return sorted(names, key=lambda name: rank.get(name.casefold(), len(rank)))
