"""Prove that a station of 2.0.1 with two EVSEs is the same to people as any charger."""

import asyncio
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.const import DOMAIN
from custom_components.ocpp.hub import OcppHub
from tests.simulator_v2 import CallError, Car, Station as Two

from .conftest import ConnectTwo, eventually


def state(hass: HomeAssistant, entity_id: str) -> str:
    """Return what an entity shows."""
    found = hass.states.get(entity_id)
    return "absent" if found is None else found.state


async def settled(hass: HomeAssistant, two: Two) -> None:
    """Wait until all that was said is shown."""
    await two.settle()
    await hass.async_block_till_done()


async def test_it_is_a_device_with_its_evses(
    hass: HomeAssistant, entry: MockConfigEntry, two: Two
) -> None:
    devices = dr.async_get(hass)
    station = devices.async_get_device_by_identifier((DOMAIN, "CP1"), entry.entry_id)
    assert station is not None
    assert (station.manufacturer, station.model) == ("Simulator", "Wallbox 2")
    assert station.serial_number == "SIM0002"
    assert station.sw_version == "2.0.0"
    for evse in (1, 2):
        child = devices.async_get_child_device_by_identifier(
            (DOMAIN, f"CP1\x1f{evse}"), entry.entry_id
        )
        assert child is not None
        assert child.parent_device_id == station.id
    found = {
        it.unique_id
        for it in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    }
    assert {"CP1-1-status", "CP1-2-status", "CP1-1-charging", "CP1-2-charging"} <= found


async def test_it_is_adopted_with_one_click_and_waits_no_longer(
    hass: HomeAssistant, hub: OcppHub, connect_two: ConnectTwo
) -> None:
    two = await connect_two("NEW")
    booting = asyncio.create_task(two.power_up())
    await two.until(lambda: two.boot_status == "Pending")
    # Of its own accord it may send nothing but another boot (B02.FR.09).
    with pytest.raises(CallError, match="SecurityError"):
        await two.call("Heartbeat", {})
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"name": "Carport", "maximum_current": 16, "phases": "3"}
    )
    # It is asked to boot at once, and not left to its interval.
    async with asyncio.timeout(5):
        await booting
    assert two.boot_status == "Accepted"
    await eventually(
        hass, lambda: state(hass, "sensor.carport_connector_2_status") == "available"
    )


async def test_a_session_is_shown(hass: HomeAssistant, two: Two) -> None:
    assert state(hass, "sensor.garage_status") == "available"
    await two.plug_in(1, car=Car(phases=3, max_current=16))
    await settled(hass, two)
    assert state(hass, "sensor.garage_status") == "preparing"
    assert state(hass, "switch.garage_charging") == "off"
    await hass.services.async_call(
        "switch", "turn_on", {"entity_id": "switch.garage_charging"}, blocking=True
    )
    await eventually(hass, lambda: state(hass, "sensor.garage_status") == "charging")
    assert state(hass, "switch.garage_charging") == "on"
    for _ in range(6):
        await two.tick(600)
    await settled(hass, two)
    energy = float(state(hass, "sensor.garage_session_energy"))
    assert energy == pytest.approx(11.04, abs=0.1)
    assert float(state(hass, "sensor.garage_power")) == pytest.approx(11_040, abs=5)
    await hass.services.async_call(
        "switch", "turn_off", {"entity_id": "switch.garage_charging"}, blocking=True
    )
    await eventually(hass, lambda: state(hass, "sensor.garage_status") == "finishing")
    assert state(hass, "switch.garage_charging") == "off"
    await two.unplug(1)
    await settled(hass, two)
    assert state(hass, "sensor.garage_status") == "available"
    assert state(hass, "sensor.garage_stop_reason") == "remote"
    assert state(hass, "sensor.garage_connector_2_status") == "available"


async def test_it_can_be_taken_out_of_use(hass: HomeAssistant, two: Two) -> None:
    entity_id = "switch.garage_available"
    assert state(hass, entity_id) == "on"
    await hass.services.async_call(
        "switch", "turn_off", {"entity_id": entity_id}, blocking=True
    )
    await eventually(hass, lambda: state(hass, "sensor.garage_status") == "unavailable")
    assert state(hass, entity_id) == "off"
    assert not two.operative
    await hass.services.async_call(
        "switch", "turn_on", {"entity_id": entity_id}, blocking=True
    )
    await eventually(
        hass, lambda: state(hass, "sensor.garage_connector_2_status") == "available"
    )


async def test_a_cable_is_released(hass: HomeAssistant, two: Two) -> None:
    await two.plug_in(2)
    await settled(hass, two)
    await hass.services.async_call(
        "button",
        "press",
        {"entity_id": "button.garage_connector_2_unlock"},
        blocking=True,
    )
    (unlocked,) = [it[3] for it in two.received if it[2:3] == ["UnlockConnector"]]
    assert unlocked == {"evseId": 2, "connectorId": 1}


async def test_it_restarts_when_told(hass: HomeAssistant, two: Two) -> None:
    await hass.services.async_call(
        "button", "press", {"entity_id": "button.garage_restart"}, blocking=True
    )
    (reset,) = [it[3] for it in two.received if it[2:3] == ["Reset"]]
    assert reset == {"type": "OnIdle"}
    await eventually(hass, lambda: two.boot_status == "Accepted" and two.connected)


# --- answers that come later --------------------------------------------------------------


async def act(hass: HomeAssistant, garage: HubCharger, name: str, **data: Any) -> Any:
    """Call an action of the charger and return its response."""
    return await hass.services.async_call(
        DOMAIN,
        name,
        {"device_id": garage.device_id} | data,
        blocking=True,
        return_response=True,
    )


async def test_a_report_in_parts_is_one_response(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    response = await act(hass, garage, "get_base_report", report_base="FullInventory")
    assert response["status"] == "Accepted"
    assert response["complete"] is True
    assert len(response["reportData"]) == len(two.variables)
    parts = [it[3] for it in two.sent if it[2:3] == ["NotifyReport"]]
    assert len(parts) > 1


async def test_a_report_that_never_ends_is_returned_as_far_as_it_came(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    two.answers["GetReport"] = {"status": "Accepted"}
    asked = asyncio.create_task(act(hass, garage, "get_report", request_id=77))
    await two.wait_for_call("GetReport")
    part = {
        "component": {"name": "Connector"},
        "variable": {"name": "Available"},
        "variableAttribute": [{"value": "true"}],
    }
    await two.call(
        "NotifyReport",
        {
            "requestId": 77,
            "seqNo": 0,
            "generatedAt": "2026-11-21T12:00:00Z",
            "tbc": True,
            "reportData": [part],
        },
    )
    response = await asked
    assert response == {"status": "Accepted", "reportData": [part], "complete": False}
