"""Diagnostics and system health."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    get_system_health_info,
)
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
    get_diagnostics_for_device,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.const import DOMAIN
from tests.simulator import Charger


async def test_diagnostics_tell_everything_but_who(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    charging: Charger,
    hass_client: ClientSessionGenerator,
) -> None:
    # Everything a charger could tell that nobody else should read.
    await charging.frame([2, "1", "Authorize", {"idTag": "SECRETCARD", "x": "SECRET"}])
    await charging.wait_for_reply("1")
    found = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    charger = found["chargers"][0]
    assert found["listening"]
    assert charger["connected"]
    assert charger["version"] == "1.6"
    assert charger["model"] == "Wallbox"
    assert charger["settings"]["identity"] == "**REDACTED**"
    assert charger["configuration"]["NumberOfConnectors"] == "1"
    assert charger["notes"] == {"Authorize: payload: additionalProperties": 1}
    evse = charger["evses"]["1"]
    assert evse["status"]["status"] == "charging"
    assert evse["transaction"]["energy"] == 1840
    assert evse["reserved_until"] is None
    assert charger["local_list"] == {"version": None, "cards": None, "left_out": 0}
    assert evse["readings"]["Power.Active.Import"]["value"] == 11040
    for secret in ("CARD1", "SECRETCARD", "SECRET", "CP1", "SIM0001"):
        assert secret not in str(found), secret


async def test_diagnostics_of_one_charger(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    garage: HubCharger,
    hass_client: ClientSessionGenerator,
    device_registry: dr.DeviceRegistry,
) -> None:
    device = device_registry.async_get(garage.device_id)
    found = await get_diagnostics_for_device(hass, hass_client, entry, device)
    assert found["charger"]["connected"] is False
    assert found["charger"]["vendor"] is None

    hub = device_registry.async_get_device_by_identifier(
        (DOMAIN, entry.entry_id), entry.entry_id
    )
    found = await get_diagnostics_for_device(hass, hass_client, entry, hub)
    assert found == {"charger": None}


async def test_system_health_counts_chargers(
    hass: HomeAssistant, entry: MockConfigEntry, charger: Charger
) -> None:
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    info: dict[str, Any] = await get_system_health_info(hass, DOMAIN)
    assert info == {
        "listening": 1,
        "chargers": 1,
        "connected": 1,
        "waiting": 0,
        "refused": 0,
    }
