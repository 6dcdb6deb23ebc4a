"""F: sessions are begun from afar, cables are released."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.simulator_v2 import Station

from .conversation import (
    ANNA,
    CARD,
    STATUS,
    act,
    answers,
    eventually,
    failure,
    requests,
    sessions,
    settled,
    shown,
    use,
)


async def is_charging_for_anna(hass: HomeAssistant, two: Station) -> None:
    """Check that a session runs, which was begun from afar, and that it is kept."""
    await eventually(hass, lambda: shown(hass, STATUS) == "charging")
    await settled(hass, two)
    (asked,) = requests(two, "RequestStartTransaction")
    assert asked["idToken"]["idToken"] == ANNA
    started = [
        it["transactionInfo"]["remoteStartId"]
        for it in two.sent_calls("TransactionEvent")
        if "remoteStartId" in it["transactionInfo"]
    ]
    assert started == [asked["remoteStartId"]]
    assert shown(hass, CARD) == "Anna"
    assert shown(hass, "switch.garage_charging") == "on"
    (session,) = await sessions(hass)
    assert (session["card"], session["evse"], session["end"]) == ("Anna", 1, None)


@pytest.mark.proves("TC_F_01_CSMS", ocpp="2.0.1")
@pytest.mark.proves("F01", ocpp="2.0.1")
@pytest.mark.proves("C05", ocpp="2.0.1")
async def test_a_car_that_is_plugged_in_charges(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    await two.plug_in(1)
    await settled(hass, two)
    assert shown(hass, "switch.garage_charging") == "off"
    answer = await act(hass, garage, "start_transaction", of=1, id_token=ANNA)
    assert answer == {"status": "Accepted"}
    await is_charging_for_anna(hass, two)


@pytest.mark.parametrize(
    "asks",
    [
        pytest.param("true", marks=pytest.mark.proves("TC_F_02_CSMS", ocpp="2.0.1")),
        pytest.param("false", marks=pytest.mark.proves("TC_F_03_CSMS", ocpp="2.0.1")),
    ],
)
@pytest.mark.proves("F02", ocpp="2.0.1")
async def test_a_car_that_is_plugged_in_later_charges(
    hass: HomeAssistant, garage: HubCharger, two: Station, asks: str
) -> None:
    two.variables["AuthCtrlr.AuthorizeRemoteStart"].value = asks
    await act(hass, garage, "start_transaction", of=1, id_token=ANNA)
    await eventually(hass, lambda: two.evses[1].token is not None)
    await settled(hass, two)
    if asks == "true":
        (answer,) = answers(two, "Authorize")
        assert answer["idTokenInfo"]["status"] == "Accepted"
    assert shown(hass, STATUS) != "charging"
    assert shown(hass, "binary_sensor.garage_charging") == "off"
    await two.plug_in(1)
    await is_charging_for_anna(hass, two)


@pytest.mark.proves("TC_F_04_CSMS", ocpp="2.0.1")
async def test_a_car_that_does_not_come_leaves_nothing_behind(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    await act(hass, garage, "start_transaction", of=1, id_token=ANNA)
    await eventually(hass, lambda: two.evses[1].token is not None)
    await two.tick(61)
    await settled(hass, two)
    (ended,) = [
        it
        for it in two.sent_calls("TransactionEvent")
        if it["triggerReason"] == "EVConnectTimeout"
    ]
    assert ended["eventType"] == "Ended"
    assert shown(hass, STATUS) == "available"
    assert shown(hass, "switch.garage_charging") == "off"
    (session,) = await sessions(hass)
    assert (session["stop_reason"], session["energy"] or 0) == ("timeout", 0)


@pytest.mark.proves("F01", ocpp="2.0.1")
async def test_a_start_that_the_station_refuses_is_an_error(
    hass: HomeAssistant, garage: HubCharger, charging: Station
) -> None:
    with failure("charging_rejected", status="Rejected"):
        await act(hass, garage, "start_transaction", of=1, id_token=ANNA)
    assert len(await sessions(hass)) == 1


@pytest.mark.proves("F03", ocpp="2.0.1")
async def test_a_stop_that_the_station_refuses_is_an_error(
    hass: HomeAssistant, garage: HubCharger, charging: Station
) -> None:
    charging.answers["RequestStopTransaction"] = {"status": "Rejected"}
    with failure("charging_rejected", status="Rejected"):
        await act(hass, garage, "stop_transaction", of=1)
    assert shown(hass, STATUS) == "charging"


@pytest.mark.proves("TC_F_06_CSMS", ocpp="2.0.1")
async def test_a_cable_is_released(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    await use(hass, "button.garage_unlock", "press")
    assert requests(two, "UnlockConnector") == [{"evseId": 1, "connectorId": 1}]
    answer = await act(hass, garage, "unlock_connector", evse_id=2, connector_id=2)
    assert answer == {"status": "Unlocked"}
    assert requests(two, "UnlockConnector")[-1] == {"evseId": 2, "connectorId": 2}


@pytest.mark.parametrize(
    "status", ["UnlockFailed", "OngoingAuthorizedTransaction", "UnknownConnector"]
)
@pytest.mark.proves("F05", ocpp="2.0.1")
async def test_a_cable_that_is_not_released_is_an_error(
    hass: HomeAssistant, two: Station, status: str
) -> None:
    two.answers["UnlockConnector"] = {"status": status}
    with failure("charging_rejected", command="UnlockConnector", status=status):
        await use(hass, "button.garage_unlock", "press")


EVSE = {"id": 1}
CONNECTOR = {"id": 1, "connectorId": 1}


@pytest.mark.parametrize(
    ("message", "place", "brings", "times"),
    [
        pytest.param(
            "MeterValues",
            EVSE,
            "MeterValues",
            1,
            marks=pytest.mark.proves("TC_F_11_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            "MeterValues",
            None,
            "MeterValues",
            2,
            marks=pytest.mark.proves("TC_F_12_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            "TransactionEvent",
            EVSE,
            "TransactionEvent",
            1,
            marks=pytest.mark.proves("TC_F_13_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            "TransactionEvent",
            None,
            "TransactionEvent",
            2,
            marks=pytest.mark.proves("TC_F_14_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            "LogStatusNotification",
            None,
            "LogStatusNotification",
            1,
            marks=pytest.mark.proves("TC_F_15_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            "FirmwareStatusNotification",
            None,
            "FirmwareStatusNotification",
            1,
            marks=pytest.mark.proves("TC_F_18_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            "Heartbeat",
            None,
            "Heartbeat",
            1,
            marks=pytest.mark.proves("TC_F_20_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            "StatusNotification",
            CONNECTOR,
            "StatusNotification",
            1,
            marks=pytest.mark.proves("TC_F_23_CSMS", ocpp="2.0.1"),
        ),
    ],
)
@pytest.mark.proves("F06", ocpp="2.0.1")
async def test_a_message_is_asked_for_and_taken_up(
    hass: HomeAssistant,
    garage: HubCharger,
    two: Station,
    message: str,
    place: dict[str, int] | None,
    brings: str,
    times: int,
) -> None:
    if message == "TransactionEvent":
        for evse, card in ((1, ANNA), (2, "0401")):
            await two.plug_in(evse)
            assert await two.present_card(evse, card)
        await settled(hass, two)
        for evse in two.evses.values():
            evse.meter_wh += 5000
    elif message == "MeterValues":
        for evse in two.evses.values():
            evse.meter_wh = 77_000
    before = len(answers(two, brings))
    fields: dict[str, Any] = {} if place is None else {"evse": place}
    answer = await act(
        hass, garage, "trigger_message", requested_message=message, **fields
    )
    assert answer == {"status": "Accepted"}
    assert requests(two, "TriggerMessage")[-1] == {"requestedMessage": message} | fields
    await two.until(lambda: len(answers(two, brings)) == before + times)
    await settled(hass, two)
    energy = "sensor.garage_session_energy"
    match message:
        case "TransactionEvent":
            assert float(shown(hass, energy)) == pytest.approx(5)
        case "MeterValues":
            assert float(shown(hass, "sensor.garage_energy")) == pytest.approx(77)
        case "Heartbeat":
            assert "currentTime" in answers(two, "Heartbeat")[-1]
        case "StatusNotification":
            assert shown(hass, STATUS) == "available"
        case "LogStatusNotification":
            assert shown(hass, "sensor.garage_log_upload") == "idle"


@pytest.mark.proves("TC_F_24_CSMS", ocpp="2.0.1")
async def test_a_status_that_was_lost_is_asked_for(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    # Nobody is told that a car came.
    two.evses[1].connectors[1].status = "Occupied"
    assert shown(hass, STATUS) == "available"
    answer = await act(
        hass,
        garage,
        "trigger_message",
        requested_message="status_notification",
        evse=CONNECTOR,
    )
    assert answer == {"status": "Accepted"}
    assert requests(two, "TriggerMessage")[-1] == {
        "requestedMessage": "StatusNotification",
        "evse": CONNECTOR,
    }
    await eventually(hass, lambda: shown(hass, STATUS) == "preparing")


@pytest.mark.proves("TC_F_27_CSMS", ocpp="2.0.1")
async def test_a_message_that_the_station_does_not_have_is_an_error(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    with failure("command_rejected", command="TriggerMessage", status="NotImplemented"):
        await act(
            hass,
            garage,
            "trigger_message",
            requested_message="sign_combined_certificate",
        )
