"""Prove that limits, schedules and what cars want are the same to people with 2.0.1."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, override

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.const import DOMAIN
from custom_components.ocpp.diagnostics import async_get_config_entry_diagnostics
from tests.csms.conftest import prepared
from tests.simulator_v2 import Car, Station as Two

from .conftest import ConnectTwo, eventually
from .solar import HOUSE, INTERVAL, Afternoon, at_no_time_of_day
from .test_two import settled, state

# In watts: what 6 A on three phases take, with the buffer; and in looks.
LEAST = 6 * 230 * 3 + 100
START, STOP, INCREASE = 2, 6, 4
BRIGHT, DULL = HOUSE + LEAST + 2000, HOUSE + 500

LIMIT = "number.garage_current_limit"
EXTERNAL, SOURCE = (
    "sensor.garage_connector_1_external_limit",
    "sensor.garage_connector_1_source_of_the_external_limit",
)


async def act(hass: HomeAssistant, garage: HubCharger, name: str, **data: Any) -> Any:
    """Call an action of the charger and return its response."""
    return await hass.services.async_call(
        DOMAIN,
        name,
        {"device_id": garage.device_id} | data,
        blocking=True,
        return_response=True,
    )


def profiles(two: Two) -> list[dict[str, Any]]:
    """Return the profiles that came in."""
    found = [it[3] for it in two.received if it[2:3] == ["SetChargingProfile"]]
    return [it["chargingProfile"] for it in found]


async def charge(hass: HomeAssistant, two: Two) -> None:
    """Let a car charge at the first EVSE."""
    await two.plug_in(1, car=Car(phases=3, max_current=32))
    assert await two.present_card(1)
    await settled(hass, two)


async def test_a_number_limits_it(hass: HomeAssistant, two: Two) -> None:
    await charge(hass, two)
    await hass.services.async_call(
        "number", "set_value", {"entity_id": LIMIT, "value": 10}, blocking=True
    )
    assert state(hass, LIMIT) == "10.0"
    assert two.flow(1).current == 10
    (profile,) = profiles(two)
    assert profile["chargingProfilePurpose"] == "TxProfile"
    await two.unplug(1)
    await charge(hass, two)
    await eventually(hass, lambda: two.flow(1).current == 10)


async def test_an_action_limits_it_as_a_whole(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    assert await act(hass, garage, "set_charging_rate", limit_amps=20) == {
        "value": 20,
        "unit": "A",
        "purpose": "ChargingStationMaxProfile",
    }
    await charge(hass, two)
    assert two.flow(1).current == 20
    assert await act(hass, garage, "clear_charging_rate") == {"status": "Accepted"}
    assert two.profiles.installed == []
    assert await act(hass, garage, "clear_charging_rate") == {"status": "Unknown"}
    with pytest.raises(HomeAssistantError) as raised:
        await act(hass, garage, "set_charging_rate", limit_amps=33)
    assert raised.value.translation_key == "limit_too_high"


async def test_a_session_starts_with_its_limit(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    await two.plug_in(1, car=Car(phases=3, max_current=32))
    await settled(hass, two)
    await act(hass, garage, "start_transaction", limit_amps=9)
    await eventually(hass, lambda: two.flow(1).current == 9)
    await eventually(hass, lambda: state(hass, LIMIT) == "9.0")
    assert profiles(two) == []


async def test_a_schedule_goes_untouched_to_it_and_is_shown(
    hass: HomeAssistant, entry: MockConfigEntry, garage: HubCharger, two: Two
) -> None:
    start = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()[:19] + "Z"
    schedule = {
        "id": 1,
        "startSchedule": start,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [
            {"startPeriod": 0, "limit": 16},
            {"startPeriod": 7200, "limit": 6},
        ],
    }
    profile = {
        "id": 100,
        "stackLevel": 1,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [schedule],
    }
    response = await act(hass, garage, "set_charging_rate", profile=profile)
    assert response == {"value": 16, "unit": "A", "purpose": "TxDefaultProfile"}
    assert profiles(two) == [profile]
    await hass.async_block_till_done()
    assert state(hass, "sensor.garage_connector_1_scheduled_limit") == "16.0"
    assert (
        state(hass, "sensor.garage_connector_1_next_change_of_the_limit") != "unknown"
    )
    told = await act(
        hass,
        garage,
        "get_charging_profiles",
        charging_profile={"chargingLimitSource": ["CSO"]},
    )
    (part,) = told["chargingProfile"]
    assert part["chargingProfile"] == [profile]
    diagnostics = await async_get_config_entry_diagnostics(hass, entry)
    assert "'source': 'CSO'" in str(diagnostics)


async def test_a_limit_from_elsewhere_is_shown_with_its_source(
    hass: HomeAssistant, entry: MockConfigEntry, two: Two
) -> None:
    assert state(hass, EXTERNAL) == state(hass, SOURCE) == "absent"
    two.variables["SmartChargingCtrlr.NotifyChargingLimitWithSchedules"].value = "true"
    await two.notify_charging_limit(8, 1, "SO", grid_critical=True)
    await settled(hass, two)
    assert (state(hass, EXTERNAL), state(hass, SOURCE)) == ("8.0", "so")
    shown = hass.states.get(SOURCE)
    assert shown is not None
    assert shown.attributes["grid_critical"] is True
    assert shown.attributes["options"] == ["cso", "ems", "other", "so"]
    # Of the other EVSE there is none.
    assert state(hass, "sensor.garage_connector_2_external_limit") == "absent"
    await two.clear_charging_limit(1, "SO")
    await settled(hass, two)
    assert (state(hass, EXTERNAL), state(hass, SOURCE)) == ("unknown", "unknown")
    # The entities stay, also over a restart.
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert state(hass, EXTERNAL) == "unavailable"


async def test_what_a_car_wants_is_shown(
    hass: HomeAssistant, entry: MockConfigEntry, two: Two
) -> None:
    await charge(hass, two)
    assert state(hass, "sensor.garage_connector_1_ev_departure_time") == "absent"
    dc = {
        "evMaxCurrent": 125,
        "evMaxVoltage": 400,
        "evMaxPower": 50_000,
        "energyAmount": 30_500,
        "stateOfCharge": 55,
    }
    said = await two.notify_charging_needs(
        1,
        requestedEnergyTransfer="DC",
        departureTime="2031-11-22T07:00:00Z",
        dcChargingParameters=dc,
        acChargingParameters={
            "energyAmount": 30_500,
            "evMinCurrent": 6,
            "evMaxCurrent": 16,
            "evMaxVoltage": 230,
        },
    )
    assert said == "Accepted"
    await settled(hass, two)
    shown = {
        "departure_time": "2031-11-22T07:00:00+00:00",
        "requested_energy": "30.5",
        "maximum_current": "16",
        "maximum_power": "50000",
        "state_of_charge": "55",
    }
    for name, value in shown.items():
        assert state(hass, f"sensor.garage_connector_1_ev_{name}") == value
    mode = er.async_get(hass).async_get(
        "sensor.garage_connector_1_ev_energy_transfer_mode"
    )
    assert mode is not None
    assert mode.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    await eventually(hass, lambda: profiles(two))
    await two.unplug(1)
    await settled(hass, two)
    for name in shown:
        assert state(hass, f"sensor.garage_connector_1_ev_{name}") == "unknown"
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert state(hass, "sensor.garage_connector_1_ev_departure_time") == "unavailable"
    assert state(hass, "sensor.garage_connector_2_ev_departure_time") == "absent"


# --- the sun ----------------------------------------------------------------------------


class AfternoonOfTwo(Afternoon):
    """An afternoon with a station of 2.x."""

    charger: Two  # type: ignore[assignment]

    @override
    async def _shown(self) -> None:
        await self.charger.settle()
        if self.charger.evses[1].transaction is None:
            return
        power = self.charger.flow().power
        await self.until(lambda: float(self.state("sensor.garage_power")) == power)

    @override
    def _listen(self) -> None:
        for profile in profiles(self.charger)[len(self.told) :]:
            (schedule,) = profile["chargingSchedule"]
            (period,) = schedule["chargingSchedulePeriod"]
            self.told.append((self.looks, period["limit"]))


@pytest.fixture
async def afternoon(
    hass: HomeAssistant, garage: HubCharger, connect_two: ConnectTwo
) -> AsyncIterator[AfternoonOfTwo]:
    """Return an afternoon with a car that is plugged in, and no automation yet."""
    two = await connect_two(evses=1, connectors=1)
    two.variables["SampledDataCtrlr.TxUpdatedInterval"].value = str(INTERVAL)
    await two.power_up()
    await prepared(garage.station)
    afternoon = AfternoonOfTwo(hass, garage, two)  # type: ignore[arg-type]
    await two.plug_in(1, car=Car(phases=3, max_current=16))
    await settled(hass, two)
    with at_no_time_of_day():
        yield afternoon
        await afternoon.end()


async def test_the_sun_is_followed_through_an_afternoon(
    afternoon: AfternoonOfTwo,
) -> None:
    two = afternoon.charger
    await afternoon.automate()
    await afternoon.look(BRIGHT, 12)
    assert two.flow().current == 8
    assert [limit for _, limit in afternoon.told] == [6, 8]
    assert afternoon.commands("RequestStartTransaction") == 1
    # A cloud goes down at once, and pauses after its delay.
    await afternoon.look(DULL)
    assert afternoon.told[-1] == (afternoon.looks, 6)
    await afternoon.look(DULL, STOP + 3)
    assert afternoon.told[-1][1] == 0
    assert afternoon.state("sensor.garage_status") == "suspended_evse"
    # Nothing is told again all night.
    count = len(afternoon.told)
    await afternoon.look(HOUSE, 20)
    assert len(afternoon.told) == count
    await afternoon.look(BRIGHT, START + 1)
    assert afternoon.told[-1][1] == 6
    assert two.flow().current == 6
    # More than the car takes is of no use.
    await afternoon.look(HOUSE + 20_000, 12 * INCREASE)
    assert two.flow().current == 16
    limits = [limit for _, limit in afternoon.told]
    assert all(limit == 0 or 6 <= limit <= 16 for limit in limits)
    # One profile is all that the station holds.
    assert len(two.profiles.installed) <= 2
    assert two.violations == []
