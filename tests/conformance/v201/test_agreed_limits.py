"""K: limits that others set, and those that a car and its station agree on."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.simulator_v2 import Station

from .conversation import STATUS, act, answers, eventually, requests, settled, shown

LIMIT = "sensor.garage_connector_1_external_limit"
SOURCE = "sensor.garage_connector_1_source_of_the_external_limit"
ENERGY = "sensor.garage_connector_1_ev_requested_energy"
CURRENT = "sensor.garage_connector_1_ev_maximum_current"


@pytest.mark.parametrize(
    "reported",
    [
        pytest.param(False, marks=pytest.mark.proves("TC_K_48_CSMS", ocpp="2.0.1")),
        pytest.param(True, marks=pytest.mark.proves("TC_K_52_CSMS", ocpp="2.0.1")),
    ],
)
async def test_a_limit_that_somebody_else_sets_is_shown(
    hass: HomeAssistant, garage: HubCharger, two: Station, reported: bool
) -> None:
    key = "SmartChargingCtrlr.NotifyChargingLimitWithSchedules"
    two.variables[key].value = "false" if reported else "true"
    await two.notify_charging_limit(11)
    assert answers(two, "NotifyChargingLimit") == [{}]
    if reported:
        external = "ChargingStationExternalConstraints"
        answer = await act(
            hass,
            garage,
            "get_charging_profiles",
            charging_profile={"chargingProfilePurpose": external},
        )
        assert answer["status"] == "Accepted"
        assert answers(two, "ReportChargingProfiles")[-1] == {}
    await eventually(hass, lambda: hass.states.get(LIMIT) is not None)
    await settled(hass, two)
    assert float(shown(hass, LIMIT)) == 11
    assert shown(hass, SOURCE) == "ems"


@pytest.mark.parametrize(
    "busy",
    [
        pytest.param(False, marks=pytest.mark.proves("TC_K_50_CSMS", ocpp="2.0.1")),
        pytest.param(
            True,
            marks=[
                pytest.mark.proves("TC_K_51_CSMS", ocpp="2.0.1"),
                pytest.mark.proves("K11", ocpp="2.0.1"),
            ],
        ),
    ],
)
@pytest.mark.proves("K13", ocpp="2.0.1")
async def test_a_limit_of_somebody_else_is_over(
    hass: HomeAssistant, two: Station, busy: bool
) -> None:
    key = "SmartChargingCtrlr.NotifyChargingLimitWithSchedules"
    two.variables[key].value = "true"
    if busy:
        await two.plug_in(1)
        assert await two.present_card(1, "0401")
    await two.notify_charging_limit(11)
    await eventually(hass, lambda: hass.states.get(LIMIT) is not None)
    await settled(hass, two)
    assert float(shown(hass, LIMIT)) == 11
    await two.clear_charging_limit()
    assert answers(two, "ClearedChargingLimit") == [{}]
    await settled(hass, two)
    assert shown(hass, LIMIT) == "unknown"
    assert shown(hass, SOURCE) == "unknown"
    rates = [
        it
        for it in two.sent_calls("TransactionEvent")
        if it["triggerReason"] == "ChargingRateChanged"
    ]
    assert len(rates) == (2 if busy else 0)
    assert shown(hass, STATUS) == ("charging" if busy else "available")


def offers(two: Station) -> list[dict[str, Any]]:
    """Return the profiles that the car was offered."""
    return [
        it["chargingProfile"]
        for it in requests(two, "SetChargingProfile")
        if it["chargingProfile"]["chargingProfilePurpose"] == "TxProfile"
    ]


async def offered(hass: HomeAssistant, two: Station, count: int) -> dict[str, Any]:
    """Wait until the car was offered something so often; return the newest offer."""
    await two.until(lambda: len(offers(two)) >= count)
    await settled(hass, two)
    offer = offers(two)[-1]
    running = two.evses[1].transaction
    assert running is not None
    assert offer["transactionId"] == running.id
    assert len(offer["chargingSchedule"]) <= 3
    return offer


def amps(offer: dict[str, Any]) -> float:
    """Return the first limit of an offer."""
    periods = offer["chargingSchedule"][0]["chargingSchedulePeriod"]
    return float(periods[0]["limit"])


@pytest.fixture
async def agreed(hass: HomeAssistant, charging: Station) -> Station:
    """Return the station, whose car said what it wants and agreed to what it may."""
    assert await charging.notify_charging_needs() in ("Accepted", "Processing")
    offer = await offered(hass, charging, 1)
    assert await charging.notify_charging_schedule(1, amps(offer)) == "Accepted"
    await charging.refresh()
    await settled(hass, charging)
    return charging


@pytest.mark.proves("TC_K_53_CSMS", ocpp="2.0.1")
@pytest.mark.proves("K15", ocpp="2.0.1")
async def test_a_car_says_what_it_wants_and_is_told_what_it_may(
    hass: HomeAssistant, agreed: Station
) -> None:
    assert float(shown(hass, ENERGY)) == 20
    assert float(shown(hass, CURRENT)) == 16
    assert shown(hass, STATUS) == "charging"
    await agreed.unplug(1)
    await settled(hass, agreed)
    assert shown(hass, ENERGY) == "unknown"


@pytest.mark.proves("TC_K_55_CSMS", ocpp="2.0.1")
async def test_a_car_that_means_to_take_more_is_told_again(
    hass: HomeAssistant, garage: HubCharger, charging: Station
) -> None:
    await act(hass, garage, "set_charging_rate", of=1, limit_amps=10)
    before = len(offers(charging))
    assert await charging.notify_charging_needs() == "Accepted"
    assert amps(await offered(hass, charging, before + 1)) == 10
    assert await charging.notify_charging_schedule(1, 16) == "Rejected"
    assert amps(await offered(hass, charging, before + 2)) == 10
    assert await charging.notify_charging_schedule(1, 10) == "Accepted"
    await charging.refresh()
    await settled(hass, charging)
    assert charging.flow(1).current == 10
    assert shown(hass, STATUS) == "charging"


@pytest.mark.proves("TC_K_57_CSMS", ocpp="2.0.1")
@pytest.mark.proves("K17", ocpp="2.0.1")
async def test_a_car_wants_something_else_during_its_session(
    hass: HomeAssistant, agreed: Station
) -> None:
    before = len(offers(agreed))
    needs = {
        "acChargingParameters": {
            "energyAmount": 5000,
            "evMinCurrent": 6,
            "evMaxCurrent": 13,
            "evMaxVoltage": 230,
        }
    }
    assert await agreed.notify_charging_needs(**needs) in ("Accepted", "Processing")
    offer = await offered(hass, agreed, before + 1)
    assert await agreed.notify_charging_schedule(1, amps(offer)) == "Accepted"
    await settled(hass, agreed)
    assert float(shown(hass, ENERGY)) == 5
    assert float(shown(hass, CURRENT)) == 13


@pytest.mark.parametrize(
    "asks",
    [
        pytest.param(False, marks=pytest.mark.proves("TC_K_58_CSMS", ocpp="2.0.1")),
        pytest.param(True, marks=pytest.mark.proves("TC_K_59_CSMS", ocpp="2.0.1")),
    ],
)
@pytest.mark.proves("K16", ocpp="2.0.1")
async def test_a_car_is_told_a_new_limit_during_its_session(
    hass: HomeAssistant, garage: HubCharger, agreed: Station, asks: bool
) -> None:
    before = len(offers(agreed))
    await act(hass, garage, "set_charging_rate", of=1, limit_amps=8)
    offer = await offered(hass, agreed, before + 1)
    assert amps(offer) == 8
    if asks:
        before = len(offers(agreed))
        assert await agreed.notify_charging_needs() in ("Accepted", "Processing")
        offer = await offered(hass, agreed, before + 1)
        assert amps(offer) == 8
    assert await agreed.notify_charging_schedule(1, amps(offer)) == "Accepted"
    await agreed.refresh()
    await settled(hass, agreed)
    assert agreed.flow(1).current == 8
    assert float(shown(hass, "number.garage_current_limit")) == 8
