"""E: transactions end, at whatever point and for whatever reason."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.simulator_v2 import Station

from .conversation import (
    ANNA,
    BEN,
    CARD,
    PRESENTED,
    STATUS,
    STOP_REASON,
    UNKNOWN,
    Transaction,
    act,
    answers,
    eventually,
    found,
    moment,
    register,
    requests,
    sessions,
    settled,
    shown,
)


@pytest.fixture
async def transaction(hass: HomeAssistant, two: Station) -> Transaction:
    """Return a transaction that charges for Anna."""
    transaction = Transaction(two)
    await transaction.charges()
    await settled(hass, two)
    assert shown(hass, STATUS) == "charging"
    return transaction


async def has_ended(hass: HomeAssistant, two: Station, reason: str) -> None:
    """Check that the session is over, what is shown of it, and what is kept."""
    await settled(hass, two)
    assert shown(hass, STOP_REASON) == reason
    assert shown(hass, "switch.garage_charging") == "off"
    (session,) = await sessions(hass)
    assert (session["card"], session["stop_reason"]) == ("Anna", reason)
    assert session["energy"] == pytest.approx(5)
    assert session["complete"]


def last(wh: float = 6000) -> list[dict[str, Any]]:
    """Return the register at the end."""
    return [register(wh, "Transaction.End", moment())]


@pytest.mark.parametrize(
    ("trigger", "state", "reason", "shown_reason"),
    [
        pytest.param(
            "StopAuthorized",
            None,
            "Local",
            "local",
            marks=[
                pytest.mark.proves("TC_E_07_CSMS", ocpp="2.0.1"),
                pytest.mark.proves("TC_E_15_CSMS", ocpp="2.0.1"),
            ],
            id="StopAuthorized",
        ),
        pytest.param(
            "ChargingStateChanged",
            "SuspendedEV",
            "StoppedByEV",
            "stopped_by_ev",
            marks=[
                pytest.mark.proves("TC_E_22_CSMS", ocpp="2.0.1"),
                pytest.mark.proves("E15", ocpp="2.0.1"),
            ],
            id="SuspendedEV",
        ),
        pytest.param("AbnormalCondition", None, "PowerLoss", "power_loss"),
        pytest.param("EnergyLimitReached", None, "EnergyLimitReached", None),
        # The reason that goes without saying.
        pytest.param("StopAuthorized", None, None, "local"),
    ],
)
@pytest.mark.proves("E06", ocpp="2.0.1")
async def test_a_session_ends(
    hass: HomeAssistant,
    two: Station,
    transaction: Transaction,
    trigger: str,
    state: str | None,
    reason: str | None,
    shown_reason: str | None,
) -> None:
    await transaction.tell(
        "Ended", trigger, state=state, reason=reason, meterValue=last()
    )
    await has_ended(hass, two, shown_reason or "energy_limit_reached")
    assert shown(hass, STATUS) == "finishing"
    await two.status(1, 1, "Available")
    await settled(hass, two)
    assert shown(hass, STATUS) == "available"


@pytest.mark.proves("TC_E_08_CSMS", ocpp="2.0.1")
@pytest.mark.proves("E07", ocpp="2.0.1")
async def test_a_card_of_the_same_group_ends_a_session(
    hass: HomeAssistant, two: Station, transaction: Transaction
) -> None:
    answer = await transaction.tell("Updated", "StopAuthorized", card=BEN)
    assert answer["idTokenInfo"]["status"] == "Accepted"
    assert answer["idTokenInfo"]["groupIdToken"]["idToken"] == "Family"
    await transaction.tell(
        "Ended",
        "ChargingStateChanged",
        state="EVConnected",
        reason="Local",
        meterValue=last(),
    )
    await has_ended(hass, two, "local")


@pytest.mark.parametrize(
    "suspended",
    [
        pytest.param(False, marks=pytest.mark.proves("TC_E_14_CSMS", ocpp="2.0.1")),
        pytest.param(
            True,
            marks=[
                pytest.mark.proves("TC_E_17_CSMS", ocpp="2.0.1"),
                pytest.mark.proves("TC_E_20_CSMS", ocpp="2.0.1"),
                pytest.mark.proves("E09", ocpp="2.0.1"),
            ],
        ),
    ],
)
async def test_a_session_ends_when_the_cable_is_pulled(
    hass: HomeAssistant, two: Station, transaction: Transaction, suspended: bool
) -> None:
    await transaction.tell(
        "Updated",
        "MeterValuePeriodic",
        meterValue=[register(6000, "Sample.Periodic", moment())],
    )
    if suspended:
        await transaction.tell("Updated", "ChargingStateChanged", state="SuspendedEV")
        await settled(hass, two)
        assert shown(hass, STATUS) == "suspended_ev"
    else:
        await transaction.tell("Updated", "StopAuthorized", card=ANNA)
        await transaction.tell("Updated", "ChargingStateChanged", state="EVConnected")
        await settled(hass, two)
        assert shown(hass, STATUS) == "finishing"
    await transaction.unplugged()
    await has_ended(hass, two, "ev_disconnected")
    assert shown(hass, STATUS) == "available"
    assert shown(hass, "binary_sensor.garage_plugged_in") == "off"


@pytest.mark.proves("TC_E_19_CSMS", ocpp="2.0.1")
async def test_a_session_ends_when_the_car_leaves(
    hass: HomeAssistant, two: Station, transaction: Transaction
) -> None:
    await transaction.tell("Updated", "StopAuthorized", card=ANNA)
    await transaction.unplugged("Updated")
    await settled(hass, two)
    (session,) = await sessions(hass)
    assert session["end"] is None
    await transaction.tell("Ended", "EVDeparted", reason="Local", meterValue=last())
    await has_ended(hass, two, "local")
    assert shown(hass, STATUS) == "available"


@pytest.mark.proves("TC_E_26_CSMS", ocpp="2.0.1")
@pytest.mark.proves("E10", ocpp="2.0.1")
async def test_a_session_outlives_a_cable_that_is_pulled(
    hass: HomeAssistant, two: Station, transaction: Transaction
) -> None:
    (before,) = await sessions(hass)
    await transaction.tell("Updated", "ChargingStateChanged", state="SuspendedEV")
    await transaction.unplugged("Updated")
    await settled(hass, two)
    assert shown(hass, STATUS) == "available"
    await transaction.plugged_in("Updated")
    await transaction.tell("Updated", "ChargingStateChanged", state="Charging")
    await settled(hass, two)
    assert shown(hass, STATUS) == "charging"
    assert shown(hass, CARD) == "Anna"
    (after,) = await sessions(hass)
    assert (after["id"], after["end"]) == (before["id"], None)


@pytest.mark.proves("TC_E_16_CSMS", ocpp="2.0.1")
@pytest.mark.proves("E05", ocpp="2.0.1")
async def test_a_card_that_is_refused_has_no_session(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    refused = Transaction(two)
    await two.status(1, 1, "Occupied")
    answer = await refused.tell("Started", "Authorized", card=UNKNOWN, placed=True)
    assert answer["idTokenInfo"]["status"] in ("Invalid", "Unknown")
    await refused.tell("Ended", "Deauthorized", reason="DeAuthorized")
    await settled(hass, two)
    event = found(hass, PRESENTED)
    assert event.attributes["event_type"] == "refused"
    assert shown(hass, "sensor.garage_session_start") == "unknown"
    assert await sessions(hass) == []
    kept = await garage.station.store.find("CP1", refused.id)
    assert kept is not None
    assert (kept.stop_reason, kept.running) == ("de_authorized", False)


@pytest.mark.proves("TC_E_39_CSMS", ocpp="2.0.1")
@pytest.mark.proves("E03", ocpp="2.0.1")
async def test_a_card_without_a_car_leaves_nothing_behind(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    two.evse_at_once = False
    assert await two.present_card(1, ANNA)
    await two.tick(61)
    await settled(hass, two)
    (ended,) = [
        event
        for event in two.sent_calls("TransactionEvent")
        if event["eventType"] == "Ended"
    ]
    assert ended["triggerReason"] == "EVConnectTimeout"
    assert shown(hass, STATUS) == "available"
    assert shown(hass, "switch.garage_charging") == "off"
    assert await sessions(hass) == []
    kept = await garage.station.store.find(
        "CP1", ended["transactionInfo"]["transactionId"]
    )
    assert kept is not None
    assert (kept.stop_reason, kept.running) == ("timeout", False)


@pytest.mark.proves("TC_E_21_CSMS", ocpp="2.0.1")
@pytest.mark.proves("F03", ocpp="2.0.1")
@pytest.mark.proves("F04", ocpp="2.0.1")
async def test_a_session_is_ended_from_afar(
    hass: HomeAssistant, garage: HubCharger, charging: Station
) -> None:
    running = charging.evses[1].transaction
    assert running is not None
    await act(hass, garage, "stop_transaction", of=1)
    assert requests(charging, "RequestStopTransaction") == [
        {"transactionId": running.id}
    ]
    await eventually(hass, lambda: shown(hass, STOP_REASON) == "remote")
    await charging.unplug(1)
    await settled(hass, charging)
    (session,) = await sessions(hass)
    assert (session["stop_reason"], session["complete"]) == ("remote", True)
    assert session["energy"] == pytest.approx(1.84)
    assert len(answers(charging, "TransactionEvent")) == len(
        charging.sent_calls("TransactionEvent")
    )
