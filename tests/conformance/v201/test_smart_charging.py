"""K: limits that people set."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp.charger import Charger as HubCharger
from tests.simulator.link import CallError
from tests.simulator_v2 import Station

from .conversation import (
    ANNA,
    CARD,
    STATUS,
    act,
    eventually,
    failure,
    requests,
    settled,
    shown,
    token,
)
from .profiles import known, profile, send


@pytest.mark.parametrize(
    ("evse", "fields"),
    [
        pytest.param(1, {}, marks=pytest.mark.proves("TC_K_01_CSMS", ocpp="2.0.1")),
        pytest.param(
            0,
            {"chargingProfilePurpose": "ChargingStationMaxProfile", "limit": 8},
            marks=pytest.mark.proves("TC_K_03_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(0, {}, marks=pytest.mark.proves("TC_K_10_CSMS", ocpp="2.0.1")),
        pytest.param(
            1,
            {"chargingProfileKind": "Recurring", "recurrencyKind": "Daily"},
            marks=pytest.mark.proves("TC_K_19_CSMS", ocpp="2.0.1"),
        ),
    ],
)
async def test_a_profile_is_set_and_obeyed(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    garage: HubCharger,
    two: Station,
    evse: int,
    fields: dict[str, Any],
) -> None:
    written = profile(**fields)
    assert await send(hass, garage, evse, written) == {"status": "Accepted"}
    assert requests(two, "SetChargingProfile")[-1] == {
        "evseId": evse,
        "chargingProfile": written,
    }
    purpose = written["chargingProfilePurpose"]
    assert (evse, 21, purpose) in await known(hass, entry)
    await two.plug_in(1)
    assert await two.present_card(1, ANNA)
    await settled(hass, two)
    assert two.flow(1).offered == fields.get("limit", 6)
    assert shown(hass, STATUS) == "charging"


@pytest.mark.proves("TC_K_60_CSMS", ocpp="2.0.1")
@pytest.mark.proves("K01", ocpp="2.0.1")
async def test_a_profile_is_set_for_a_session(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    garage: HubCharger,
    charging: Station,
) -> None:
    running = charging.evses[1].transaction
    assert running is not None
    written = profile(
        chargingProfilePurpose="TxProfile",
        chargingProfileKind="Relative",
        transactionId=running.id,
        limit=9,
    )
    assert await send(hass, garage, 1, written) == {"status": "Accepted"}
    sent = requests(charging, "SetChargingProfile")[-1]
    assert (sent["evseId"], sent["chargingProfile"]["transactionId"]) == (1, running.id)
    assert charging.flow(1).current == 9
    assert (1, 21, "TxProfile") in await known(hass, entry)
    await charging.unplug(1)
    await settled(hass, charging)
    # It goes with its session.
    assert (1, 21, "TxProfile") not in await known(hass, entry)


@pytest.mark.proves("TC_K_02_CSMS", ocpp="2.0.1")
async def test_a_profile_for_no_session_is_an_error(
    hass: HomeAssistant, entry: MockConfigEntry, garage: HubCharger, two: Station
) -> None:
    written = profile(
        chargingProfilePurpose="TxProfile",
        chargingProfileKind="Relative",
        transactionId="none",
        limit=7,
    )
    with failure("charging_rejected", command="SetChargingProfile", status="Rejected"):
        await send(hass, garage, 1, written)
    assert requests(two, "SetChargingProfile")[-1]["chargingProfile"] == written
    assert await known(hass, entry) == []


@pytest.mark.proves("TC_K_15_CSMS", ocpp="2.0.1")
async def test_a_station_without_profiles_says_so(
    hass: HomeAssistant, entry: MockConfigEntry, garage: HubCharger, two: Station
) -> None:
    two.answers["SetChargingProfile"] = CallError("NotSupported")
    with failure("not_supported", command="SetChargingProfile"):
        await send(hass, garage, 1, profile())
    assert await known(hass, entry) == []


@pytest.mark.parametrize(
    ("second", "left"),
    [
        pytest.param(
            profile(21, limit=6),
            [(1, 21)],
            marks=pytest.mark.proves("TC_K_04_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            profile(22, limit=6, stackLevel=2),
            [(1, 21), (1, 22)],
            marks=pytest.mark.proves("TC_K_70_CSMS", ocpp="2.0.1"),
        ),
    ],
)
async def test_a_second_profile_replaces_the_first_or_stands_above_it(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    garage: HubCharger,
    two: Station,
    second: dict[str, Any],
    left: list[tuple[int, int]],
) -> None:
    await send(hass, garage, 1, profile(21, limit=8))
    assert await send(hass, garage, 1, second) == {"status": "Accepted"}
    assert [it[:2] for it in await known(hass, entry)] == left
    await two.plug_in(1)
    assert await two.present_card(1, ANNA)
    assert two.flow(1).offered == 6


@pytest.mark.proves("TC_K_37_CSMS", ocpp="2.0.1")
@pytest.mark.proves("K05", ocpp="2.0.1")
async def test_a_session_begins_with_its_profile(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    await two.plug_in(1)
    written = profile(
        chargingProfilePurpose="TxProfile", chargingProfileKind="Relative", limit=7
    )
    answer = await act(
        hass,
        garage,
        "request_start_transaction",
        evse_id=1,
        id_token=token(ANNA),
        charging_profile=written,
    )
    assert answer["status"] == "Accepted"
    (sent,) = requests(two, "RequestStartTransaction")
    assert (sent["evseId"], sent["idToken"]) == (1, token(ANNA))
    assert sent["chargingProfile"] == written
    await eventually(hass, lambda: shown(hass, STATUS) == "charging")
    assert shown(hass, CARD) == "Anna"
    assert two.flow(1).offered == 7
