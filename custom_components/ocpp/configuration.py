"""Configuration keys as entities: only those that a charger has, and can be asked to change.

What it lets nobody change is shown without a way to change it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from homeassistant.components.binary_sensor import BinarySensorEntityDescription
from homeassistant.components.number import NumberEntityDescription, NumberMode
from homeassistant.components.sensor import SensorEntityDescription
from homeassistant.components.switch import SwitchEntityDescription
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfEnergy, UnitOfTime

from .charger import Charger
from .csms.model import Part, Topic
from .entity import OcppEntity
from .setting import (
    SettingBinarySensor,
    SettingSensor,
    SettingSwitch,
    SettingWholeNumber,
)

_DAY = 86_400


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


class KeySetting:
    """A configuration key of 1.6."""

    evse = 0

    def __init__(self, charger: Charger, key: str) -> None:
        """Mean one key of a charger."""
        self.part = Part(Topic.CONFIGURATION, key=key)
        self._provisioning = charger.station.provisioning
        self._key = key

    @property
    def value(self) -> str | None:
        """Return what the charger has there."""
        return self._provisioning.value(self._key)

    @property
    def waits(self) -> bool:
        """Return whether it only holds once the charger restarted."""
        return self._key in self._provisioning.after_reboot

    async def write(self, value: str) -> None:
        """Set the key."""
        await self._provisioning.write(self._key, value)


def key_numbers(charger: Charger) -> Iterator[OcppEntity]:
    """Yield the numbers that can be set in a charger."""
    for description in KEY_NUMBERS:
        if setting := _setting(charger, description.configuration_key, readonly=False):
            yield SettingWholeNumber(charger, description, setting)


def key_sensors(charger: Charger) -> Iterator[OcppEntity]:
    """Yield the numbers that a charger lets nobody change."""
    for description in KEY_SENSORS:
        if setting := _setting(charger, description.configuration_key, readonly=True):
            yield SettingSensor(charger, description, setting)


def key_switches(charger: Charger) -> Iterator[OcppEntity]:
    """Yield what can be switched in a charger."""
    for description in KEY_SWITCHES:
        if setting := _setting(charger, description.configuration_key, readonly=False):
            yield SettingSwitch(charger, description, setting)


def key_binary_sensors(charger: Charger) -> Iterator[OcppEntity]:
    """Yield what is on or off in a charger and can't be switched."""
    for description in KEY_BINARY_SENSORS:
        if setting := _setting(charger, description.configuration_key, readonly=True):
            yield SettingBinarySensor(charger, description, setting)


def _setting(charger: Charger, key: str, *, readonly: bool) -> KeySetting | None:
    """Return a key that the charger has, where it is one of this kind."""
    known = charger.station.provisioning.keys.get(key)
    if known is None or known.readonly is not readonly:
        return None
    return KeySetting(charger, key)
