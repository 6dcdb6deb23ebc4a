"""E: transactions start, at whatever point a station lets them."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.simulator_v2 import Station

from .conversation import (
    ANNA,
    CARD,
    PRESENTED,
    STATUS,
    Transaction,
    found,
    moment,
    register,
    sessions,
    settled,
    shown,
)


async def is_charging_for_anna(
    hass: HomeAssistant, two: Station, transaction: Transaction
) -> None:
    """Check what people see of the transaction, and what is kept of it."""
    await settled(hass, two)
    assert shown(hass, STATUS) == "charging"
    assert shown(hass, CARD) == "Anna"
    assert shown(hass, "switch.garage_charging") == "on"
    (session,) = await sessions(hass)
    assert (session["card"], session["evse"], session["end"]) == ("Anna", 1, None)


@pytest.mark.proves("E01", ocpp="2.0.1")
@pytest.mark.parametrize(
    ("trigger", "state", "extra"),
    [
        pytest.param(
            "ChargingStateChanged",
            "SuspendedEVSE",
            {},
            marks=pytest.mark.proves("TC_E_01_CSMS", ocpp="2.0.1"),
            id="PowerPathClosed",
        ),
        pytest.param(
            "ChargingStateChanged",
            "Charging",
            {},
            marks=pytest.mark.proves("TC_E_02_CSMS", ocpp="2.0.1"),
            id="EnergyTransfer",
        ),
        pytest.param(
            "SignedDataReceived",
            None,
            {"meterValue": [register(0, "Transaction.Begin", moment(), signed=True)]},
            marks=pytest.mark.proves("TC_E_11_CSMS", ocpp="2.0.1"),
            id="DataSigned",
        ),
    ],
)
async def test_a_session_starts_when_card_and_cable_are_there(
    hass: HomeAssistant,
    two: Station,
    trigger: str,
    state: str | None,
    extra: dict[str, Any],
) -> None:
    assert (await two.authorize(ANNA))["status"] == "Accepted"
    await two.status(1, 1, "Occupied")
    await settled(hass, two)
    assert await sessions(hass) == []
    transaction = Transaction(two)
    answer = await transaction.tell(
        "Started", trigger, state=state, card=ANNA, placed=True, **extra
    )
    assert answer["idTokenInfo"]["status"] == "Accepted"
    await settled(hass, two)
    if state == "SuspendedEVSE":
        assert shown(hass, STATUS) == "suspended_evse"
    if state != "Charging":
        await transaction.tell("Updated", "ChargingStateChanged", state="Charging")
    await is_charging_for_anna(hass, two, transaction)


@pytest.mark.proves("TC_E_09_CSMS", ocpp="2.0.1")
@pytest.mark.proves("TC_E_03_CSMS", ocpp="2.0.1")
@pytest.mark.proves("E02", ocpp="2.0.1")
async def test_a_session_starts_with_the_cable(
    hass: HomeAssistant, two: Station
) -> None:
    transaction = Transaction(two)
    assert "idTokenInfo" not in await transaction.plugged_in()
    await settled(hass, two)
    assert shown(hass, STATUS) == "preparing"
    assert shown(hass, "binary_sensor.garage_plugged_in") == "on"
    assert shown(hass, "switch.garage_charging") == "off"
    (session,) = await sessions(hass)
    assert (session["card"], session["end"]) == (None, None)
    assert (await two.authorize(ANNA))["status"] == "Accepted"
    answer = await transaction.tell("Updated", "Authorized", card=ANNA)
    assert answer["idTokenInfo"]["status"] == "Accepted"
    await transaction.tell("Updated", "ChargingStateChanged", state="Charging")
    await is_charging_for_anna(hass, two, transaction)


@pytest.mark.proves("TC_E_10_CSMS", ocpp="2.0.1")
@pytest.mark.proves("TC_E_04_CSMS", ocpp="2.0.1")
@pytest.mark.proves("E03", ocpp="2.0.1")
async def test_a_session_starts_with_the_card(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    assert (await two.authorize(ANNA))["status"] == "Accepted"
    transaction = Transaction(two)
    answer = await transaction.tell("Started", "Authorized", card=ANNA)
    assert answer["idTokenInfo"]["status"] == "Accepted"
    await settled(hass, two)
    assert shown(hass, PRESENTED) != "unknown"
    assert found(hass, PRESENTED).attributes["name"] == "Anna"
    # People see a session once there is a place for it.
    assert await sessions(hass) == []
    kept = await garage.station.store.find("CP1", transaction.id)
    assert kept is not None
    assert (kept.card, kept.running) == ("Anna", True)
    await transaction.plugged_in("Updated")
    await transaction.tell("Updated", "ChargingStateChanged", state="Charging")
    await is_charging_for_anna(hass, two, transaction)


@pytest.mark.proves("TC_E_12_CSMS", ocpp="2.0.1")
async def test_a_session_starts_when_a_car_parks(
    hass: HomeAssistant, two: Station
) -> None:
    transaction = Transaction(two)
    assert await transaction.tell("Started", "EVDetected", placed=True) == {}
    await settled(hass, two)
    (session,) = await sessions(hass)
    assert (session["card"], session["evse"], session["end"]) == (None, 1, None)
    assert shown(hass, "sensor.garage_session_start") != "unknown"


@pytest.mark.proves("TC_E_38_CSMS", ocpp="2.0.1")
async def test_a_car_that_is_not_ready_is_waited_for(
    hass: HomeAssistant, two: Station
) -> None:
    await two.authorize(ANNA)
    transaction = Transaction(two)
    await transaction.tell("Started", "Authorized", card=ANNA)
    await transaction.plugged_in("Updated")
    await transaction.tell("Updated", "ChargingStateChanged", state="SuspendedEV")
    await settled(hass, two)
    assert shown(hass, STATUS) == "suspended_ev"
    assert shown(hass, CARD) == "Anna"
    (session,) = await sessions(hass)
    assert session["end"] is None


@pytest.mark.proves("TC_E_53_CSMS", ocpp="2.0.1")
async def test_each_session_counts_its_events_from_the_start(
    hass: HomeAssistant, two: Station
) -> None:
    for count in (1, 2):
        transaction = Transaction(two)
        await transaction.charges()
        await transaction.unplugged()
        await settled(hass, two)
        kept = await sessions(hass)
        assert len(kept) == count
        assert all(session["complete"] for session in kept)
        assert {session["stop_reason"] for session in kept} == {"ev_disconnected"}
    assert shown(hass, STATUS) == "available"
