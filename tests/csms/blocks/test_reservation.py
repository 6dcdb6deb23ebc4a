"""Reservations: which EVSE is kept free for whom, and what ends that."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.ocpp.csms.blocks import reservation as reservation_module
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected, OcppError
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
from tests.csms.conftest import IDENTITY, MakeCharger, prepared, until
from tests.simulator import CallError, Charger

HOUR = timedelta(hours=1)


async def reserve(
    station: ChargingStation,
    number: int = 7,
    *,
    evse: int = 1,
    token: str = "CARD1",
    within: timedelta = HOUR,
    **fields: Any,
) -> datetime:
    """Reserve as an action does; return until when."""
    expires = utcnow() + within
    await station.sending.command(
        "ReserveNow",
        {
            "connectorId": evse,
            "expiryDate": timestamp(expires),
            "idTag": token,
            "reservationId": number,
        }
        | fields,
    )
    return expires.replace(microsecond=expires.microsecond // 1000 * 1000)


def reserved(station: ChargingStation, evse: int = 1) -> int | None:
    """Return the id of an EVSE's reservation."""
    found = station.reservation.of(evse)
    return found.id if found is not None else None


async def kept(store: Store) -> list[int]:
    """Return the ids of what would be there after a restart."""
    return [it.id for it in await store.load_reservations(IDENTITY)]


@pytest.fixture
async def pair(station: ChargingStation, connect_charger: MakeCharger) -> Charger:
    """Return a charger with two connectors."""
    charger = await connect_charger(connectors=2)
    await charger.power_up()
    await prepared(station)
    await charger.settle()
    return charger


# --- beginning (H01) ----------------------------------------------------------------------


async def test_what_a_station_agreed_to_is_kept(
    station: ChargingStation, charger: Charger, store: Store
) -> None:
    """Until when, and for whom."""
    assert reserved(station) is None
    expires = await reserve(station, parentIdTag="FAMILY")
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
    assert utcnow() - found.made < timedelta(seconds=5)
    assert await store.load_reservations(IDENTITY) == [found]
    await charger.settle()
    state = station.availability.state(1)
    assert state is not None
    assert state.status == "reserved"


@pytest.mark.parametrize("word", ["Faulted", "Occupied", "Rejected", "Unavailable"])
async def test_what_a_station_refused_is_not(
    station: ChargingStation, charger: Charger, store: Store, word: str
) -> None:
    """Whatever its word for it."""
    charger.answers["ReserveNow"] = {"status": word}
    with pytest.raises(CommandRejected):
        await reserve(station)
    assert reserved(station) is None
    assert await kept(store) == []
    assert not station.reservation.seen


async def test_the_same_id_replaces(
    station: ChargingStation, pair: Charger, store: Store
) -> None:
    """Also on another EVSE."""
    await reserve(station)
    later = await reserve(station, token="CARD2", within=2 * HOUR)
    found = station.reservation.of(1)
    assert found is not None
    assert (found.id, found.id_token, found.expires) == (7, "CARD2", later)
    pair.answers["ReserveNow"] = {"status": "Accepted"}
    await reserve(station, evse=2)
    assert (reserved(station, 1), reserved(station, 2)) == (None, 7)
    assert await kept(store) == [7]
    # Where an EVSE is reserved twice all the same, the newest is shown.
    await reserve(station, 8, evse=2)
    assert reserved(station, 2) == 8
    assert await kept(store) == [7, 8]


async def test_an_expiry_that_is_no_time(
    station: ChargingStation, charger: Charger
) -> None:
    """A station that accepts that knows better than we do; a missing zone is UTC."""
    await reserve(station, expiryDate="tomorrow")
    assert reserved(station) is None
    assert station.notes["ReserveNow: expiry is no time"] == 1
    await reserve(station, expiryDate="2999-01-01T00:00:00")
    found = station.reservation.of(1)
    assert found is not None
    assert found.expires == datetime(2999, 1, 1, tzinfo=UTC)


async def test_the_station_as_a_whole(station: ChargingStation, pair: Charger) -> None:
    """It is nobody's EVSE in particular, unless there is but one."""
    pair.answers["ReserveNow"] = {"status": "Accepted"}
    assert not station.reservation.shows(0)
    await reserve(station, evse=0)
    assert station.reservation.shows(0)
    assert [reserved(station, evse) for evse in (0, 1, 2)] == [7, None, None]


async def test_the_station_as_a_whole_is_its_only_evse(
    station: ChargingStation, charger: Charger
) -> None:
    """What shows that one is told."""
    charger.answers["ReserveNow"] = {"status": "Accepted"}
    told: list[int | None] = []
    station.watch(Part(Topic.RESERVATION, 1), lambda: told.append(reserved(station)))
    await reserve(station, evse=0)
    station.flush()
    assert told == [7]
    assert not station.reservation.shows(0)
    await charger.status(1, "Faulted")
    assert told == [7, None]


# --- cancelling (H02) ---------------------------------------------------------------------


async def test_cancelling(
    station: ChargingStation, charger: Charger, store: Store
) -> None:
    """It is over when the station says so, and not before."""
    await reserve(station)
    charger.answers["CancelReservation"] = {"status": "Rejected"}
    with pytest.raises(CommandRejected):
        await station.sending.command("CancelReservation", {"reservationId": 7})
    assert reserved(station) == 7
    del charger.answers["CancelReservation"]
    await station.sending.command("CancelReservation", {"reservationId": 7})
    assert reserved(station) is None
    assert await kept(store) == []
    # One that nobody here knows of.
    charger.answers["CancelReservation"] = {"status": "Accepted"}
    await station.sending.command("CancelReservation", {"reservationId": 8})


# --- use (H03) ----------------------------------------------------------------------------


async def start(charger: Charger, token: str, evse: int = 1, **fields: Any) -> None:
    """Start as a station does, with or without saying which reservation it uses."""
    await charger.call(
        "StartTransaction",
        {
            "connectorId": evse,
            "idTag": token,
            "meterStart": 0,
            "timestamp": charger.timestamp(),
        }
        | fields,
    )


async def test_a_start_uses_the_reservation_it_names(
    station: ChargingStation, charger: Charger, store: Store
) -> None:
    """Whoever starts: the station checked that."""
    await reserve(station)
    await charger.plug_in()
    assert await charger.present_card("CARD1")
    (started,) = charger.sent_calls("StartTransaction")
    assert started["reservationId"] == 7
    assert reserved(station) is None
    assert await kept(store) == []


async def test_a_start_that_comes_before_the_answer_uses_it(
    station: ChargingStation, charger: Charger, store: Store
) -> None:
    """The charger was quicker to begin than to answer."""

    async def begin(payload: dict[str, Any]) -> dict[str, str]:
        await charger.call(
            "StartTransaction",
            {
                "connectorId": 1,
                "idTag": payload["idTag"],
                "meterStart": 0,
                "reservationId": payload["reservationId"],
                "timestamp": timestamp(utcnow()),
            },
        )
        return {"status": "Accepted"}

    charger.answers["ReserveNow"] = begin
    await reserve(station)
    assert reserved(station) is None
    assert await kept(store) == []
    del charger.answers["ReserveNow"]
    # The same number can be used anew.
    await reserve(station)
    assert reserved(station) == 7


async def test_a_connector_that_is_not_reserved_any_more_ends_it(
    station: ChargingStation, pair: Charger, store: Store
) -> None:
    """Only that of the connector, and only one that it was reserved for."""
    pair.answers["ReserveNow"] = {"status": "Accepted"}
    await reserve(station)
    await reserve(station, 8, evse=2)
    await pair.status(1, "Available")
    await pair.status(1, "Reserved")
    await pair.status(2, "Available")
    assert (reserved(station, 1), reserved(station, 2)) == (7, 8)
    await pair.status(1, "Available")
    assert (reserved(station, 1), reserved(station, 2)) == (None, 8)
    assert await kept(store) == [8]


async def test_a_connector_that_was_reserved_before_the_answer_came_ends_it_too(
    station: ChargingStation, charger: Charger
) -> None:
    async def reserve_first(_: object) -> dict[str, str]:
        await charger.status(1, "Reserved")
        return {"status": "Accepted"}

    charger.answers["ReserveNow"] = reserve_first
    await reserve(station)
    # A newer one is not meant by what is said of the older.
    charger.answers["ReserveNow"] = {"status": "Accepted"}
    await reserve(station, 8)
    await charger.status(1, "Available")
    assert reserved(station) == 8


@pytest.mark.parametrize(
    ("status", "left"), [("Available", None), ("Reserved", 7), ("Preparing", 7)]
)
async def test_what_the_charger_does_not_know_any_more_is_over(
    station: ChargingStation, charger: Charger, status: str, left: int | None
) -> None:
    """It refuses to let go of what it does not have, and has nothing reserved."""
    charger.answers["ReserveNow"] = {"status": "Accepted"}
    await reserve(station)
    await charger.status(1, status)
    for answer in (CallError("InternalError"), {"status": "Rejected"}):
        assert reserved(station) == 7
        charger.answers["CancelReservation"] = answer
        with pytest.raises(OcppError):
            await station.sending.command("CancelReservation", {"reservationId": 7})
    assert reserved(station) == left


async def test_a_refused_start_uses_nothing(
    central: CentralSystem, station: ChargingStation, charger: Charger, store: Store
) -> None:
    """Neither by name nor by its card (rule 24)."""
    central.shared.id_tokens.replace([IdToken(token="CARD1", name="A", blocked=True)])
    await reserve(station)
    await start(charger, "CARD1", reservationId=7)
    await start(charger, "CARD1")
    assert station.transactions.running(1) is None
    assert reserved(station) == 7
    assert await kept(store) == [7]


@pytest.mark.parametrize(
    ("token", "evse", "used"),
    [
        ("card1", 1, True),
        ("BROTHER", 1, True),
        ("STRANGER", 1, False),
        ("CARD1", 2, False),
    ],
)
async def test_a_start_that_names_none(
    central: CentralSystem,
    station: ChargingStation,
    pair: Charger,
    token: str,
    evse: int,
    used: bool,
) -> None:
    """It uses that of its card, or of the card's group, on its EVSE."""
    central.shared.id_tokens.replace(
        [
            IdToken(token="BROTHER", name="B", group="family"),
            IdToken(token="CARD1", name="A"),
            IdToken(token="STRANGER", name="S"),
        ]
    )
    await reserve(station, parentIdTag="FAMILY")
    await start(pair, token, evse)
    assert station.transactions.running(evse) is not None
    assert (reserved(station) is None) is used


async def test_a_start_anywhere_uses_that_of_the_whole_station(
    station: ChargingStation, pair: Charger
) -> None:
    """Also when it names a reservation nobody here knows."""
    pair.answers["ReserveNow"] = {"status": "Accepted"}
    await reserve(station, evse=0)
    await start(pair, "CARD1", 2, reservationId=99)
    assert reserved(station, 0) is None


async def test_a_start_of_before_uses_nothing(
    station: ChargingStation, charger: Charger
) -> None:
    """It was queued while the station was offline."""
    await reserve(station)
    earlier = timestamp(utcnow() - timedelta(minutes=10))
    await start(charger, "CARD1", timestamp=earlier)
    assert reserved(station) == 7


# --- faults -------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["Faulted", "Unavailable"])
async def test_what_is_out_of_order_is_not_kept_free(
    station: ChargingStation, pair: Charger, store: Store, status: str
) -> None:
    """The EVSE; all of them, with the station."""
    pair.answers["ReserveNow"] = {"status": "Accepted"}
    for number, evse in ((5, 0), (6, 1), (7, 2)):
        await reserve(station, number, evse=evse)
    await pair.status(1, "Preparing")
    assert await kept(store) == [5, 6, 7]
    await pair.status(1, status)
    assert await kept(store) == [5, 7]
    await pair.status(2, status)
    assert await kept(store) == []
    await reserve(station, 8, evse=2)
    await pair.status(0, status)
    assert reserved(station, 2) is None


# --- expiry (H04) -------------------------------------------------------------------------


async def test_it_expires(
    station: ChargingStation,
    charger: Charger,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Which 1.6 has no message for; the clock is looked at now and then until then."""
    monkeypatch.setattr(reservation_module, "_LONGEST_SLEEP", 0.05)
    charger.answers["ReserveNow"] = {"status": "Accepted"}
    await reserve(station, 8, within=HOUR)
    await reserve(station, 9, within=timedelta(seconds=0.2))
    assert reserved(station) == 9
    part = Part(Topic.RESERVATION, 1)
    await until(station, part, lambda: reserved(station) == 8)
    assert await kept(store) == [8]


async def test_after_a_restart(
    central: CentralSystem, station: ChargingStation, charger: Charger, store: Store
) -> None:
    """What holds still is there, what expired meanwhile is ended."""
    charger.answers["ReserveNow"] = {"status": "Accepted"}
    await reserve(station, 8)
    now = utcnow()
    store.save_reservation(
        Reservation(
            id=9,
            station=IDENTITY,
            evse=1,
            id_token="OLD",
            made=now - 2 * HOUR,
            expires=now - HOUR,
        )
    )
    await charger.disconnect()
    await station.stop()
    other = CentralSystem(
        host="127.0.0.1", port=0, store=store, options=central.options
    )
    again = await other.add_station(IDENTITY, StationSettings())
    part = Part(Topic.RESERVATION, 1)
    await until(again, part, lambda: 9 not in again.reservation._by_id)
    assert reserved(again) == 8
    assert again.reservation.seen == {1}
    assert await kept(store) == [8]
    await other.remove_station(IDENTITY)
    assert await kept(store) == []
    await other.close()


# --- what there is to show ----------------------------------------------------------------


async def test_it_is_shown_once_something_was_reserved(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    charger = await connect_charger()
    await charger.power_up()
    await prepared(station)
    await charger.settle()
    assert not station.reservation.shows(1)
    structure: list[bool] = []
    station.watch(Part(Topic.STRUCTURE), lambda: structure.append(True))
    await reserve(station)
    station.flush()
    assert structure
    assert station.reservation.shows(1)
    assert station.reservation.facts() == {"seen": [1]}
