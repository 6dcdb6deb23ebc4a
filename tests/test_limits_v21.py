"""Prove that following the sun with 2.1 writes no profiles, and that priority is a switch."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.const import DOMAIN
from tests.csms.conftest import prepared
from tests.simulator_v2 import Car, Station as Two
from tests.simulator_v2.commands.dynamic import able

from .conftest import ConnectTwo, eventually
from .test_two import settled, state

LIMIT = "number.garage_current_limit"
PRIORITY = "switch.garage_priority_charging"
EXTERNAL, SOURCE = (
    "sensor.garage_external_limit",
    "sensor.garage_source_of_the_external_limit",
)


@pytest.fixture
async def two(hass: HomeAssistant, garage: HubCharger, connect_two: ConnectTwo) -> Two:
    """Return a station of 2.1 with one EVSE, dynamic profiles and priority."""
    two = await connect_two(
        version="ocpp2.1", evses=1, variables=able("PriorityCharging")
    )
    await two.power_up()
    await prepared(garage.station)
    await settled(hass, two)
    return two


async def act(hass: HomeAssistant, garage: HubCharger, name: str, **data: Any) -> Any:
    """Call an action of the charger and return its response."""
    return await hass.services.async_call(
        DOMAIN,
        name,
        {"device_id": garage.device_id} | data,
        blocking=True,
        return_response=True,
    )


async def turn(hass: HomeAssistant, two: Two, way: str) -> None:
    """Turn the switch for priority."""
    await hass.services.async_call(
        "switch", f"turn_{way}", {"entity_id": PRIORITY}, blocking=True
    )
    await settled(hass, two)


async def charge(hass: HomeAssistant, two: Two) -> None:
    """Let a car charge."""
    await two.plug_in(1, car=Car(phases=3, max_current=32))
    assert await two.present_card(1)
    await settled(hass, two)


def commands(two: Two, action: str) -> list[dict[str, Any]]:
    """Return the payloads of the commands that came in."""
    return [it[3] for it in two.received if it[2:3] == [action]]


async def test_following_the_sun_sends_one_profile_and_then_changes_it(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    await charge(hass, two)
    for amperes in (16, 15, 14, 0, 6, 7, 8, 9, 10, 11, 12):
        assert await act(hass, garage, "set_charging_rate", limit_amps=amperes) == {
            "value": amperes,
            "unit": "A",
            "purpose": "TxProfile",
        }
        await hass.async_block_till_done()
        assert state(hass, LIMIT) == f"{amperes:.1f}"
        assert two.flow(1).current == amperes
    (profile,) = commands(two, "SetChargingProfile")
    assert profile["chargingProfile"]["chargingProfileKind"] == "Dynamic"
    changes = commands(two, "UpdateDynamicSchedule")
    assert len(changes) == 10
    assert changes[-1]["scheduleUpdate"] == {"limit": 12}
    # The number of people does the same.
    await hass.services.async_call(
        "number", "set_value", {"entity_id": LIMIT, "value": 13}, blocking=True
    )
    assert two.flow(1).current == 13
    # And so does an automation in watts, told in what the charger was told before.
    await act(hass, garage, "set_charging_rate", limit_watts=6900)
    assert two.flow(1).current == pytest.approx(10, abs=0.1)
    assert len(commands(two, "SetChargingProfile")) == 1


async def test_priority_is_a_switch_of_a_session(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    assert state(hass, PRIORITY) == "unavailable"
    await charge(hass, two)
    assert state(hass, PRIORITY) == "off"
    with pytest.raises(HomeAssistantError) as raised:
        await turn(hass, two, "on")
    assert raised.value.translation_key == "no_priority_profile"
    assert state(hass, PRIORITY) == "off"
    schedule = {
        "id": 1,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 30}],
    }
    profile = {
        "id": 200,
        "stackLevel": 0,
        "chargingProfilePurpose": "PriorityCharging",
        "chargingProfileKind": "Relative",
        "chargingSchedule": [schedule],
    }
    await act(hass, garage, "set_charging_rate", limit_amps=6)
    await act(hass, garage, "set_charging_profile", evse_id=1, charging_profile=profile)
    await turn(hass, two, "on")
    await eventually(hass, lambda: state(hass, PRIORITY) == "on")
    assert two.flow(1).current == 30
    assert state(hass, LIMIT) == "unknown"
    await turn(hass, two, "off")
    await eventually(hass, lambda: state(hass, PRIORITY) == "off")
    assert two.flow(1).current == 6
    assert state(hass, LIMIT) == "6.0"
    await two.unplug(1)
    await settled(hass, two)
    assert state(hass, PRIORITY) == "unavailable"


async def test_a_profile_that_2_1_forbids_is_refused_here(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    period = {"startPeriod": 0, "limit": 9, "operationMode": "Idle"}
    profile = {
        "id": 200,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": [
            {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [period]}
        ],
    }
    for action, data in (
        ("set_charging_profile", {"evse_id": 1, "charging_profile": profile}),
        ("set_charging_rate", {"profile": profile}),
    ):
        with pytest.raises(ServiceValidationError) as raised:
            await act(hass, garage, action, **data)
        assert raised.value.translation_key == "invalid_request"
    assert commands(two, "SetChargingProfile") == []


async def test_a_profile_without_a_limit_is_answered_without_one(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    period = {"startPeriod": 0, "operationMode": "ExternalLimits"}
    profile = {
        "id": 200,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Dynamic",
        "chargingSchedule": [
            {"id": 1, "chargingRateUnit": "W", "chargingSchedulePeriod": [period]}
        ],
    }
    assert await act(hass, garage, "set_charging_rate", profile=profile) == {
        "value": None,
        "unit": "W",
        "purpose": "TxDefaultProfile",
    }


async def test_whoever_limits_it_has_the_name_that_the_station_gives(
    hass: HomeAssistant, two: Two
) -> None:
    await two.notify_charging_limit(9, 1, "Heat pump")
    await eventually(hass, lambda: state(hass, EXTERNAL) == "9.0")
    assert state(hass, SOURCE) == "other"
    shown = hass.states.get(SOURCE)
    assert shown is not None
    assert shown.attributes["source"] == "Heat pump"
