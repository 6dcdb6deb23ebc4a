"""H: places are kept free for somebody."""

from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.simulator_v2 import Station

from .conversation import (
    ANNA,
    BEN,
    CARD,
    SECOND_STATUS,
    STATUS,
    act,
    eventually,
    failure,
    found,
    requests,
    settled,
    shown,
    token,
)

RESERVED = "sensor.garage_connector_1_reserved_until"


async def reserve(
    hass: HomeAssistant, garage: HubCharger, *, evse: int = 0, **fields: Any
) -> int:
    """Reserve for Anna for an hour; return the number of the reservation."""
    expires = fields.pop("expires", dt_util.utcnow() + timedelta(hours=1))
    answer = await act(
        hass,
        garage,
        "reserve_now",
        of=evse,
        expiry_date_time=expires,
        id_token=token(ANNA),
        **fields,
    )
    assert answer["status"] == "Accepted"
    return int(answer["id"])


def kept(garage: HubCharger) -> set[int]:
    """Return the numbers of the reservations that are known."""
    found = (garage.station.reservation.of(evse) for evse in (0, 1, 2))
    return {one.id for one in found if one is not None}


async def begin(hass: HomeAssistant, two: Station, card: str) -> None:
    """Have a car charge with a card at the first EVSE."""
    await two.plug_in(1)
    assert await two.present_card(1, card)
    await settled(hass, two)
    assert shown(hass, STATUS) == "charging"
    assert any("reservationId" in it for it in two.sent_calls("TransactionEvent"))


@pytest.mark.proves("TC_H_01_CSMS", ocpp="2.0.1")
@pytest.mark.proves("H01", ocpp="2.0.1")
@pytest.mark.proves("H03", ocpp="2.0.1")
async def test_an_evse_is_kept_free_until_it_is_used(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    number = await reserve(hass, garage, evse=1)
    (sent,) = requests(two, "ReserveNow")
    assert (sent["id"], sent["evseId"]) == (number, 1)
    assert sent["idToken"] == token(ANNA)
    assert "connectorType" not in sent
    await settled(hass, two)
    assert (shown(hass, STATUS), shown(hass, SECOND_STATUS)) == (
        "reserved",
        "available",
    )
    assert found(hass, RESERVED).attributes["card"] == "Anna"
    await begin(hass, two, ANNA)
    assert shown(hass, RESERVED) == "unknown"


@pytest.mark.proves("TC_H_19_CSMS", ocpp="2.0.1")
async def test_whoever_is_in_the_group_may_use_it(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    family = token("Family", "Central")
    await reserve(hass, garage, evse=1, group_id_token=family)
    (sent,) = requests(two, "ReserveNow")
    assert sent["groupIdToken"] == family
    await settled(hass, two)
    await begin(hass, two, BEN)
    assert shown(hass, RESERVED) == "unknown"
    assert shown(hass, CARD) == "Ben"


@pytest.mark.parametrize(
    ("evse", "word"),
    [
        pytest.param(
            1, "Expired", marks=pytest.mark.proves("TC_H_07_CSMS", ocpp="2.0.1")
        ),
        pytest.param(
            1, "Removed", marks=pytest.mark.proves("TC_H_20_CSMS", ocpp="2.0.1")
        ),
    ],
)
@pytest.mark.proves("H04", ocpp="2.0.1")
async def test_a_reservation_ends_unused(
    hass: HomeAssistant, garage: HubCharger, two: Station, evse: int, word: str
) -> None:
    number = await reserve(hass, garage, evse=evse)
    await settled(hass, two)
    assert shown(hass, RESERVED) != "unknown"
    two.evses[1].reservation = None
    if word == "Removed":
        await two.set_fault(1, 1)
        await two.set_fault(1, 2)
    else:
        await two.report_changes()
    await two.reservation_ended(number, word)
    await settled(hass, two)
    assert shown(hass, RESERVED) == "unknown"
    assert shown(hass, STATUS) == ("faulted" if word == "Removed" else "available")


@pytest.mark.parametrize(
    ("fields", "times"),
    [
        pytest.param({}, 1, marks=pytest.mark.proves("TC_H_08_CSMS", ocpp="2.0.1")),
        pytest.param({}, 2, marks=pytest.mark.proves("TC_H_14_CSMS", ocpp="2.0.1")),
        pytest.param(
            {"connector_type": "s_type2"},
            1,
            marks=pytest.mark.proves("TC_H_15_CSMS", ocpp="2.0.1"),
        ),
    ],
)
async def test_any_evse_is_kept_free(
    hass: HomeAssistant,
    garage: HubCharger,
    two: Station,
    fields: dict[str, str],
    times: int,
) -> None:
    numbers = [await reserve(hass, garage, **fields) for _ in range(times)]
    assert len(set(numbers)) == times
    for sent in requests(two, "ReserveNow"):
        assert "evseId" not in sent
        assert sent.get("connectorType") == ("sType2" if fields else None)
        assert sent["idToken"] == token(ANNA)
    await settled(hass, two)
    states = [shown(hass, STATUS), shown(hass, SECOND_STATUS)]
    assert states.count("reserved") == times
    assert numbers[-1] in kept(garage)
    await begin(hass, two, ANNA)
    assert len(kept(garage)) < times


@pytest.mark.proves("TC_H_17_CSMS", ocpp="2.0.1")
@pytest.mark.proves("H02", ocpp="2.0.1")
async def test_a_reservation_is_cancelled(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    number = await reserve(hass, garage, evse=1)
    with failure("command_rejected", command="CancelReservation", status="Rejected"):
        await act(hass, garage, "cancel_reservation", reservation_id=number + 1)
    assert shown(hass, RESERVED) != "unknown"
    answer = await act(hass, garage, "cancel_reservation", reservation_id=number)
    assert answer == {"status": "Accepted"}
    assert requests(two, "CancelReservation")[-1] == {"reservationId": number}
    await eventually(hass, lambda: shown(hass, STATUS) == "available")
    assert shown(hass, RESERVED) == "unknown"


@pytest.mark.parametrize(
    "status",
    [
        "Faulted",
        "Occupied",
        pytest.param(
            "Rejected", marks=pytest.mark.proves("TC_H_22_CSMS", ocpp="2.0.1")
        ),
        "Unavailable",
    ],
)
async def test_a_reservation_that_is_refused_is_an_error(
    hass: HomeAssistant, garage: HubCharger, two: Station, status: str
) -> None:
    two.answers["ReserveNow"] = {"status": status}
    with failure("command_rejected", command="ReserveNow", status=status):
        await reserve(hass, garage, evse=1)
    assert hass.states.get(RESERVED) is None
