"""Settings of a charger as entities, however its version spells them: keys, or variables."""

from typing import Any, Protocol, override

from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.components.number import NumberEntity
from homeassistant.components.select import SelectEntity
from homeassistant.components.sensor import SensorEntity
from homeassistant.components.switch import SwitchEntity
from homeassistant.components.text import TextEntity
from homeassistant.helpers.entity import EntityDescription

from .charger import Charger
from .csms.model import Part
from .csms.variables import as_number
from .entity import OcppEntity
from .exceptions import translated_errors

ATTR_REBOOT_REQUIRED = "reboot_required"
_ON = frozenset({"true", "1", "on", "yes"})
_OFF = frozenset({"false", "0", "off", "no"})
# In characters: no state may have more.
LONGEST_STATE = 255


class Setting(Protocol):
    """Something that a charger is set to."""

    # What is told to have changed with it.
    part: Part
    evse: int

    @property
    def value(self) -> str | None:
        """Return what it is; None where that is not known."""

    @property
    def waits(self) -> bool:
        """Return whether it only holds once the charger restarted."""

    async def write(self, value: str) -> None:
        """Set it; raises any `OcppError`."""


class SettingEntity(OcppEntity):
    """A setting, as the charger has it."""

    def __init__(
        self, charger: Charger, description: EntityDescription, setting: Setting
    ) -> None:
        """Watch one setting."""
        super().__init__(
            charger, description, evse=setting.evse, watched=(setting.part,)
        )
        self._setting = setting

    def _take(self, value: str | None) -> Any:
        """Take the value into the entity's attributes and return it."""
        raise NotImplementedError

    @override
    def _present(self) -> Any:
        waits = self._setting.waits
        self._attr_extra_state_attributes = {ATTR_REBOOT_REQUIRED: waits}
        return self._take(self._setting.value), waits

    async def _write(self, value: str) -> None:
        with translated_errors(self.charger.name):
            await self._setting.write(value)
        self.station.flush()


class ToldNumber(OcppEntity, NumberEntity):
    """A number that a charger is told, by whatever command."""

    async def _tell(self, value: float) -> None:
        """Tell the charger; raises any `OcppError`."""
        raise NotImplementedError

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Tell the charger, and show what came of it."""
        with translated_errors(self.charger.name):
            await self._tell(value)
        self.station.flush()


class SettingNumber(SettingEntity, NumberEntity):
    """A number that people may set."""

    @override
    def _take(self, value: str | None) -> Any:
        self._attr_native_value = _number(value)
        return self._attr_native_value

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set the number; charging stations take whole ones without a decimal point."""
        await self._write(str(round(value)) if value.is_integer() else f"{value:.9g}")


class SettingWholeNumber(SettingNumber):
    """A whole number that people may set."""

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set the number."""
        await self._write(str(round(value)))


class SettingSwitch(SettingEntity, SwitchEntity):
    """What people may switch."""

    @override
    def _take(self, value: str | None) -> Any:
        self._attr_is_on = _flag(value)
        return self._attr_is_on

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Set it to true."""
        await self._write("true")

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Set it to false."""
        await self._write("false")


class SettingSelect(SettingEntity, SelectEntity):
    """One of a few words, as the charger spells them."""

    @override
    def _take(self, value: str | None) -> Any:
        said = (value or "").casefold()
        self._attr_current_option = next(
            (option for option in self.options if option.casefold() == said), None
        )
        return self._attr_current_option

    @override
    async def async_select_option(self, option: str) -> None:
        """Set the word."""
        await self._write(option)


class SettingText(SettingEntity, TextEntity):
    """A text that people may set."""

    @override
    def _take(self, value: str | None) -> Any:
        # The charger may have a longer one than it takes.
        fits = value is not None and len(value) <= self.max
        self._attr_native_value = value if fits else None
        return value

    @override
    async def async_set_value(self, value: str) -> None:
        """Set the text."""
        await self._write(value)


class SettingSensor(SettingEntity, SensorEntity):
    """What only the charger sets: a number where it has a unit, else any text."""

    numeric = True

    @override
    def _take(self, value: str | None) -> Any:
        if self.numeric:
            self._attr_native_value = _number(value)
        else:
            fits = value is not None and len(value) <= LONGEST_STATE
            self._attr_native_value = value if fits else None
        return self._attr_native_value


class SettingTextSensor(SettingSensor):
    """A text that only the charger sets."""

    numeric = False


class SettingBinarySensor(SettingEntity, BinarySensorEntity):
    """What only the charger switches."""

    @override
    def _take(self, value: str | None) -> Any:
        self._attr_is_on = _flag(value)
        return self._attr_is_on


def _number(value: str | None) -> int | float | None:
    """Return a number, or None where the charger has something else there."""
    number = as_number(value)
    if number is None:
        return None
    return int(number) if number.is_integer() else number


def _flag(value: str | None) -> bool | None:
    """Return whether something is on, or None where the charger has neither there."""
    word = (value or "").strip().casefold()
    return True if word in _ON else False if word in _OFF else None
