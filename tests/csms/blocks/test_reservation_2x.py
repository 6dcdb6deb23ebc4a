"""Prove the reservations of a station that speaks 2.x: use cases H01 to H04."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected
from custom_components.ocpp.csms.id_tokens import IdToken
from custom_components.ocpp.csms.model import (
    Part,
    Reservation,
    StationSettings,
    Topic,
    timestamp,
    utcnow,
)
from custom_components.ocpp.csms.store import Store
from tests.csms.conftest import IDENTITY, until
from tests.simulator_v2 import Station as Two

HOUR = timedelta(hours=1)


async def reserve(
    station: ChargingStation,
    number: int = 7,
    *,
    evse: int | None = 1,
    token: str = "CARD1",
    type: str = "ISO14443",
    within: timedelta = HOUR,
    **fields: Any,
) -> datetime:
    """Reserve as an action does; return until when."""
    expires = utcnow() + within
    payload: dict[str, Any] = {
        "id": number,
        "expiryDateTime": timestamp(expires),
        "idToken": {"idToken": token, "type": type},
    }
    if evse is not None:
        payload["evseId"] = evse
    await station.sending.command("ReserveNow", payload | fields)
    return expires.replace(microsecond=expires.microsecond // 1000 * 1000)


def reserved(station: ChargingStation, evse: int = 1) -> int | None:
    """Return the id of an EVSE's reservation."""
    found = station.reservation.of(evse)
    return found.id if found is not None else None


async def kept(store: Store) -> list[int]:
    """Return the ids of what would be there after a restart."""
    return [it.id for it in await store.load_reservations(IDENTITY)]


# --- H01: beginning -----------------------------------------------------------------------


async def test_h01_what_a_station_agreed_to_is_kept(
    station: ChargingStation, two: Two, store: Store
) -> None:
    """Until when, and for whom."""
    assert reserved(station) is None
    family = {"idToken": "FAMILY", "type": "Central"}
    expires = await reserve(station, groupIdToken=family)
    found = station.reservation.of(1)
    assert found is not None
    assert found == Reservation(
        id=7,
        station=IDENTITY,
        evse=1,
        id_token="CARD1",
        group="FAMILY",
        made=found.made,
        expires=expires,
    )
    assert await store.load_reservations(IDENTITY) == [found]
    assert reserved(station, 2) is None
    await two.settle()
    state = station.availability.state(1)
    assert state is not None
    assert state.status == "reserved"


@pytest.mark.parametrize("word", ["Faulted", "Occupied", "Rejected", "Unavailable"])
async def test_h01_what_a_station_refused_is_not(
    station: ChargingStation, two: Two, store: Store, word: str
) -> None:
    two.answers["ReserveNow"] = {"status": word}
    with pytest.raises(CommandRejected) as error:
        await reserve(station)
    assert error.value.status == word
    assert reserved(station) is None
    assert await kept(store) == []


async def test_h01_the_same_id_replaces(
    station: ChargingStation, two: Two, store: Store
) -> None:
    await reserve(station)
    await reserve(station, evse=2, token="CARD2")
    assert (reserved(station, 1), reserved(station, 2)) == (None, 7)
    assert await kept(store) == [7]


async def test_h01_any_evse_or_kind_of_connector_can_be_asked_for(
    station: ChargingStation, two: Two
) -> None:
    kind = two.evses[1].connectors[1].type
    await reserve(station, evse=None, connectorType=kind)
    assert reserved(station, 0) == 7
    assert station.reservation.shows(0)


async def test_h01_a_pin_that_is_reserved_for_is_not_written_down(
    station: ChargingStation, two: Two, store: Store
) -> None:
    await reserve(station, token="73195", type="KeyCode")
    assert "73195" not in str(await store.load_reservations(IDENTITY))
    # Whoever starts without any card does not use it.
    await two.plug_in(2)
    await two.present_card(2, "", "NoAuthorization")
    await two.settle()
    assert reserved(station) == 7


# --- H02: cancelling ----------------------------------------------------------------------


async def test_h02_what_is_cancelled_is_over(
    station: ChargingStation, two: Two, store: Store
) -> None:
    await reserve(station)
    await station.sending.command("CancelReservation", {"reservationId": 7})
    assert reserved(station) is None
    assert await kept(store) == []
    await two.settle()
    assert two.evses[1].reservation is None


async def test_h02_an_id_the_station_does_not_know_is_refused(
    station: ChargingStation, two: Two
) -> None:
    await reserve(station)
    with pytest.raises(CommandRejected):
        await station.sending.command("CancelReservation", {"reservationId": 8})
    assert reserved(station) == 7


# --- H03: using ---------------------------------------------------------------------------


@pytest.mark.parametrize("plugged_first", [True, False])
async def test_h03_a_start_that_names_it_uses_it(
    station: ChargingStation, two: Two, store: Store, plugged_first: bool
) -> None:
    """Also where the session began with the plug, before anybody showed a card."""
    await reserve(station)
    if plugged_first:
        await two.plug_in(1)
    assert await two.present_card(1, "CARD1")
    if not plugged_first:
        await two.plug_in(1)
    await two.settle()
    assert station.transactions.running(1) is not None
    assert reserved(station) is None
    assert await kept(store) == []


async def test_h03_so_does_a_card_of_the_group(
    station: ChargingStation, two: Two
) -> None:
    station.shared.id_tokens.replace(
        [IdToken(token=token, name=token, group="Family") for token in ("A1", "B1")]
    )
    family = {"idToken": "Family", "type": "Central"}
    await reserve(station, token="A1", groupIdToken=family)
    await two.plug_in(1)
    assert await two.present_card(1, "B1")
    await two.settle()
    assert reserved(station) is None


async def test_h03_nobody_else_charges_there(
    station: ChargingStation, two: Two
) -> None:
    await reserve(station)
    await two.plug_in(1)
    assert not await two.present_card(1, "CARD2")
    await two.settle()
    assert reserved(station) == 7


# --- H04: ending --------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["Expired", "Removed"])
async def test_h04_what_the_station_says_is_over_is(
    station: ChargingStation, two: Two, store: Store, word: str
) -> None:
    await reserve(station)
    await two.reservation_ended(8, word)
    assert reserved(station) == 7
    await two.reservation_ended(7, word)
    assert reserved(station) is None
    assert await kept(store) == []


async def test_h04_what_expires_is_over_also_where_nobody_says_so(
    station: ChargingStation, two: Two
) -> None:
    await reserve(station, within=timedelta(seconds=0.3))
    await until(station, Part(Topic.RESERVATION, 1), lambda: reserved(station) is None)


async def test_h04_a_restart_does_not_forget_it(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    await reserve(station)
    again = ChargingStation(IDENTITY, settings=StationSettings(), shared=central.shared)
    await again.load()
    assert reserved(again) == 7
    await again.stop()
