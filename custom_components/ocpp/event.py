"""Events: what happens at a charger and its EVSEs, for automations to follow."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.json import json_dumps

from .battery import BATTERY_SWAP_TYPES, battery_swap
from .charger import Charger
from .csms.charging_station import ChargingStation
from .csms.commands.command import fold
from .csms.events import (
    CardPresented,
    DataReceived,
    Event,
    SecurityReported,
    SessionEnded,
    SessionStarted,
)
from .csms.happenings import BatterySwapped, GridAlarm
from .csms.variables import VariableMonitored
from .der import GRID_ALARM_TYPES, grid_alarm
from .entity import OcppEntity
from .hub import OcppConfigEntry
from .sessions import amount, card_of, duration_of, kwh

# Nothing is polled.
PARALLEL_UPDATES = 0

# An event's type and what else it tells.
type Told = tuple[str, dict[str, Any]]

# The security events of all versions. 1.6 has names of its own for five of them.
SECURITY_EVENTS = {
    "FirmwareUpdated": "firmware_updated",
    "FailedToAuthenticateAtCsms": "failed_to_authenticate_at_csms",
    "FailedToAuthenticateAtCentralSystem": "failed_to_authenticate_at_csms",
    "CsmsFailedToAuthenticate": "csms_failed_to_authenticate",
    "CentralSystemFailedToAuthenticate": "csms_failed_to_authenticate",
    "SettingSystemTime": "setting_system_time",
    "StartupOfTheDevice": "startup_of_the_device",
    "ResetOrReboot": "reset_or_reboot",
    "SecurityLogWasCleared": "security_log_was_cleared",
    "ReconfigurationOfSecurityParameters": "reconfiguration_of_security_parameters",
    "MemoryExhaustion": "memory_exhaustion",
    "InvalidMessages": "invalid_messages",
    "AttemptedReplayAttacks": "attempted_replay_attacks",
    "TamperDetectionActivated": "tamper_detection_activated",
    "InvalidFirmwareSignature": "invalid_firmware_signature",
    "InvalidFirmwareSigningCertificate": "invalid_firmware_signing_certificate",
    "InvalidCsmsCertificate": "invalid_csms_certificate",
    "InvalidCentralSystemCertificate": "invalid_csms_certificate",
    "InvalidChargingStationCertificate": "invalid_charging_station_certificate",
    "InvalidChargePointCertificate": "invalid_charging_station_certificate",
    "InvalidTlsVersion": "invalid_tls_version",
    "InvalidTlsCipherSuite": "invalid_tls_cipher_suite",
    "MaintenanceLoginAccepted": "maintenance_login_accepted",
    "MaintenanceLoginFailed": "maintenance_login_failed",
}
_SECURITY_EVENTS_FOLDED = {fold(name): slug for name, slug in SECURITY_EVENTS.items()}
OTHER_SECURITY_EVENT = "other"
# What goes into the database of the recorder with each event.
_LONGEST_DATA = 1000


@dataclass(frozen=True, kw_only=True)
class OcppEventDescription(EventEntityDescription):
    """A kind of events of a station or EVSE. `read_fn` says nothing where it is of another kind."""

    read_fn: Callable[[ChargingStation, int, Event], Told | None]


def _session(station: ChargingStation, evse: int, event: Event) -> Told | None:
    if not isinstance(event, (SessionStarted, SessionEnded)):
        return None
    session = event.transaction
    if session.evse != evse:
        return None
    told: dict[str, Any] = {
        "session": session.number,
        "card": card_of(station.shared.id_tokens, session),
    }
    if isinstance(event, SessionStarted):
        return "started", told
    if event.known:
        # It was told when it was guessed.
        return None
    told |= {
        "energy": kwh(session.energy),
        "duration": duration_of(session),
        "cost": amount(session.cost),
        "currency": session.currency,
        "cost_complete": session.cost_complete,
        "stop_reason": session.stop_reason,
    }
    return "interrupted" if event.interrupted else "ended", told


def _card(station: ChargingStation, evse: int, event: Event) -> Told | None:
    # Where a charger does not say which EVSE a card is for, it is for any.
    if not isinstance(event, CardPresented) or event.evse not in (0, evse):
        return None
    told = {
        "name": station.shared.id_tokens.label(event.id_token),
        "evse": event.evse or None,
        # Several entities may tell of it, and automations want to run once.
        "presentation": event.number,
    }
    return "accepted" if event.info.accepted else "refused", told


def _security(station: ChargingStation, evse: int, event: Event) -> Told | None:
    if not isinstance(event, SecurityReported):
        return None
    kind = _SECURITY_EVENTS_FOLDED.get(fold(event.type), OTHER_SECURITY_EVENT)
    return kind, {
        "type": event.type,
        "tech_info": event.tech_info or None,
        "happened_at": event.at.isoformat(),
    }


def _data_transfer(station: ChargingStation, evse: int, event: Event) -> Told | None:
    if not isinstance(event, DataReceived):
        return None
    return "accepted" if event.accepted else "refused", {
        "vendor_id": event.vendor_id,
        "message_id": event.message_id or None,
        "data": _short(event.data),
    }


def _monitoring(station: ChargingStation, evse: int, event: Event) -> Told | None:
    if not isinstance(event, VariableMonitored):
        return None
    place = event.place
    return event.type, {
        "component": place.component,
        "component_instance": place.component_instance or None,
        "variable": place.variable,
        "variable_instance": place.instance or None,
        "evse": place.evse or None,
        "connector": place.connector or None,
        "value": event.value[:_LONGEST_DATA] if event.value is not None else None,
        "event_id": event.number,
        "cause": event.cause,
        "monitor": event.monitor,
        "severity": event.severity,
        "origin": event.origin or None,
        "tech_code": event.tech_code or None,
        "tech_info": event.tech_info or None,
        "transaction": event.transaction_id or None,
        "happened_at": event.at.isoformat(),
    }


def _grid_alarm(station: ChargingStation, evse: int, event: Event) -> Told | None:
    return grid_alarm(event) if isinstance(event, GridAlarm) else None


def _battery_swap(station: ChargingStation, evse: int, event: Event) -> Told | None:
    return battery_swap(station, event) if isinstance(event, BatterySwapped) else None


def _short(data: Any) -> Any:
    """Return what a vendor sent as it is; the beginning of its text where it is long."""
    text = data if isinstance(data, str) else json_dumps(data)
    return data if len(text) <= _LONGEST_DATA else text[:_LONGEST_DATA]


STATION_EVENTS = (
    OcppEventDescription(
        key="security_event",
        translation_key="security_event",
        entity_category=EntityCategory.DIAGNOSTIC,
        event_types=[*dict.fromkeys(SECURITY_EVENTS.values()), OTHER_SECURITY_EVENT],
        read_fn=_security,
    ),
    OcppEventDescription(
        key="data_transfer",
        translation_key="data_transfer",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        event_types=["accepted", "refused"],
        read_fn=_data_transfer,
    ),
)
# Of chargers of which more is known than 1.6 can tell.
MONITORING_EVENT = OcppEventDescription(
    key="monitoring_event",
    translation_key="monitoring_event",
    entity_category=EntityCategory.DIAGNOSTIC,
    event_types=["alert", "alert_cleared", "delta", "periodic"],
    read_fn=_monitoring,
)
# Of chargers that feed into the grid, and of those that swap batteries.
GRID_ALARM_EVENT = OcppEventDescription(
    key="grid_alarm",
    translation_key="grid_alarm",
    event_types=GRID_ALARM_TYPES,
    read_fn=_grid_alarm,
)
BATTERY_SWAP_EVENT = OcppEventDescription(
    key="battery_swap",
    translation_key="battery_swap",
    event_types=BATTERY_SWAP_TYPES,
    read_fn=_battery_swap,
)
EVSE_EVENTS = (
    OcppEventDescription(
        key="card",
        translation_key="card",
        event_types=["accepted", "refused"],
        read_fn=_card,
    ),
    OcppEventDescription(
        key="session",
        translation_key="session",
        event_types=["started", "ended", "interrupted"],
        read_fn=_session,
    ),
)


def _events(charger: Charger) -> Iterator[OcppEntity]:
    for description in STATION_EVENTS:
        yield OcppEvent(charger, description)
    if charger.station.device_model.variables:
        yield OcppEvent(charger, MONITORING_EVENT)
    if charger.station.der_control.seen:
        yield OcppEvent(charger, GRID_ALARM_EVENT)
    if charger.station.battery_swap.seen:
        yield OcppEvent(charger, BATTERY_SWAP_EVENT)
    for evse in charger.station.evses:
        for description in EVSE_EVENTS:
            yield OcppEvent(charger, description, evse=evse)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OcppConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up events, and those of EVSEs that are found out about later."""
    entry.runtime_data.async_setup_platform(async_add_entities, _events)


class OcppEvent(OcppEntity, EventEntity):
    """What happens at a station or EVSE, of one kind."""

    entity_description: OcppEventDescription

    @property
    @override
    def available(self) -> bool:
        """Return true: what happened stays so when the charger is away.

        An event entity that comes back looks to automations as if its event had happened
        again.
        """
        return True

    @override
    def _present(self) -> None:
        """Show nothing but what happened."""

    @override
    async def async_added_to_hass(self) -> None:
        """Follow what happens at the charger."""
        await super().async_added_to_hass()
        self.async_on_remove(self.station.follow(self._on_event))

    @callback
    def _on_event(self, event: Event) -> None:
        told = self.entity_description.read_fn(self.station, self.evse, event)
        if told is not None:
            self._trigger_event(*told)
            self.async_write_ha_state()
