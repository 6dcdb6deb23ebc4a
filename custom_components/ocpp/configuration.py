"""Configuration keys as entities: only those that a charger has, and can be asked to change.

What it lets nobody change is shown without a way to change it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.binary_sensor import (
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.components.number import (
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.components.sensor import SensorEntity, SensorEntityDescription
from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfEnergy, UnitOfTime
from homeassistant.helpers.entity import EntityDescription

from .csms.blocks.provisioning import ConfigurationKey
from .csms.model import Part, Topic
from .entity import OcppEntity
from .exceptions import translated_errors
from .hub import Charger

ATTR_REBOOT_REQUIRED = "reboot_required"
_DAY = 86_400
_ON = frozenset({"true", "1", "on", "yes"})
_OFF = frozenset({"false", "0", "off", "no"})


@dataclass(frozen=True, kw_only=True)
class KeyNumberDescription(NumberEntityDescription):
    """A configuration key that is a whole number."""

    configuration_key: str


@dataclass(frozen=True, kw_only=True)
class KeySensorDescription(SensorEntityDescription):
    """Such a key that nobody can change."""

    configuration_key: str


@dataclass(frozen=True, kw_only=True)
class KeySwitchDescription(SwitchEntityDescription):
    """A configuration key that is true or false."""

    configuration_key: str


@dataclass(frozen=True, kw_only=True)
class KeyBinarySensorDescription(BinarySensorEntityDescription):
    """Such a key that nobody can change."""

    configuration_key: str


# Key, its name here, unit, smallest and largest value.
_NUMBERS: tuple[tuple[str, str, str | None, int, int], ...] = (
    ("BlinkRepeat", "blink_repeat", None, 0, 1000),
    ("ClockAlignedDataInterval", "clock_aligned_data_interval", "s", 0, _DAY),
    ("ConnectionTimeOut", "connection_time_out", "s", 0, _DAY),
    ("HeartbeatInterval", "heartbeat_interval", "s", 0, _DAY),
    ("LightIntensity", "light_intensity", PERCENTAGE, 0, 100),
    ("MaxEnergyOnInvalidId", "max_energy_on_invalid_id", "Wh", 0, 1_000_000),
    ("MeterValueSampleInterval", "meter_value_sample_interval", "s", 0, _DAY),
    ("MinimumStatusDuration", "minimum_status_duration", "s", 0, _DAY),
    ("ResetRetries", "reset_retries", None, 0, 1000),
    ("TransactionMessageAttempts", "transaction_message_attempts", None, 0, 1000),
    (
        "TransactionMessageRetryInterval",
        "transaction_message_retry_interval",
        "s",
        0,
        _DAY,
    ),
    ("WebSocketPingInterval", "web_socket_ping_interval", "s", 0, _DAY),
)
_UNITS = {"s": UnitOfTime.SECONDS, "Wh": UnitOfEnergy.WATT_HOUR}
_SWITCHES = {
    "AllowOfflineTxForUnknownId": "allow_offline_tx_for_unknown_id",
    "AuthorizationCacheEnabled": "authorization_cache_enabled",
    "AuthorizeRemoteTxRequests": "authorize_remote_tx_requests",
    "LocalAuthListEnabled": "local_auth_list_enabled",
    "LocalAuthorizeOffline": "local_authorize_offline",
    "LocalPreAuthorize": "local_pre_authorize",
    "StopTransactionOnEVSideDisconnect": "stop_transaction_on_ev_side_disconnect",
    "StopTransactionOnInvalidId": "stop_transaction_on_invalid_id",
    "UnlockConnectorOnEVSideDisconnect": "unlock_connector_on_ev_side_disconnect",
}

KEY_NUMBERS = tuple(
    KeyNumberDescription(
        key=name,
        translation_key=name,
        configuration_key=key,
        entity_category=EntityCategory.CONFIG,
        entity_registry_enabled_default=False,
        native_unit_of_measurement=_UNITS.get(unit, unit) if unit else None,
        native_min_value=smallest,
        native_max_value=largest,
        native_step=1,
        mode=NumberMode.BOX,
    )
    for key, name, unit, smallest, largest in _NUMBERS
)
KEY_SENSORS = tuple(
    KeySensorDescription(
        key=one.key,
        translation_key=one.key,
        configuration_key=one.configuration_key,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        native_unit_of_measurement=one.native_unit_of_measurement,
    )
    for one in KEY_NUMBERS
)
KEY_SWITCHES = tuple(
    KeySwitchDescription(
        key=name,
        translation_key=name,
        configuration_key=key,
        entity_category=EntityCategory.CONFIG,
        entity_registry_enabled_default=False,
    )
    for key, name in _SWITCHES.items()
)
KEY_BINARY_SENSORS = tuple(
    KeyBinarySensorDescription(
        key=one.key,
        translation_key=one.key,
        configuration_key=one.configuration_key,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
    )
    for one in KEY_SWITCHES
)


def key_numbers(charger: Charger) -> Iterator[OcppEntity]:
    """Yield the numbers that can be set in a charger."""
    for description in KEY_NUMBERS:
        if _is_there(charger, description.configuration_key, readonly=False):
            yield KeyNumber(charger, description, description.configuration_key)


def key_sensors(charger: Charger) -> Iterator[OcppEntity]:
    """Yield the numbers that a charger lets nobody change."""
    for description in KEY_SENSORS:
        if _is_there(charger, description.configuration_key, readonly=True):
            yield KeySensor(charger, description, description.configuration_key)


def key_switches(charger: Charger) -> Iterator[OcppEntity]:
    """Yield what can be switched in a charger."""
    for description in KEY_SWITCHES:
        if _is_there(charger, description.configuration_key, readonly=False):
            yield KeySwitch(charger, description, description.configuration_key)


def key_binary_sensors(charger: Charger) -> Iterator[OcppEntity]:
    """Yield what is on or off in a charger and can't be switched."""
    for description in KEY_BINARY_SENSORS:
        if _is_there(charger, description.configuration_key, readonly=True):
            yield KeyBinarySensor(charger, description, description.configuration_key)


def _is_there(charger: Charger, key: str, *, readonly: bool) -> bool:
    known = charger.station.provisioning.keys.get(key)
    return known is not None and known.readonly is readonly


class KeyEntity(OcppEntity):
    """A configuration key, as the charger has it."""

    def __init__(
        self, charger: Charger, description: EntityDescription, configuration_key: str
    ) -> None:
        """Watch one key."""
        super().__init__(
            charger,
            description,
            watched=(Part(Topic.CONFIGURATION, key=configuration_key),),
        )
        self._key = configuration_key

    def _take(self, known: ConfigurationKey | None) -> Any:
        """Take the value into the entity's attributes and return it."""
        raise NotImplementedError

    @override
    def _present(self) -> Any:
        provisioning = self.station.provisioning
        waits = self._key in provisioning.after_reboot
        self._attr_extra_state_attributes = {ATTR_REBOOT_REQUIRED: waits}
        return self._take(provisioning.keys.get(self._key)), waits

    async def _write(self, value: str) -> None:
        with translated_errors(self.charger.name):
            await self.station.provisioning.write(self._key, value)
        self.station.flush()


class KeyNumber(KeyEntity, NumberEntity):
    """A whole number that people may set."""

    @override
    def _take(self, known: ConfigurationKey | None) -> Any:
        self._attr_native_value = _number(known)
        return self._attr_native_value

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set the key."""
        await self._write(str(round(value)))


class KeySensor(KeyEntity, SensorEntity):
    """A number that only the charger sets."""

    @override
    def _take(self, known: ConfigurationKey | None) -> Any:
        self._attr_native_value = _number(known)
        return self._attr_native_value


class KeySwitch(KeyEntity, SwitchEntity):
    """What people may switch."""

    @override
    def _take(self, known: ConfigurationKey | None) -> Any:
        self._attr_is_on = _truth(known)
        return self._attr_is_on

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Set the key to true."""
        await self._write("true")

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Set the key to false."""
        await self._write("false")


class KeyBinarySensor(KeyEntity, BinarySensorEntity):
    """What only the charger switches."""

    @override
    def _take(self, known: ConfigurationKey | None) -> Any:
        self._attr_is_on = _truth(known)
        return self._attr_is_on


def _number(known: ConfigurationKey | None) -> int | None:
    """Return a whole number, or None where the charger has something else there."""
    try:
        return int(float(known.value)) if known is not None else None
    except ValueError, OverflowError:
        return None


def _truth(known: ConfigurationKey | None) -> bool | None:
    word = known.value.strip().casefold() if known is not None else ""
    return True if word in _ON else False if word in _OFF else None
