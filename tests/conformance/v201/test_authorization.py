"""C: people show cards, and may charge or not."""

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.simulator_v2 import Station

from .conversation import (
    ANNA,
    BEN,
    BLOCKED,
    CARD,
    EXPIRED,
    MASTER,
    PRESENTED,
    SECOND_STATUS,
    STATUS,
    STOP_REASON,
    UNKNOWN,
    Transaction,
    act,
    answers,
    failure,
    found,
    requests,
    sessions,
    settled,
    shown,
)


@pytest.mark.parametrize(
    ("token", "status", "name"),
    [
        pytest.param(
            UNKNOWN,
            "Unknown",
            "…DDCC",
            marks=pytest.mark.proves("TC_C_02_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            BLOCKED,
            "Blocked",
            "Lost",
            marks=pytest.mark.proves("TC_C_06_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            EXPIRED,
            "Expired",
            "Last year's",
            marks=pytest.mark.proves("TC_C_07_CSMS", ocpp="2.0.1"),
        ),
    ],
)
@pytest.mark.proves("C01", ocpp="2.0.1")
async def test_a_card_that_may_not_charge_is_refused_and_told_why(
    hass: HomeAssistant, two: Station, token: str, status: str, name: str
) -> None:
    await two.plug_in(1)
    assert not await two.present_card(1, token)
    await settled(hass, two)
    (answer,) = answers(two, "Authorize")
    assert answer["idTokenInfo"]["status"] == status
    event = found(hass, PRESENTED)
    assert event.attributes["event_type"] == "refused"
    assert event.attributes["name"] == name
    assert shown(hass, STATUS) == "preparing"
    assert shown(hass, CARD) == "unknown"
    assert shown(hass, "switch.garage_charging") == "off"


@pytest.mark.proves("C01", ocpp="2.0.1")
@pytest.mark.proves("C08", ocpp="2.0.1")
@pytest.mark.parametrize("kind", ["ISO14443", "ISO15693"])
async def test_a_card_charges_however_it_is_written(
    hass: HomeAssistant, two: Station, kind: str
) -> None:
    await two.plug_in(1)
    assert await two.present_card(1, ANNA.lower(), kind)
    await settled(hass, two)
    assert shown(hass, STATUS) == "charging"
    assert shown(hass, CARD) == "Anna"
    event = found(hass, PRESENTED)
    assert (event.attributes["event_type"], event.attributes["name"]) == (
        "accepted",
        "Anna",
    )


@pytest.mark.parametrize(
    ("token", "accepted"),
    [
        pytest.param(
            ANNA, True, marks=pytest.mark.proves("TC_C_08_CSMS", ocpp="2.0.1")
        ),
        pytest.param(
            UNKNOWN, False, marks=pytest.mark.proves("TC_C_20_CSMS", ocpp="2.0.1")
        ),
    ],
)
async def test_a_card_that_the_station_remembers_is_judged_when_it_starts(
    hass: HomeAssistant, two: Station, token: str, accepted: bool
) -> None:
    transaction = Transaction(two)
    await transaction.plugged_in()
    answer = await transaction.tell("Updated", "Authorized", card=token)
    assert (answer["idTokenInfo"]["status"] == "Accepted") is accepted
    await settled(hass, two)
    assert two.sent_calls("Authorize") == []
    assert shown(hass, CARD) == ("Anna" if accepted else "unknown")
    event = found(hass, PRESENTED)
    assert event.attributes["event_type"] == ("accepted" if accepted else "refused")


@pytest.mark.proves("TC_C_37_CSMS", ocpp="2.0.1")
async def test_a_station_forgets_the_cards_that_it_remembers(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    two.variables["AuthCacheCtrlr.Enabled"].value = "true"
    await two.authorize(ANNA)
    assert set(two.state.cache) == {ANNA.casefold()}
    assert await act(hass, garage, "clear_cache") == {"status": "Accepted"}
    assert requests(two, "ClearCache") == [{}]
    assert two.state.cache == {}


@pytest.mark.proves("TC_C_38_CSMS", ocpp="2.0.1")
async def test_a_station_that_remembers_nobody_says_so(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    with failure("command_rejected", command="ClearCache", status="Rejected"):
        await act(hass, garage, "clear_cache")


@pytest.mark.parametrize(
    "asks",
    [
        pytest.param(
            True,
            marks=[
                pytest.mark.proves("TC_C_39_CSMS", ocpp="2.0.1"),
                pytest.mark.proves("TC_C_43_CSMS", ocpp="2.0.1"),
            ],
        ),
        pytest.param(False, marks=pytest.mark.proves("TC_C_40_CSMS", ocpp="2.0.1")),
    ],
)
async def test_a_card_of_the_group_ends_a_session(
    hass: HomeAssistant, two: Station, asks: bool
) -> None:
    family = {"idToken": "Family", "type": "Central"}
    transaction = Transaction(two)
    await transaction.plugged_in()
    if asks:
        assert (await two.authorize(ANNA))["groupIdToken"] == family
    begun = await transaction.tell("Updated", "Authorized", card=ANNA)
    assert begun["idTokenInfo"] == {"status": "Accepted", "groupIdToken": family}
    await transaction.tell("Updated", "ChargingStateChanged", state="Charging")
    await settled(hass, two)
    assert shown(hass, CARD) == "Anna"
    if asks:
        assert (await two.authorize(BEN))["groupIdToken"] == family
    stopped = await transaction.tell("Updated", "StopAuthorized", card=BEN)
    assert stopped["idTokenInfo"] == {"status": "Accepted", "groupIdToken": family}
    await transaction.tell("Updated", "ChargingStateChanged", state="EVConnected")
    await transaction.unplugged()
    await settled(hass, two)
    assert shown(hass, STATUS) == "available"
    (session,) = await sessions(hass)
    # It stays the session of whoever began it.
    assert (session["card"], session["complete"]) == ("Anna", True)


@pytest.mark.parametrize(
    ("ended", "shows"),
    [
        pytest.param(
            (1, 2), MASTER, marks=pytest.mark.proves("TC_C_47_CSMS", ocpp="2.0.1")
        ),
        pytest.param(
            (2,), MASTER, marks=pytest.mark.proves("TC_C_48_CSMS", ocpp="2.0.1")
        ),
        # The station tells of the cards that the sessions began with.
        pytest.param(
            (1, 2), None, marks=pytest.mark.proves("TC_C_49_CSMS", ocpp="2.0.1")
        ),
    ],
)
@pytest.mark.proves("C16", ocpp="2.0.1")
async def test_a_master_pass_ends_sessions(
    hass: HomeAssistant, two: Station, ended: tuple[int, ...], shows: str | None
) -> None:
    caretakers = {"idToken": "Caretakers", "type": "Central"}
    family = {"idToken": "Family", "type": "Central"}
    running = {1: Transaction(two, 1), 2: Transaction(two, 2)}
    cards = {1: ANNA, 2: BEN}
    for evse, card in cards.items():
        await running[evse].charges(card)
    info = await two.authorize(MASTER)
    assert (info["status"], info["groupIdToken"]) == ("Accepted", caretakers)
    for evse in ended:
        answer = await running[evse].tell(
            "Ended", "StopAuthorized", card=shows or cards[evse], reason="MasterPass"
        )
        assert answer["idTokenInfo"]["status"] == "Accepted"
        group = caretakers if shows else family
        assert answer["idTokenInfo"]["groupIdToken"] == group
    await settled(hass, two)
    kept = await sessions(hass)
    over = {it["evse"]: it["stop_reason"] for it in kept if it["end"] is not None}
    assert over == dict.fromkeys(ended, "master_pass")
    assert {it["card"] for it in kept} == {"Anna", "Ben"}
    assert shown(hass, STATUS) == ("finishing" if 1 in ended else "charging")
    assert shown(hass, "sensor.garage_connector_2_stop_reason") == "master_pass"
    assert (shown(hass, STOP_REASON) == "master_pass") is (1 in ended)
    assert shown(hass, SECOND_STATUS) == "finishing"
