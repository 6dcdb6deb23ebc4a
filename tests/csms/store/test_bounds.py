"""Prove that a station that people have can't fill the disk, and loses no transaction."""

from dataclasses import replace
from datetime import timedelta
import logging

import pytest

from custom_components.ocpp.csms.store import Store, allowance, journal, samples
from custom_components.ocpp.csms.store.allowance import A_DAY, Allowance, Plenty
from tests.fuzz.growth import largest

from .conftest import OpenStore
from .test_schema import execute
from .test_store import NOW, START

MINUTE = timedelta(minutes=1)
SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
# In place of hundred thousands.
FEW = 20


@pytest.fixture
async def bounded(monkeypatch: pytest.MonkeyPatch, open_store: OpenStore) -> Store:
    """Return a store that keeps few samples and uses of cards of a station in a day."""
    monkeypatch.setattr(samples, "MOST_SAMPLES", FEW)
    monkeypatch.setattr("custom_components.ocpp.csms.store.MOST_USES", FEW)
    return await open_store()


# --- samples ------------------------------------------------------------------------------


async def test_of_a_session_so_many_samples_are_kept_whenever_they_are_dated(
    monkeypatch: pytest.MonkeyPatch, open_store: OpenStore
) -> None:
    """Forwards and backwards through a hundred years, and over a restart."""
    monkeypatch.setattr(samples, "MOST_OF_SESSION", FEW)
    for _ in range(2):
        store = await open_store()
        (begun, _), (other, _) = [
            await store.begin(replace(START, evse=evse), dated=True) for evse in (1, 2)
        ]
        for number in range(100):
            minutes = number * 500_000 * (-1) ** number
            store.add_sample(begun.number, NOW + minutes * MINUTE, number)
            # It was not told in time, and is told in one piece.
            if number % 30 == 0:
                assert len(await store.samples(begun.number)) <= FEW
        store.add_sample(other.number, NOW, 1)
        assert len(await store.samples(begun.number)) == FEW
        assert len(await store.samples(other.number)) == 1
        await store.close()


@SQLITE
async def test_of_a_station_so_many_samples_are_kept_in_a_day(
    bounded: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """In however many sessions; others do not have less for it."""
    numbers = []
    for minute in range(10):
        start = replace(START, started=NOW + minute * MINUTE)
        begun, _ = await bounded.begin(start, dated=True)
        numbers.append(begun.number)
        for number in range(10):
            bounded.add_sample(begun.number, NOW + number * MINUTE, number)
    other, _ = await bounded.begin(replace(START, station="CP2"), dated=True)
    bounded.add_sample(other.number, NOW, 1)
    kept = [len(await bounded.samples(number)) for number in numbers]
    assert kept == [10, 10] + [0] * 8
    assert len(await bounded.samples(other.number)) == 1
    assert caplog.text.count("more than 20 samples within a day") == 1


async def test_samples_of_any_number_of_sessions_are_written_at_once(
    store: Store,
) -> None:
    """More than a query can name, as after hours without the database."""
    for number in range(2_500):
        store._gathered._sampler.add(number, NOW, 1, None)
    for number in (0, 1_000, 2_499):
        assert len(await store.samples(number)) == 1


# --- uses of cards ------------------------------------------------------------------------


@SQLITE
async def test_of_a_station_so_many_uses_of_cards_are_kept_in_a_day(
    bounded: Store, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(1_000):
        for station in ("CP1", "CP2") if number < 3 else ("CP1",):
            bounded.record_use(station, 1, f"CARD{number}", NOW, "Accepted", "start")
    await bounded.purge(NOW - timedelta(days=1))
    rows = execute(bounded._url, "SELECT station FROM id_token_uses")
    stations = [row[0] for row in rows]
    assert (stations.count("CP1"), stations.count("CP2")) == (FEW, 3)
    assert caplog.text.count("more than 20 uses of cards within a day") == 1


# --- transactions -------------------------------------------------------------------------


@SQLITE
async def test_however_many_transactions_a_station_begins_all_are_kept(
    open_store: OpenStore,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is told once, whoever asks, and only of that station."""
    monkeypatch.setattr(allowance, "MANY_TRANSACTIONS", FEW)
    store = await open_store()
    await store.save_facts("CP1", {})
    told: list[str] = []
    stops = [
        store.plenty.watch(station, lambda it=station: told.append(it))  # type: ignore[misc]
        for station in ("CP1", "CP2")
    ]
    for minute in range(60):
        start = replace(START, started=NOW + minute * MINUTE)
        for _ in range(2):
            # What is repeated is none of its own.
            await store.begin(start, dated=True)
        assert store.plenty.is_exceeded("CP1") is (minute >= FEW)
    assert not store.plenty.is_exceeded("CP2")
    assert told == ["CP1"]
    assert caplog.text.count("more than 20 transactions within a day") == 1
    assert len(await store.sessions(station="CP1")) == 60
    for stop in stops:
        stop()
    assert store.plenty._watchers == {}


def test_each_day_begins_anew() -> None:
    now = [0.0]
    allowed = Allowance("things", 2, clock=lambda: now[0])
    assert [allowed.take("CP1") for _ in range(4)] == [True, True, False, False]
    assert allowed.is_exceeded("CP1")
    now[0] = A_DAY
    assert not allowed.is_exceeded("CP1")
    assert [allowed.take("CP1") for _ in range(3)] == [True, True, False]


def test_who_tells_too_much_again_on_another_day_is_told_of_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(allowance, "MANY_TRANSACTIONS", 2)
    now, told = [0.0], []
    plenty = Plenty(clock=lambda: now[0])
    plenty.watch("CP1", lambda: told.append(now[0]))
    for now[0] in (0, A_DAY, 3 * A_DAY):
        for _ in range(5):
            plenty.count("CP1")
    assert told == [0, A_DAY, 3 * A_DAY]


def test_of_ten_thousand_names_some_are_counted() -> None:
    allowed = Allowance("things", 1)
    for number in range(10_000):
        assert allowed.take(f"CP{number}")
    assert len(allowed._counts) == 1_000


# --- what the database does not take ------------------------------------------------------


@SQLITE
async def test_what_no_database_takes_is_not_held_and_seldom_told(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """However often a station tells it: each time it gets an answer."""
    caplog.set_level(logging.WARNING)
    numbers = set()
    for second in range(1_500):
        # Half of a character, which no text has.
        start = replace(
            START, id_token="\ud800", started=NOW + timedelta(seconds=second)
        )
        begun, new = await store.begin(start, dated=True)
        assert new
        numbers.add(begun.number)
    assert len(numbers) == 1_500
    assert store.trouble is None
    assert caplog.text.count("can't be written and is lost") == 2
    assert (store._used.messages, store._used._dropped) == (0, 1_500)
    assert max(largest(store._memory).values()) == 1_000
    # Nothing else suffers from it.
    assert (await store.begin(replace(START, evse=2), dated=True))[1]
    assert len(await store.sessions()) == 1


@SQLITE
async def test_so_many_numbers_are_known_by_another(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest: stations ask about sessions of the last days."""
    monkeypatch.setattr(journal, "MOST_NUMBERS", FEW)
    for number in range(100):
        store._has_become(number, number + 1_000)
    assert list(store._numbers) == list(range(80, 100))
