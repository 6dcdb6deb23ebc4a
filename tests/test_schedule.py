"""Schedules in Home Assistant: the sensors, and what the documentation tells people."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
import re
from typing import Any

from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import yaml

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.csms.blocks.smart_charging.composite import (
    Situation,
    scheduled,
)
from custom_components.ocpp.csms.blocks.smart_charging.rate import Wiring
from custom_components.ocpp.csms.blocks.smart_charging.rules import fault_of_profile
from custom_components.ocpp.csms.schemas import load_schemas
from custom_components.ocpp.csms.versions import V21
from custom_components.ocpp.diagnostics import async_get_config_entry_diagnostics
from tests.simulator import Charger

from .conftest import Connect, eventually, ready

LIMIT, CHANGE = (
    "sensor.garage_scheduled_limit",
    "sensor.garage_next_change_of_the_limit",
)
PAGE = (Path(__file__).parents[1] / "docs" / "smart-charging.md").read_text()
NIGHT, NOON, CLEAR_ONE, ASK, CLEAR_ALL, OFFLINE = (
    yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
)


def test_a_profile_that_ends_offline_is_one_of_2_1() -> None:
    profile = OFFLINE["data"]["charging_profile"]
    assert profile["maxOfflineDuration"] == 600
    sent = {"evseId": OFFLINE["data"]["evse_id"], "chargingProfile": profile}
    load_schemas(V21).check_request("SetChargingProfile", sent)
    assert fault_of_profile(profile) is None


async def act(
    hass: HomeAssistant, documented: dict[str, Any], device_id: str
) -> dict[str, Any]:
    """Carry out what a page says, for a device."""
    domain, action = documented["action"].split(".")
    response = await hass.services.async_call(
        domain,
        action,
        documented["data"] | {"device_id": device_id},
        blocking=True,
        return_response=True,
    )
    await hass.async_block_till_done()
    assert response is not None
    return dict(response)


def found(hass: HomeAssistant, entity_id: str) -> State:
    """Return a state that has to be there."""
    state = hass.states.get(entity_id)
    assert state is not None, entity_id
    return state


def on(hour: int) -> tuple[datetime, Situation]:
    """Return a moment of a day to come, and where to look then."""
    day = datetime.now(UTC).replace(minute=30, second=0) + timedelta(days=2)
    return day.replace(hour=hour), Situation(evse=1, wiring=Wiring(3))


async def test_a_schedule_over_midnight_goes_untouched_to_the_charger(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    assert await act(hass, NIGHT, garage.device_id) == {"status": "Accepted"}
    (held,) = charger.profiles.installed
    assert held.profile == NIGHT["data"]["cs_charging_profiles"]
    profiles = garage.station.smart_charging.installed.profiles
    for hour, limit in (
        (17, 6),
        (18, 16),
        (22, 32),
        (23, 32),
        (0, 32),
        (5, 32),
        (6, 6),
    ):
        at, where = on(hour)
        assert scheduled(profiles, where, at).amperes == limit
        # As the charger obeys it.
        assert charger.profiles.limit(1, at).amps == limit
    assert charger.violations == []


async def test_two_levels_make_one_schedule(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    """The charger says the same as the sensor, and so it does of the day to come."""
    await act(hass, NIGHT, garage.device_id)
    await act(hass, NOON, garage.device_id)
    profiles = garage.station.smart_charging.installed.profiles
    assert [it.stack_level for it in profiles] == [1, 2]
    for hour, limit in ((11, 6), (12, 32), (13, 32), (14, 6), (19, 16)):
        at, where = on(hour)
        assert scheduled(profiles, where, at).amperes == limit
    answer = await act(hass, ASK, garage.device_id)
    periods = answer["chargingSchedule"]["chargingSchedulePeriod"]
    assert found(hass, LIMIT).state == f"{periods[0]['limit']:.1f}"
    begin = datetime.fromisoformat(answer["scheduleStart"])
    changes = begin + timedelta(seconds=periods[1]["startPeriod"])
    said = dt_util.parse_datetime(found(hass, CHANGE).state)
    assert said is not None
    assert abs(said - changes) <= timedelta(seconds=2)

    await act(hass, CLEAR_ONE, garage.device_id)
    assert [it.profile["stackLevel"] for it in charger.profiles.installed] == [1]
    assert len(garage.station.smart_charging.installed.profiles) == 1
    await act(hass, CLEAR_ALL, garage.device_id)
    assert charger.profiles.installed == []
    assert found(hass, LIMIT).state == "unknown"
    assert found(hass, CHANGE).state == "unknown"


async def test_the_sensors_change_when_the_schedule_says_so(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    """Nobody asks the charger: the states are all there is to plot."""
    begin = dt_util.utcnow() - timedelta(seconds=59)
    profile = NIGHT["data"]["cs_charging_profiles"] | {
        "chargingSchedule": {
            "startSchedule": begin.isoformat(),
            "chargingRateUnit": "W",
            "chargingSchedulePeriod": [
                {"startPeriod": 0, "limit": 6900},
                {"startPeriod": 60, "limit": 11040},
            ],
        }
    }
    allowed = charger.configuration["ChargingScheduleAllowedChargingRateUnit"]
    allowed.value = "Current,Power"
    shown: list[str] = []
    hass.bus.async_listen(
        "state_changed",
        lambda event: (
            shown.append(event.data["new_state"].state)
            if event.data["entity_id"] == LIMIT
            else None
        ),
    )
    wanted = {"action": NIGHT["action"], "data": {"cs_charging_profiles": profile}}
    await act(hass, wanted, garage.device_id)
    sent = len(charger.received)
    await eventually(hass, lambda: shown[-1:] == ["16.0"])
    assert shown == ["10.0", "16.0"]
    assert len(charger.received) == sent
    state = found(hass, LIMIT)
    assert state.attributes["unit_of_measurement"] == "A"
    # What a sensor has anyway.
    assert set(state.attributes) == {
        "unit_of_measurement",
        "device_class",
        "friendly_name",
    }
    again = begin + timedelta(days=1)
    assert found(hass, CHANGE).state == again.replace(microsecond=0).isoformat()


async def test_a_household_with_plain_limits_is_not_shown_them(
    hass: HomeAssistant,
    garage: HubCharger,
    charger: Charger,
    entity_registry: er.EntityRegistry,
) -> None:
    for data in ({"limit_amps": 10}, {"limit_amps": 8, "duration": 3600}):
        await act(
            hass, {"action": "ocpp.set_charging_rate", "data": data}, garage.device_id
        )
    assert entity_registry.async_get(LIMIT) is None
    assert entity_registry.async_get(CHANGE) is None


async def test_they_are_there_after_a_restart(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    garage: HubCharger,
    charger: Charger,
) -> None:
    """Also when the last schedule is gone by then."""
    await act(hass, NIGHT, garage.device_id)
    before = found(hass, LIMIT).state
    diagnostics = await async_get_config_entry_diagnostics(hass, entry)
    assert "TxDefaultProfile" in str(diagnostics)
    for states in ({before}, {"unknown"}):
        await charger.disconnect()
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        hub = entry.runtime_data
        charger.url = f"ws://127.0.0.1:{hub.central.port}/"
        async with Charger(charger.url, "CP1") as again:
            await again.heartbeat()
            await hass.async_block_till_done()
            assert {found(hass, LIMIT).state} <= states | {"6.0", "16.0", "32.0"}
            await act(hass, CLEAR_ALL, hub.chargers["CP1"].device_id)
            assert found(hass, LIMIT).state == "unknown"


async def test_each_connector_has_its_own(
    hass: HomeAssistant, garage: HubCharger, connect: Connect
) -> None:
    charger = await connect(connectors=2)
    await charger.power_up()
    await ready(hass, charger)
    second = NIGHT | {"data": NIGHT["data"] | {"connector_id": 2}}
    await act(hass, second, garage.device_id)
    there = [it for it in hass.states.async_entity_ids() if "scheduled" in it]
    assert there == ["sensor.garage_connector_2_scheduled_limit"]


async def test_the_limit_shown_is_what_the_model_keeps(
    hass: HomeAssistant, garage: HubCharger, connect: Connect
) -> None:
    """A charger of whole amperes: the number shows less than was asked for."""
    charger = await connect()
    charger.boot_fields |= {"chargePointVendor": "go-e", "chargePointModel": "Gemini"}
    await charger.power_up()
    await ready(hass, charger)
    answer = await act(
        hass,
        {"action": "ocpp.set_charging_rate", "data": {"limit_amps": 10.9}},
        garage.device_id,
    )
    assert answer["value"] == pytest.approx(10)
    assert answer["unit"] == "A"
    assert float(found(hass, "number.garage_current_limit").state) == 10
