"""Diagnostics: what is known, without what names people, cards or keys."""

from collections.abc import Iterable, Mapping
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from .charger import Charger
from .compatibility import shown
from .csms.blocks.monitoring import Monitor, Problem
from .csms.charging_station import ChargingStation
from .csms.secret_names import is_secret_setting
from .csms.secrets import REDACTED
from .hub import OcppConfigEntry


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: OcppConfigEntry
) -> dict[str, Any]:
    """Return the central system and all its chargers."""
    hub = entry.runtime_data
    return {
        "entry": {"data": _redacted(entry.data), "options": _redacted(entry.options)},
        "listening": hub.central.listening,
        # How many were turned away, and when the certificate that they are shown is over.
        "refused": {why.name: times for why, times in hub.central.refused.items()},
        "connections": hub.central.door.rates.connections,
        "connections_dropped": hub.central.door.rates.dropped,
        "certificate_expires": hub.central.tls.expires if hub.central.tls else None,
        "visitors": len(hub.central.visitors),
        "cards": len(hub.cards.known),
        "chargers": [_charger(entry, charger) for charger in hub.chargers.values()],
    }


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: OcppConfigEntry, device: dr.AnyDeviceEntry
) -> dict[str, Any]:
    """Return one charger."""
    target = entry.runtime_data.charger_of_device(device)
    return {"charger": _charger(entry, target[0]) if target is not None else None}


def _redacted(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return what people chose, without names, cards and passwords."""
    return {key: _shown(key, value) for key, value in chosen.items()}


def _shown(key: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return _redacted(value)
    # Whether there is one may be known.
    return REDACTED if is_secret_setting(key) and value else value


def _charger(entry: OcppConfigEntry, charger: Charger) -> dict[str, Any]:
    station = charger.station
    info = station.provisioning.info
    arrival, certificate = station.security.arrival, station.security.certificate
    settings = _redacted(entry.subentries[charger.subentry_id].data)
    return {
        "settings": settings,
        "compatibility": _compatibility(station),
        "connected": station.connected,
        "version": station.version.name,
        "last_seen": station.last_seen,
        "vendor": info.vendor if info else None,
        "model": info.model if info else None,
        "firmware": info.firmware if info else None,
        "firmware_status": station.firmware.status,
        "diagnostics_status": station.diagnostics.status,
        "restart_scheduled": station.restarts.is_scheduled(),
        "network_profiles": station.restarts.network_profiles,
        "display_messages": len(station.display_message.held),
        "encrypted": arrival.encrypted if arrival else None,
        "password": station.passwords.is_set,
        "certificate_expires": certificate.expires if certificate else None,
        "security_events": [
            {"type": event.type, "at": event.at} for event in station.security.events
        ],
        "configuration": station.provisioning.shown_keys(),
        "device_model": station.device_model.shown(),
        "monitors": _named(station.monitoring.monitors.values()),
        "problems": _named(station.monitoring.problems.values()),
        "limits": {
            "in_force": {
                evse: vars(limit)
                for evse, limit in station.smart_charging.limits.items()
            },
            "what_worked": station.smart_charging.facts()["worked"],
            "installed": [
                vars(profile) for profile in station.smart_charging.installed.profiles
            ],
        },
        "local_list": {
            "version": station.local_list.version,
            "cards": station.local_list.cards,
            "left_out": station.local_list.left_out,
        },
        "evses": {evse: _evse(charger, evse) for evse in station.evses},
        # Repairs and oddities of what the charger sends, and how often.
        "notes": dict(sorted(station.notes.items())),
    }


def _named(watched: Iterable[Monitor | Problem]) -> list[dict[str, Any]]:
    """Return what monitors are, or tell, with the variable as one text."""
    return [{**one._asdict(), "place": one.place.text} for one in watched]


def _compatibility(station: ChargingStation) -> dict[str, Any]:
    """Return how a charger is treated, and what of that is not as its model is."""
    treated = station.compatibility
    return {
        **_redacted({**shown(treated), "id_token": treated.id_token}),
        "overridden": sorted(station.settings.compatibility),
    }


def _evse(charger: Charger, evse: int) -> dict[str, Any]:
    station = charger.station
    state = station.availability.state(evse)
    transaction = station.transactions.session(evse)
    reservation = station.reservation.of(evse)
    return {
        "status": vars(state) if state else None,
        "transaction": {
            key: value
            for key, value in vars(transaction).items()
            if not is_secret_setting(key)
        }
        if transaction
        else None,
        "reserved_until": reservation.expires if reservation is not None else None,
        "readings": {
            name: reading._asdict()
            for name in station.metering.values.get(evse, {})
            if (reading := station.metering.reading(evse, name)) is not None
        },
    }
