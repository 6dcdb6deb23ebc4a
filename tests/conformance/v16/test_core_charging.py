"""Core: a charger boots, and people charge at it."""

from datetime import datetime, timedelta

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.conftest import Connect
from tests.simulator import Charger

from .conversation import (
    ANNA,
    BLOCKED,
    CARD,
    CONNECTED,
    EXPIRED,
    STATUS,
    STOP_REASON,
    UNKNOWN,
    act,
    answers,
    found,
    requests,
    sessions,
    settled,
    shown,
)

PLUGGED_IN = "binary_sensor.garage_plugged_in"
PRESENTED = "event.garage_card"


async def is_charging_for_anna(hass: HomeAssistant, charger: Charger) -> None:
    """Check that a session runs, that the charger was told so, and that it is kept."""
    await settled(hass, charger)
    (answer,) = answers(charger, "StartTransaction")
    assert answer["idTagInfo"]["status"] == "Accepted"
    assert answer["transactionId"] > 0
    assert shown(hass, STATUS) == "charging"
    assert shown(hass, CARD) == "Anna"
    (session,) = await sessions(hass)
    assert session["id"] == answer["transactionId"]
    assert session["card"] == "Anna"
    assert session["end"] is None


@pytest.mark.proves("TC_001_CSMS")
async def test_a_charger_that_boots_is_accepted_and_shown(
    hass: HomeAssistant,
    garage: HubCharger,
    connect: Connect,
    device_registry: dr.DeviceRegistry,
) -> None:
    charger = await connect()
    boot = await charger.boot()
    assert boot["status"] == "Accepted"
    assert boot["interval"] > 0
    for connector in charger.connectors:
        await charger.status(connector, "Available")
    told = datetime.fromisoformat((await charger.heartbeat())["currentTime"])
    assert abs(told - dt_util.utcnow()) < timedelta(seconds=10)
    await settled(hass, charger)
    assert shown(hass, CONNECTED) == "on"
    assert shown(hass, STATUS) == "available"
    device = device_registry.async_get(garage.device_id)
    assert device is not None
    assert (device.manufacturer, device.model) == ("Simulator", "Wallbox")
    assert device.sw_version == "1.0.0"


@pytest.mark.proves("TC_003_CSMS")
async def test_a_car_that_is_plugged_in_charges_with_a_card(
    hass: HomeAssistant, charger: Charger
) -> None:
    await charger.plug_in()
    await settled(hass, charger)
    assert shown(hass, STATUS) == "preparing"
    assert shown(hass, PLUGGED_IN) == "on"
    assert await charger.present_card(ANNA)
    assert found(hass, PRESENTED).attributes["name"] == "Anna"
    await is_charging_for_anna(hass, charger)


@pytest.mark.proves("TC_004_1_CSMS")
async def test_a_card_that_is_held_to_the_charger_first_waits_for_a_car(
    hass: HomeAssistant, charger: Charger
) -> None:
    assert await charger.present_card(ANNA)
    await settled(hass, charger)
    assert shown(hass, STATUS) == "preparing"
    assert await sessions(hass) == []
    await charger.plug_in()
    await is_charging_for_anna(hass, charger)


@pytest.mark.proves("TC_004_2_CSMS")
async def test_a_card_without_a_car_leaves_nothing_behind(
    hass: HomeAssistant, charger: Charger
) -> None:
    assert await charger.present_card(ANNA)
    await settled(hass, charger)
    assert shown(hass, STATUS) == "preparing"
    charger.connectors[1].tag = None
    await charger.status(1, "Available")
    await settled(hass, charger)
    assert shown(hass, STATUS) == "available"
    assert shown(hass, CARD) == "unknown"
    assert shown(hass, "sensor.garage_session_start") == "unknown"
    assert await sessions(hass) == []


@pytest.mark.proves("TC_005_1_CSMS")
async def test_a_session_ends_when_the_cable_is_pulled_at_the_car(
    hass: HomeAssistant, charging: Charger
) -> None:
    await charging.status(1, "SuspendedEV")
    await settled(hass, charging)
    assert shown(hass, STATUS) == "suspended_ev"
    await charging.stop(1, "EVDisconnected")
    await settled(hass, charging)
    assert shown(hass, STATUS) == "finishing"
    assert shown(hass, STOP_REASON) == "ev_disconnected"
    await charging.unplug()
    await settled(hass, charging)
    assert shown(hass, STATUS) == "available"
    (session,) = await sessions(hass)
    assert session["stop_reason"] == "ev_disconnected"
    assert session["energy"] == pytest.approx(1.84)
    assert session["end"] is not None


@pytest.mark.proves("TC_007_CSMS")
async def test_a_card_that_the_charger_remembers_starts_at_once(
    hass: HomeAssistant, charger: Charger
) -> None:
    await charger.plug_in()
    await charger.start(1, ANNA)
    await is_charging_for_anna(hass, charger)
    assert charger.sent_calls("Authorize") == []


@pytest.mark.parametrize(
    ("token", "status", "name"),
    [
        pytest.param(
            UNKNOWN, "Invalid", "…DDCC", marks=pytest.mark.proves("TC_023_1_CSMS")
        ),
        pytest.param(
            EXPIRED, "Expired", "Last year's", marks=pytest.mark.proves("TC_023_2_CSMS")
        ),
        pytest.param(
            BLOCKED, "Blocked", "Lost", marks=pytest.mark.proves("TC_023_3_CSMS")
        ),
    ],
)
async def test_a_card_that_may_not_charge_is_refused_and_told_why(
    hass: HomeAssistant, charger: Charger, token: str, status: str, name: str
) -> None:
    await charger.plug_in()
    assert not await charger.present_card(token)
    await settled(hass, charger)
    (answer,) = answers(charger, "Authorize")
    assert answer["idTagInfo"]["status"] == status
    event = found(hass, PRESENTED)
    assert event.attributes["event_type"] == "refused"
    assert event.attributes["name"] == name
    assert shown(hass, STATUS) == "preparing"
    assert await sessions(hass) == []


@pytest.mark.proves("TC_024_CSMS")
async def test_a_cable_that_can_not_be_locked_is_a_problem(
    hass: HomeAssistant, charger: Charger
) -> None:
    assert await charger.authorize(ANNA) == "Accepted"
    await charger.status(1, "Preparing")
    await settled(hass, charger)
    assert shown(hass, "binary_sensor.garage_problem") == "off"
    await charger.status(1, "Faulted", "ConnectorLockFailure")
    await settled(hass, charger)
    assert shown(hass, STATUS) == "faulted"
    assert shown(hass, "sensor.garage_error_code") == "connector_lock_failure"
    assert shown(hass, "binary_sensor.garage_problem") == "on"
    assert await sessions(hass) == []


@pytest.mark.proves("TC_061_CSMS")
async def test_a_charger_forgets_the_cards_that_it_remembers(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    assert await act(hass, garage, "clear_cache") == {"status": "Accepted"}
    assert requests(charger, "ClearCache") == [{}]
    await settled(hass, charger)
