"""Cars that give energy back: what they may, and what they are told to do."""

from collections.abc import Iterator
from typing import Any, override

from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import UnitOfPower

from .charger import Charger
from .csms.blocks.v2x import DRIVEN
from .csms.commands.command import snake
from .csms.model import Part, Topic
from .entity import OcppEntity
from .exceptions import translated_errors
from .setting import ToldNumber

MODES = {mode: snake(mode) for mode in DRIVEN}

DISCHARGE_LIMIT = NumberEntityDescription(
    key="discharge_limit",
    translation_key="discharge_limit",
    device_class=NumberDeviceClass.POWER,
    native_unit_of_measurement=UnitOfPower.WATT,
    native_min_value=0,
    native_step=1,
    mode=NumberMode.BOX,
)
POWER_SETPOINT = NumberEntityDescription(
    key="power_setpoint",
    translation_key="power_setpoint",
    device_class=NumberDeviceClass.POWER,
    native_unit_of_measurement=UnitOfPower.WATT,
    native_step=1,
    mode=NumberMode.BOX,
)
OPERATION_MODE = SelectEntityDescription(
    key="operation_mode",
    translation_key="operation_mode",
    options=[*MODES.values()],
)
V2X_NUMBERS = (DISCHARGE_LIMIT, POWER_SETPOINT)
V2X_SELECTS = (OPERATION_MODE,)


def v2x_numbers(charger: Charger) -> Iterator[OcppEntity]:
    """Yield the powers of EVSEs that can discharge cars."""
    for evse in charger.station.evses:
        if charger.station.v2x.knows(evse):
            yield DischargeLimitNumber(charger, DISCHARGE_LIMIT, evse=evse)
            yield PowerSetpointNumber(charger, POWER_SETPOINT, evse=evse)


def v2x_selects(charger: Charger) -> Iterator[OcppEntity]:
    """Yield what such EVSEs do."""
    for evse in charger.station.evses:
        if charger.station.v2x.knows(evse):
            yield OperationModeSelect(charger, OPERATION_MODE, evse=evse)


class V2xEntity(OcppEntity):
    """Something that an EVSE is told about energy in both directions."""

    def __init__(self, charger: Charger, description: Any, *, evse: int) -> None:
        """Watch what is told, and whether a session runs."""
        super().__init__(
            charger,
            description,
            evse=evse,
            watched=(
                Topic.TRANSACTION,
                Part(Topic.LIMIT, evse, "v2x"),
                Part(Topic.INFO),
            ),
        )

    @property
    def _runs(self) -> bool:
        return self.station.transactions.running(self.evse) is not None


class DischargeLimitNumber(V2xEntity, ToldNumber):
    """The most that a car may give, now and in the sessions to come."""

    @override
    def _present(self) -> tuple[float, float]:
        v2x = self.station.v2x
        self._attr_native_max_value = v2x.most
        self._attr_native_value = v2x.discharge_limit(self.evse)
        return self._attr_native_value, v2x.most

    @override
    async def _tell(self, value: float) -> None:
        await self.station.v2x.set_discharge_limit(self.evse, value)


class PowerSetpointNumber(V2xEntity, ToldNumber):
    """The power that the car of a session takes, or gives where it is negative."""

    @property
    @override
    def available(self) -> bool:
        """Return whether a session runs."""
        return super().available and self._runs

    @override
    def _present(self) -> tuple[float | None, float, bool]:
        most = self.station.v2x.most
        self._attr_native_min_value, self._attr_native_max_value = -most, most
        self._attr_native_value = self.station.v2x.flow(self.evse).setpoint
        return self._attr_native_value, most, self._runs

    @override
    async def _tell(self, value: float) -> None:
        await self.station.v2x.set_setpoint(self.evse, value)


class OperationModeSelect(V2xEntity, SelectEntity):
    """Who decides what the car of a session takes and gives."""

    def __init__(
        self, charger: Charger, description: SelectEntityDescription, *, evse: int
    ) -> None:
        """Offer what the charger can do."""
        super().__init__(charger, description, evse=evse)
        self._attr_options = [MODES[mode] for mode in self.station.v2x.modes(evse)]

    @property
    @override
    def available(self) -> bool:
        """Return whether a session runs."""
        return super().available and self._runs

    @override
    def _present(self) -> tuple[str | None, list[str], bool]:
        v2x = self.station.v2x
        self._attr_options = [MODES[mode] for mode in v2x.modes(self.evse)]
        mode = MODES.get(v2x.flow(self.evse).mode)
        # One that only a profile of people's own asks for is none of these.
        self._attr_current_option = mode if mode in self._attr_options else None
        return self._attr_current_option, self._attr_options, self._runs

    @override
    async def async_select_option(self, option: str) -> None:
        """Have the session do something else."""
        mode = next(mode for mode, slug in MODES.items() if slug == option)
        with translated_errors(self.charger.name):
            await self.station.v2x.set_mode(self.evse, mode)
        self.station.flush()
