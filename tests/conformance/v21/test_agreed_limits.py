"""K: what a vehicle of ISO 15118-20 and its station agree on, and what it may have."""

import asyncio
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from tests.conformance.v201.conversation import ANNA, moment, requests, settled
from tests.simulator_v2 import Station

type Payload = dict[str, Any]

NUMBER = "number.garage_current_limit"
# What only vehicles that discharge are sent.
DISCHARGING = ("dischargeLimit", "setpoint", "setpointReactive")


@pytest.fixture
async def charging(hass: HomeAssistant, station: Station) -> Station:
    """Return the station, with a car that charges for Anna."""
    await station.plug_in(1, max_current=16)
    assert await station.present_card(1, ANNA)
    await settled(hass, station)
    return station


def needs(mode: str | None, energy: int = 20000) -> Payload:
    """Return what a car wants that lets its schedule be controlled in a mode."""
    return {
        "evseId": 1,
        "maxScheduleTuples": 3,
        "timestamp": moment(),
        "chargingNeeds": {
            "requestedEnergyTransfer": "AC_three_phase",
            "availableEnergyTransfer": ["AC_three_phase"],
            "mobilityNeedsMode": "EVCC",
            **({"controlMode": mode} if mode else {}),
            "departureTime": moment(120),
            "v2xChargingParameters": {
                "minChargePower": 1400,
                "maxChargePower": 11000,
                "evTargetEnergyRequest": energy,
            },
        },
    }


def offers(station: Station) -> list[Payload]:
    """Return the profiles that the car was offered."""
    return [
        it["chargingProfile"]
        for it in requests(station, "SetChargingProfile")
        if it["chargingProfile"]["chargingProfilePurpose"] == "TxProfile"
    ]


async def offered(hass: HomeAssistant, station: Station, count: int) -> Payload:
    """Wait until the car was offered something so often; return the newest offer."""
    await station.until(lambda: len(offers(station)) >= count)
    await settled(hass, station)
    offer = offers(station)[-1]
    running = station.evses[1].transaction
    assert running is not None
    assert offer["transactionId"] == running.id
    return offer


@pytest.mark.proves("K17.FR.07", ocpp="2.1")
@pytest.mark.proves("K17.FR.19", ocpp="2.1")
@pytest.mark.proves("K18.FR.02", ocpp="2.1")
@pytest.mark.proves("K18.FR.03", ocpp="2.1")
@pytest.mark.proves("K18.FR.07", ocpp="2.1")
@pytest.mark.proves("K19.FR.02", ocpp="2.1")
@pytest.mark.proves("K19.FR.03", ocpp="2.1")
@pytest.mark.proves("K19.FR.07", ocpp="2.1")
@pytest.mark.proves("K20.FR.03", ocpp="2.1")
@pytest.mark.proves("Q01.FR.07", ocpp="2.1")
@pytest.mark.proves("Q02.FR.01", ocpp="2.1")
@pytest.mark.proves("Q02.FR.02", ocpp="2.1")
@pytest.mark.parametrize("mode", ["ScheduledControl", "DynamicControl", None])
async def test_a_car_is_offered_one_schedule_that_only_charges(
    hass: HomeAssistant, charging: Station, mode: str | None
) -> None:
    # It says it at first, and again when it wants something else.
    for count, energy in enumerate((20000, 30000), 1):
        answer = await charging.call("NotifyEVChargingNeeds", needs(mode, energy))
        assert answer == {"status": "Accepted"}
        offer = await offered(hass, charging, count)
        (schedule,) = offer["chargingSchedule"]
        assert 1 <= len(schedule["chargingSchedulePeriod"]) <= 3
        for period in schedule["chargingSchedulePeriod"]:
            assert period.get("operationMode", "ChargingOnly") == "ChargingOnly"
            assert not [key for key in period if key.startswith(DISCHARGING)]
            assert period["limit"] > 0


@pytest.mark.proves("K18.FR.05", ocpp="2.1")
@pytest.mark.proves("K19.FR.05", ocpp="2.1")
@pytest.mark.proves("Q01.FR.07", ocpp="2.1")
@pytest.mark.parametrize("mode", ["ScheduledControl", "DynamicControl"])
async def test_a_car_waits_while_a_limit_is_on_its_way(
    hass: HomeAssistant, charging: Station, mode: str
) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def later(payload: Payload) -> Payload:
        asked.set()
        await go_on.wait()
        return {"status": "Accepted"}

    charging.answers["SetChargingProfile"] = later
    setting = hass.async_create_task(
        hass.services.async_call(
            "number", "set_value", {"entity_id": NUMBER, "value": 10}, blocking=True
        )
    )
    await asyncio.wait_for(asked.wait(), 5)
    answer = await charging.call("NotifyEVChargingNeeds", needs(mode))
    assert answer == {"status": "Processing"}
    before = len(requests(charging, "SetChargingProfile"))
    go_on.set()
    await setting
    await charging.until(lambda: len(requests(charging, "SetChargingProfile")) > before)
    await settled(hass, charging)
    assert offers(charging)


@pytest.mark.proves("K18.FR.11", ocpp="2.1")
@pytest.mark.proves("K18.FR.12", ocpp="2.1")
@pytest.mark.proves("K18.FR.13", ocpp="2.1")
async def test_a_car_keeps_to_what_it_was_offered(
    hass: HomeAssistant, charging: Station
) -> None:
    await charging.call("NotifyEVChargingNeeds", needs("ScheduledControl"))
    offer = await offered(hass, charging, 1)
    (schedule,) = offer["chargingSchedule"]
    for amperes, status in ((10, "Accepted"), (40, "Rejected")):
        before = len(offers(charging))
        answer = await charging.call(
            "NotifyEVChargingSchedule",
            {
                "evseId": 1,
                "timeBase": moment(),
                "selectedChargingScheduleId": schedule["id"],
                "powerToleranceAcceptance": True,
                "chargingSchedule": {
                    "id": 1,
                    "chargingRateUnit": "A",
                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": amperes}],
                },
            },
        )
        assert answer == {"status": status}
        if status == "Rejected":
            await offered(hass, charging, before + 1)
    await settled(hass, charging)


@pytest.mark.proves("K18.FR.04", ocpp="2.1")
@pytest.mark.proves("K19.FR.04", ocpp="2.1")
@pytest.mark.parametrize("mode", ["ScheduledControl", "DynamicControl"])
async def test_a_car_that_gets_no_schedule_may_go_on(
    hass: HomeAssistant, station: Station, mode: str
) -> None:
    # Nothing is known of its session.
    wanted = needs(mode)
    answer = await station.call("NotifyEVChargingNeeds", wanted)
    assert answer == {"status": "NoChargingProfile"}
    # With ISO 15118-2 there is no such word, and no harm in the other one.
    wanted["chargingNeeds"] = {
        "requestedEnergyTransfer": "DC",
        "dcChargingParameters": {"evMaxCurrent": 200, "evMaxVoltage": 400},
    }
    answer = await station.call("NotifyEVChargingNeeds", wanted)
    assert answer == {"status": "Rejected"}
    await settled(hass, station)
    assert offers(station) == []
