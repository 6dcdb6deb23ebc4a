"""What a station makes grow has an end, whatever it reports."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from random import Random
import sqlite3
from typing import Any, override

import pytest

from custom_components.ocpp.csms.blocks.reservation import MOST as MOST_RESERVATIONS
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import (
    ErrorCode,
    MessageRefused,
    OcppError,
    TooManyReservations,
)
from custom_components.ocpp.csms.model import (
    MOST_EVSES,
    RegistrationStatus,
    StationSettings,
    Transaction,
    utcnow,
)
from custom_components.ocpp.csms.rpc import Reply
from custom_components.ocpp.csms.store import Store, samples, strangers
from custom_components.ocpp.csms.versions import SPOKEN, V16, V21, Version

from . import messages
from .bench import answered
from .growth import largest

# How often each message of a version comes, with nothing in it that was there before.
TIMES = 250
MOST = 200
# What may have more entries, and how many.
LARGER = {
    "device_model.variables": 10_000,
    "monitoring.monitors": 1_000,
    "monitoring._newest": 1_000,
    "smart_charging.installed.foreign._profiles": 500,
    "tariffs._held": 1_000,
}
LONGEST_TEXT = 2_500


async def say(station: ChargingStation, action: str, payload: Any) -> None:
    """Have the station say something, whether or not that is refused."""
    try:
        await answered(station, action, payload)
    except MessageRefused:
        pass
    station.flush()


def too_large(station: ChargingStation) -> dict[str, int]:
    """Return what is larger than it may be, by where it is."""
    found = {}
    for (path, kind), size in largest(station).items():
        most = LONGEST_TEXT if kind is str else MOST
        for place, more in LARGER.items():
            if path.startswith(f"station.{place}") and kind is not str:
                most = more
        if size > most:
            found[path] = size
    return found


@pytest.mark.parametrize("version", SPOKEN, ids=lambda it: it.name)
async def test_whatever_a_station_tells_is_kept_up_to_a_bound(
    station: ChargingStation, version: Version
) -> None:
    station.version = version
    rng, numbers = Random(1), count(1)
    for action, schema in messages.schemas(version).items():
        for _ in range(TIMES):
            await say(station, action, messages.new(rng, schema, numbers))
    assert too_large(station) == {}
    await station.save()


class Inventive:
    """A station that answers each command with what was never there before."""

    def __init__(self, version: Version) -> None:
        """Begin with nothing said."""
        self._rng, self._numbers = Random(2), count(1)
        self._requests = messages.schemas(version)
        self._responses = messages.schemas(version, responses=True)
        # The commands that it has an answer to.
        self.commands = sorted(self._requests.keys() & self._responses.keys())

    def request(self, action: str) -> Any:
        """Return a command that is valid, and like no other."""
        return messages.new(self._rng, self._requests[action], self._numbers, fits=True)

    async def call(self, action: str, payload: Any, *, timeout: float | None) -> Reply:
        """Answer a command, more often than not with yes."""
        # As a network does: others get their turn.
        await asyncio.sleep(0)
        answer = messages.new(self._rng, self._responses[action], self._numbers)
        if "status" in answer and self._rng.random() < 0.7:
            answer["status"] = "Accepted"
        return Reply(f"c{next(self._numbers)}", answer)

    def disown(self, reply: Reply, code: ErrorCode, description: str) -> None:
        """Hear that an answer could not be used."""


@pytest.mark.parametrize("version", SPOKEN, ids=lambda it: it.name)
async def test_whatever_a_station_answers_is_kept_up_to_a_bound(
    station: ChargingStation, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To each command of its version, whoever sent it, hundreds of times."""
    station.version, inventive = version, Inventive(version)
    accepted: set[str] = set()
    with monkeypatch.context() as patch:
        patch.setattr(station, "_rpc", inventive)
        for action in inventive.commands:
            for _ in range(TIMES):
                try:
                    await station.sending.command(action, inventive.request(action))
                    accepted.add(action)
                except OcppError:
                    pass
                station.flush()
        if station._tasks:
            await asyncio.wait(station._tasks, timeout=1)
    assert too_large(station) == {}
    # Nor is more kept beside the database.
    beside = largest(station.store._memory)
    assert max(size for (_, kind), size in beside.items() if kind is not str) <= 1_000
    assert len(accepted) > len(inventive.commands) * 2 // 3
    await station.save()


def _variables(most: int) -> Iterator[dict[str, Any]]:
    for number in range(most):
        yield {
            "component": {"name": f"C{number}"},
            "variable": {"name": "V"},
            "variableAttribute": [{"value": str(number)}],
        }


async def test_of_a_report_without_end_ten_thousand_variables_are_kept(
    station: ChargingStation,
) -> None:
    station.version = V21
    told = list(_variables(12_000))
    for part in range(0, len(told), 1_000):
        report = {
            "requestId": 1,
            "seqNo": part,
            "tbc": True,
            "generatedAt": "2026-01-01T00:00:00Z",
            "reportData": told[part : part + 1_000],
        }
        await say(station, "NotifyReport", report)
    assert len(station.device_model.variables) == 10_000


class Agreeable(Inventive):
    """A station that says yes to everything."""

    asked = 0

    @override
    async def call(self, action: str, payload: Any, *, timeout: float | None) -> Reply:
        """Say yes."""
        self.asked += 1
        return Reply(f"c{self.asked}", {"status": "Accepted"})

    def reservation(self, version: Version, number: int) -> Any:
        """Return what asks for a reservation that is as good as for ever."""
        for_ever = "2099-01-01T00:00:00Z"
        its_own: dict[str, Any] = {"id": number, "expiryDateTime": for_ever}
        if version is V16:
            its_own = {"reservationId": number, "expiryDate": for_ever}
            its_own["connectorId"] = 1
        wish = self.request("ReserveNow")
        wish.pop("evseId", None)
        return wish | its_own


@pytest.mark.parametrize("version", SPOKEN, ids=lambda it: it.name)
async def test_of_reservations_that_never_expire_so_many_are_made(
    station: ChargingStation, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of more than that none is asked for, until one of them is over."""
    station.version, agreeable = version, Agreeable(version)

    async def reserve(number: int) -> None:
        await station.sending.command(
            "ReserveNow", agreeable.reservation(version, number)
        )
        station.flush()

    with monkeypatch.context() as patch:
        patch.setattr(station, "_rpc", agreeable)
        for number in range(1, MOST_RESERVATIONS + 1):
            await reserve(number)
        for number in range(1, 1_000):
            with pytest.raises(TooManyReservations) as refused:
                await reserve(number + MOST_RESERVATIONS)
        assert refused.value.most == MOST_RESERVATIONS
        assert agreeable.asked == len(station.reservation._by_id) == MOST_RESERVATIONS
        # One of them may be made anew, and another instead of one that is over.
        await reserve(5)
        await station.sending.command("CancelReservation", {"reservationId": 5})
        await reserve(1_001)
    assert len(station.reservation._by_id) == MOST_RESERVATIONS
    assert too_large(station) == {}


@pytest.mark.parametrize("version", SPOKEN, ids=lambda it: it.name)
async def test_reservations_that_were_asked_for_at_once_are_no_more(
    station: ChargingStation, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where all of them were on their way before the first was agreed to."""
    station.version, agreeable = version, Agreeable(version)
    for number in range(1_000):
        wish = agreeable.reservation(version, number)
        station.reservation.on_reserved(wish, {"status": "Accepted"})
    assert len(station.reservation._by_id) == MOST_RESERVATIONS
    assert station.notes["ReserveNow: more than are kept"] == 800


async def test_samples_of_a_session_are_kept_up_to_a_bound(
    station: ChargingStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told all at once, and dated as if the session had gone on for a month."""
    monkeypatch.setattr(samples, "MOST_OF_SESSION", 150)
    began = utcnow() - timedelta(hours=700)
    start = {
        "connectorId": 1,
        "idTag": "CARD1",
        "meterStart": 0,
        "timestamp": began.isoformat(),
    }
    answer = await answered(station, "StartTransaction", start)
    number = answer["transactionId"]
    for hour in range(1, 500):
        at = began + timedelta(hours=hour)
        register = {"value": f"{hour * 100}"}
        sample = {"timestamp": at.isoformat(), "sampledValue": [register]}
        told = {"connectorId": 1, "transactionId": number, "meterValue": [sample]}
        await say(station, "MeterValues", told)
    assert len(await station.store.samples(number)) == 150
    # It is counted on all the same.
    session = station.transactions.session(1)
    assert session is not None and session.energy == 49_900


async def test_of_ten_thousand_connectors_as_many_are_known_as_a_station_can_have(
    station: ChargingStation,
) -> None:
    station.version = V16
    for connector in (*range(10_000), 2**31, 2**63, -1):
        status = {
            "connectorId": connector,
            "errorCode": "NoError",
            "status": "Available",
        }
        await say(station, "StatusNotification", status)
    assert len(station.evses) <= MOST_EVSES
    assert len(station.availability.states) <= MOST_EVSES + 1


async def test_of_ten_thousand_oddities_the_first_are_counted(
    station: ChargingStation,
) -> None:
    for number in range(10_000):
        station.note(f"oddity {number}")
    assert len(station.notes) == 200


# --- stations that nobody has --------------------------------------------------------------


def rows(path: Path) -> list[tuple[int, str]]:
    """Return the number and station of each transaction in a database."""
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT number, station FROM transactions")
        return found.fetchall()


async def begin(store: Store, station: str, times: int) -> list[int]:
    """Have a station begin transactions; return their numbers."""
    begun = []
    for number in range(times):
        new = Transaction(
            number=0, id=f"t{number}", station=station, evse=0, started=utcnow()
        )
        begun.append((await store.begin(new, dated=True))[0].number)
    return begun


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep fewer than there would be."""
    monkeypatch.setattr(strangers, "MOST_OF_ONE", 20)
    monkeypatch.setattr(strangers, "MOST_OF_ALL", 50)


async def test_of_an_unknown_station_the_newest_transactions_are_kept(
    store: Store, tmp_path: Path, few: None
) -> None:
    numbers = await begin(store, "STRANGER", 30)
    assert len(set(numbers)) == 30
    assert rows(tmp_path / "ocpp.db") == [(it, "STRANGER") for it in numbers[-20:]]


async def test_many_unknown_stations_together_take_no_more_room(
    store: Store, tmp_path: Path, few: None
) -> None:
    for number in range(10):
        await begin(store, f"STRANGER{number}", 10)
    assert len(rows(tmp_path / "ocpp.db")) == 50


async def test_no_transaction_of_a_station_that_people_have_gives_way(
    store: Store, tmp_path: Path, few: None
) -> None:
    await store.save_facts("OURS", {})
    numbers = await begin(store, "OURS", 60)
    await store.forget_station("OURS")
    await begin(store, "STRANGER", 60)
    # Also when nobody has it any more.
    newer = await begin(store, "OURS", 1)
    kept = [number for number, of in rows(tmp_path / "ocpp.db") if of == "OURS"]
    assert kept == numbers + newer


async def test_every_transaction_of_an_unknown_station_is_answered(
    central: CentralSystem, few: None
) -> None:
    visitor = central._build(
        "STRANGER", StationSettings(registration=RegistrationStatus.PENDING)
    )
    ids = set()
    for number in range(30):
        start = {
            "connectorId": 1,
            "idTag": "CARD1",
            "meterStart": number,
            "timestamp": messages.moment(Random(number)),
        }
        answer = await answered(visitor, "StartTransaction", start)
        assert answer["idTagInfo"]["status"] == "Invalid"
        ids.add(answer["transactionId"])
    assert len(ids) == 30
    await visitor.stop()
