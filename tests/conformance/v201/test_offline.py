"""E: what stations tell late, twice or not at all. C: cards that they let in alone."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.conftest import ConnectTwo, eventually
from tests.simulator_v2 import Station

from .conversation import (
    ANNA,
    BEN,
    BLOCKED,
    CARD,
    CONNECTED,
    ENERGY,
    SECOND_STATUS,
    STATUS,
    STOP_REASON,
    UNKNOWN,
    Transaction,
    act,
    answers,
    moment,
    register,
    requests,
    sessions,
    settled,
    shown,
)


async def away(hass: HomeAssistant, two: Station) -> None:
    """Let the station lose its connection."""
    two.go_offline()
    await eventually(hass, lambda: shown(hass, CONNECTED) == "off")


@pytest.mark.proves("B04", ocpp="2.0.1")
async def test_an_idle_station_comes_back_as_it_was(
    hass: HomeAssistant, two: Station
) -> None:
    await away(hass, two)
    assert shown(hass, STATUS) == "unavailable"
    two.evses[2].connectors[2].faulted = True
    await two.come_back()
    await settled(hass, two)
    assert len(two.sent_calls("BootNotification")) == 1
    assert shown(hass, CONNECTED) == "on"
    # What it does not tell again is as it was.
    assert shown(hass, STATUS) == "available"
    assert shown(hass, SECOND_STATUS) == "available"
    assert await sessions(hass) == []


@pytest.mark.proves("E04", ocpp="2.0.1")
@pytest.mark.proves("C13", ocpp="2.0.1")
async def test_a_session_that_began_while_nobody_listened(
    hass: HomeAssistant, two: Station
) -> None:
    two.state.local_list[ANNA.casefold()] = {"status": "Accepted"}
    await away(hass, two)
    await two.plug_in(1, max_current=16)
    assert await two.present_card(1, ANNA)
    await two.tick(600)
    assert await sessions(hass) == []
    await two.come_back()
    await settled(hass, two)
    assert all(event["offline"] for event in two.sent_calls("TransactionEvent"))
    assert shown(hass, STATUS) == "charging"
    assert shown(hass, CARD) == "Anna"
    assert float(shown(hass, ENERGY)) == pytest.approx(1.84)
    (session,) = await sessions(hass)
    assert (session["card"], session["end"]) == ("Anna", None)


@pytest.mark.proves("C15", ocpp="2.0.1")
async def test_a_stranger_who_began_while_nobody_listened_is_refused_later(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    two.variables["AuthCtrlr.OfflineTxForUnknownIdEnabled"].value = "true"
    await away(hass, two)
    await two.plug_in(1)
    assert await two.present_card(1, UNKNOWN)
    running = two.evses[1].transaction
    assert running is not None
    await two.come_back()
    await settled(hass, two)
    told = [it["idTokenInfo"] for it in answers(two, "TransactionEvent") if it]
    assert told[-1]["status"] in ("Invalid", "Unknown")
    assert two.evses[1].token is None
    await two.unplug(1)
    await settled(hass, two)
    assert shown(hass, STATUS) == "available"
    kept = await garage.station.store.find("CP1", running.id)
    assert kept is not None
    assert not kept.running
    assert kept.card is None


@pytest.mark.proves("E08", ocpp="2.0.1")
async def test_a_session_that_ended_while_nobody_listened(
    hass: HomeAssistant, charging: Station
) -> None:
    await away(hass, charging)
    await charging.tick(600)
    assert await charging.present_card(1, ANNA)
    await charging.unplug(1)
    (before,) = await sessions(hass)
    assert before["end"] is None
    await charging.come_back()
    await settled(hass, charging)
    assert shown(hass, STATUS) == "available"
    assert shown(hass, STOP_REASON) == "local"
    (session,) = await sessions(hass)
    assert session["id"] == before["id"]
    assert session["energy"] == pytest.approx(3.68)
    assert session["complete"]


@pytest.mark.proves("E11", ocpp="2.0.1")
async def test_a_session_goes_on_while_nobody_listens(
    hass: HomeAssistant, charging: Station
) -> None:
    (before,) = await sessions(hass)
    await away(hass, charging)
    for _ in range(3):
        await charging.tick(600)
    await charging.come_back()
    await settled(hass, charging)
    assert float(shown(hass, ENERGY)) == pytest.approx(4 * 1.84)
    (session,) = await sessions(hass)
    assert (session["id"], session["end"]) == (before["id"], None)
    # Told as numbered, without a gap.
    numbers = [it["seqNo"] for it in charging.sent_calls("TransactionEvent")]
    assert numbers == list(range(len(numbers)))


@pytest.mark.proves("E12", ocpp="2.0.1")
async def test_a_whole_session_that_nobody_heard_of(
    hass: HomeAssistant, two: Station
) -> None:
    two.variables["AuthCacheCtrlr.Enabled"].value = "true"
    await two.authorize(BEN)
    await away(hass, two)
    await two.plug_in(2, max_current=16)
    assert await two.present_card(2, BEN)
    await two.tick(600)
    assert await two.present_card(2, BEN)
    await two.unplug(2)
    assert len(two.queue) >= 5
    await two.come_back()
    await settled(hass, two)
    (session,) = await sessions(hass)
    assert (session["card"], session["evse"]) == ("Ben", 2)
    assert session["energy"] == pytest.approx(1.84)
    assert session["complete"]
    assert shown(hass, SECOND_STATUS) == "available"


@pytest.mark.proves("C12", ocpp="2.0.1")
@pytest.mark.proves("C14", ocpp="2.0.1")
async def test_a_card_that_the_station_let_in_alone_is_judged_all_the_same(
    hass: HomeAssistant, two: Station
) -> None:
    transaction = Transaction(two)
    await transaction.plugged_in()
    answer = await transaction.tell("Updated", "Authorized", card=BLOCKED)
    assert answer["idTokenInfo"]["status"] == "Blocked"
    await settled(hass, two)
    assert two.sent_calls("Authorize") == []
    assert shown(hass, CARD) == "unknown"
    answer = await transaction.tell("Updated", "Authorized", card=ANNA)
    assert answer["idTokenInfo"]["status"] == "Accepted"
    await settled(hass, two)
    assert shown(hass, CARD) == "Anna"


@pytest.mark.proves("E13", ocpp="2.0.1")
async def test_an_event_that_comes_again_counts_once(
    hass: HomeAssistant, two: Station
) -> None:
    transaction = Transaction(two)
    await transaction.plugged_in()
    events = [
        transaction.event("Updated", "Authorized", card=ANNA, state="Charging"),
        transaction.event(
            "Ended",
            "StopAuthorized",
            card=ANNA,
            reason="Local",
            meterValue=[
                register(1000, "Transaction.Begin", moment(-30)),
                register(3000, "Transaction.End", moment()),
            ],
        ),
    ]
    for event in events:
        told = [await two.call("TransactionEvent", event) for _ in range(3)]
        assert told[0]["idTokenInfo"]["status"] == "Accepted"
        assert told[0] == told[1] == told[2]
    await settled(hass, two)
    (session,) = await sessions(hass)
    assert session["energy"] == pytest.approx(2)
    assert session["complete"]


@pytest.mark.parametrize(
    ("queued", "named"),
    [
        pytest.param(
            False, True, marks=pytest.mark.proves("TC_E_30_CSMS", ocpp="2.0.1")
        ),
        pytest.param(
            False, False, marks=pytest.mark.proves("TC_E_34_CSMS", ocpp="2.0.1")
        ),
        pytest.param(
            True, True, marks=pytest.mark.proves("TC_E_29_CSMS", ocpp="2.0.1")
        ),
        pytest.param(
            True, False, marks=pytest.mark.proves("TC_E_33_CSMS", ocpp="2.0.1")
        ),
    ],
)
async def test_people_can_ask_what_is_still_to_come(
    hass: HomeAssistant,
    garage: HubCharger,
    charging: Station,
    queued: bool,
    named: bool,
) -> None:
    running = charging.evses[1].transaction
    assert running is not None
    before = float(shown(hass, ENERGY))
    if queued:
        await away(hass, charging)
        await charging.tick(600)
        kept, charging.queue = charging.queue, []
        await charging.come_back()
        # It connected, and has not told yet what it kept.
        charging.queue = kept
    fields: dict[str, Any] = {"transaction_id": running.id} if named else {}
    answer = await act(hass, garage, "get_transaction_status", **fields)
    assert answer == {"messagesInQueue": queued} | (
        {"ongoingIndicator": True} if named else {}
    )
    assert requests(charging, "GetTransactionStatus")[-1] == (
        {"transactionId": running.id} if named else {}
    )
    await charging.flush()
    await settled(hass, charging)
    energy = float(shown(hass, ENERGY))
    assert energy == pytest.approx(2 * before if queued else before)


@pytest.mark.proves("TC_E_31_CSMS", ocpp="2.0.1")
@pytest.mark.proves("E14", ocpp="2.0.1")
async def test_what_is_missing_is_asked_for_and_taken_up(
    hass: HomeAssistant, two: Station
) -> None:
    transaction = Transaction(two)
    await transaction.charges()
    await away(hass, two)
    at = moment(-2)
    skipped = [
        transaction.event("Updated", "StopAuthorized", card=ANNA, at=at, offline=True),
        transaction.event(
            "Updated",
            "ChargingStateChanged",
            state="EVConnected",
            at=at,
            offline=True,
            meterValue=[register(9000, "Sample.Periodic", at)],
        ),
    ]
    two.answers["GetTransactionStatus"] = {
        "ongoingIndicator": False,
        "messagesInQueue": True,
    }
    await two.connect()
    await transaction.unplugged()
    await two.wait_for_call("GetTransactionStatus")
    assert requests(two, "GetTransactionStatus")[-1] == {
        "transactionId": transaction.id
    }
    for event in skipped:
        await two.call("TransactionEvent", event)
    await settled(hass, two)
    assert shown(hass, STATUS) == "available"
    (session,) = await sessions(hass)
    assert session["stop_reason"] == "ev_disconnected"
    assert session["energy"] == pytest.approx(8)


@pytest.mark.proves("E12", ocpp="2.0.1")
async def test_a_station_that_has_never_been_here_brings_its_past(
    hass: HomeAssistant, connect_two: ConnectTwo
) -> None:
    two = await connect_two()
    past = Transaction(two)
    two.answers["GetTransactionStatus"] = {
        "ongoingIndicator": False,
        "messagesInQueue": True,
    }
    events = [
        past.event("Started", "CablePluggedIn", placed=True, at=moment(-90)),
        past.event("Updated", "Authorized", card=ANNA, at=moment(-89)),
        past.event("Ended", "StopAuthorized", card=ANNA, at=moment(-60)),
    ]
    await two.power_up()
    for event in events:
        await two.call("TransactionEvent", event | {"offline": True})
    await settled(hass, two)
    (session,) = await sessions(hass)
    assert (session["card"], session["duration"]) == ("Anna", 30 * 60)
    assert shown(hass, STATUS) == "available"
