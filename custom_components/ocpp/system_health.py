"""System health: whether chargers can connect, and how many did."""

from typing import Any

from homeassistant.components import system_health
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .hub import OcppConfigEntry


@callback
def async_register(
    hass: HomeAssistant, register: system_health.SystemHealthRegistration
) -> None:
    """Register the information."""
    register.async_register_info(_async_info)


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    entries: list[OcppConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    centrals = [entry.runtime_data.central for entry in entries]
    stations = [
        station for central in centrals for station in central.stations.values()
    ]
    return {
        "listening": sum(central.listening for central in centrals),
        "chargers": len(stations),
        "connected": sum(station.connected for station in stations),
        "waiting": sum(len(central.visitors) for central in centrals),
        "refused": sum(central.refused.total() for central in centrals),
    }
