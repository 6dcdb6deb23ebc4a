"""Prove what people are told of sessions, samples and cards, and what they can delete."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from custom_components.ocpp.csms.model import IdTokenInfo, Transaction
from custom_components.ocpp.csms.store import Sample, Store, TokenTotal, gatherer

from .conftest import OpenStore
from .test_schema import execute

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
REFUSED = IdTokenInfo(status="Invalid")


async def session(
    store: Store, hours: float = 0, *, running: bool = False, **values: object
) -> Transaction:
    """Store a session that began some hours from now and took one."""
    started = NOW + timedelta(hours=hours)
    given: dict[str, object] = {"station": "CP1", "evse": 1, "id_token": "Card"}
    start = Transaction(number=0, id="", started=started, **given | values)  # type: ignore[arg-type]
    begun, _ = await store.begin(start, dated=True)
    if not running:
        begun = replace(begun, ended=started + HOUR, energy=1000)
    await store.save(begun, {})
    return begun


# --- sessions -----------------------------------------------------------------------------


async def test_sessions_are_told_by_their_start(store: Store) -> None:
    """Whatever order they came in, and also when they still run."""
    later = await session(store, 5, evse=2, running=True)
    earlier = await session(store, 1)
    assert await store.sessions() == [earlier, later]


async def test_refused_starts_and_unknown_ends_are_no_sessions(store: Store) -> None:
    """They are kept as records."""
    await session(store, token_info=REFUSED, running=True)
    orphan = await session(store, evse=0, running=True)
    await store.save(replace(orphan, ended=NOW), {})
    assert await store.sessions() == []
    assert await store.token_totals() == {}


async def test_what_was_charged_is_a_session(store: Store) -> None:
    """Also where the card was refused, and the charger could not know in time."""
    charged = await session(store, token_info=REFUSED)
    # Or where nobody knows at which EVSE.
    somewhere = await session(store, 2, evse=0)
    assert await store.sessions() == [charged, somewhere]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"station": "CP1"}, [0, 1, 2]),
        ({"station": "CP2", "evse": 2}, [4]),
        ({"evse": 2}, [2, 4]),
        ({"id_tokens": ["CARD", "unknown"]}, [0, 2, 3]),
        ({"id_tokens": ["straße"]}, [4]),
        ({"id_tokens": []}, []),
        ({"start": NOW + HOUR}, [1, 2, 3, 4]),
        ({"end": NOW + HOUR}, [0]),
        ({"start": NOW + HOUR, "end": NOW + 3 * HOUR}, [1, 2]),
        ({"limit": 2}, [3, 4]),
        ({"station": "CP1", "limit": 1}, [2]),
    ],
    ids=str,
)
async def test_sessions_are_chosen(
    store: Store, wanted: dict[str, object], expected: list[int]
) -> None:
    """A session belongs to the period it began in; a limit leaves the newest."""
    all_of_them = [
        await session(store, 0),
        await session(store, 1, id_token="Guest"),
        await session(store, 2, evse=2, id_token="cARD"),
        await session(store, 3, station="CP2"),
        await session(store, 4, station="CP2", evse=2, id_token="STRASSE"),
    ]
    found = await store.sessions(**wanted)  # type: ignore[arg-type]
    assert found == [all_of_them[index] for index in expected]


async def test_periods_are_moments_wherever_people_live(store: Store) -> None:
    """A month that begins at midnight in Berlin begins at ten in the evening."""
    berlin = timezone(timedelta(hours=2))
    began = await session(store, 0)
    midday = datetime(2026, 5, 4, 14, 0, tzinfo=berlin)
    assert await store.sessions(start=midday, end=midday + MINUTE) == [began]
    assert await store.sessions(start=midday + MINUTE) == []


# --- cards --------------------------------------------------------------------------------


async def test_each_card_has_its_total(store: Store) -> None:
    """However it is written; running sessions count with what they have."""
    await session(store, 0)
    await session(store, 1, id_token="CARD")
    running = await session(store, 2, id_token="Guest", running=True)
    await store.save(replace(running, energy=250), {})
    assert await store.token_totals() == {
        "card": TokenTotal(energy=2000, sessions=2, last=NOW + HOUR),
        "guest": TokenTotal(energy=250, sessions=1, last=NOW + 2 * HOUR),
    }


async def test_the_use_of_a_card_is_recorded_once(
    open_store: OpenStore, database: str
) -> None:
    """Also when a station tells it again after a restart."""
    for _ in range(2):
        store = await open_store()
        for purpose in ("authorize", "start", "start"):
            store.record_use("CP1", 1, "Card", NOW, "Accepted", purpose)
        store.record_use("CP1", 1, "Card\x00" + "x" * 300, NOW, "Invalid", "authorize")
        await store.close()
    rows = execute(
        database, "SELECT id_token, status, purpose FROM id_token_uses ORDER BY id"
    )
    assert sorted(rows) == [
        ("Card", "Accepted", "authorize"),
        ("Card", "Accepted", "start"),
        ("Card" + "x" * 251, "Invalid", "authorize"),
    ]


# --- samples ------------------------------------------------------------------------------


def at(seconds: float) -> datetime:
    """Return a moment some seconds from now."""
    return NOW + timedelta(seconds=seconds)


async def test_one_sample_a_minute_is_kept_and_the_first_and_the_last(
    store: Store,
) -> None:
    """Of those that come every ten seconds, through the end of the session."""
    begun = await session(store, running=True)
    for seconds in range(5, 216, 10):
        store.add_sample(begun.number, at(seconds), seconds * 2, 7200)
    await store.save(replace(begun, ended=at(220), energy=430), {})
    assert await store.samples(begun.number) == [
        Sample(at(5), 10, 7200),
        Sample(at(65), 130, 7200),
        Sample(at(125), 250, 7200),
        Sample(at(185), 370, 7200),
        Sample(at(215), 430, 7200),
    ]


async def test_an_end_that_is_saved_twice_has_one_last_sample(store: Store) -> None:
    begun = await session(store, running=True)
    for seconds in (0, 10, 20):
        store.add_sample(begun.number, at(seconds), seconds)
    for _ in range(2):
        await store.save(replace(begun, ended=at(20), energy=20), {})
    assert await store.samples(begun.number) == [Sample(at(0), 0), Sample(at(20), 20)]


async def test_samples_that_were_held_back_are_kept_in_their_minutes(
    store: Store,
) -> None:
    """A minute that has its sample gets no second one."""
    for seconds in (600, 0, 10, 130, 610):
        store.add_sample(7, at(seconds), seconds)
    assert await store.samples(7) == [
        Sample(at(0), 0),
        Sample(at(130), 130),
        Sample(at(600), 600),
    ]


async def test_a_minute_has_one_sample_also_over_a_restart(
    open_store: OpenStore,
) -> None:
    """And a sample that is told again is the same."""
    for seconds in ((0, 60), (60, 90, 121)):
        store = await open_store()
        for second in seconds:
            store.add_sample(7, at(second), second)
        await store.close()
    store = await open_store()
    assert await store.samples(7) == [
        Sample(at(0), 0),
        Sample(at(60), 60),
        Sample(at(121), 121),
    ]


async def test_samples_are_written_together(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When they are many: nothing is handed over for each."""
    monkeypatch.setattr(gatherer, "FLUSH_AT", 10)
    assert store._writer is not None
    put = store._writer.put
    jobs: list[object] = []

    def counted(job: Callable[..., object]) -> None:
        jobs.append(job)
        put(job)  # type: ignore[arg-type]

    monkeypatch.setattr(store._writer, "put", counted)
    for minute in range(25):
        store.add_sample(7, NOW + minute * MINUTE, minute)
    assert len(jobs) == 2
    assert len(await store.samples(7)) == 25


async def test_samples_are_written_after_a_while(
    open_store: OpenStore, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when they are few."""
    monkeypatch.setattr(gatherer, "FLUSH_EVERY", 0)
    store, other = await open_store(), await open_store()
    store.add_sample(7, NOW, 1)
    while not await other.samples(7):
        pass


# --- deleting -----------------------------------------------------------------------------


async def test_a_deleted_session_is_gone_with_its_samples(store: Store) -> None:
    """And nothing else is."""
    deleted, kept = await session(store, 0), await session(store, 1)
    for number in (deleted.number, kept.number):
        store.add_sample(number, NOW, 1)
    assert await store.delete_session(deleted.number)
    assert not await store.delete_session(deleted.number)
    assert await store.sessions() == [kept]
    assert await store.samples(deleted.number) == []
    assert await store.samples(kept.number) == [Sample(NOW, 1)]
    # What its station still says of it does not bring it back.
    await store.save(replace(deleted, energy=5), {})
    store.add_sample(deleted.number, NOW, 1)
    assert await store.find("CP1", deleted.id) is None
    assert await store.samples(deleted.number) == []


async def test_a_running_session_is_not_deleted(store: Store) -> None:
    """Its station will tell its end."""
    running = await session(store, running=True)
    assert not await store.delete_session(running.number)
    assert await store.sessions() == [running]


async def test_the_number_of_a_deleted_session_is_never_given_again(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after a restart with a clock that was set back."""
    store = await open_store()
    numbers = [(await session(store, hours)).number for hours in range(3)]
    for number in numbers:
        assert await store.delete_session(number)
    await store.close()
    monkeypatch.setattr("time.time", lambda: 1000)
    store = await open_store()
    assert (await session(store, 9)).number > max(numbers)


async def test_samples_are_purged_and_sessions_stay(
    store: Store, database: str
) -> None:
    """Those of sessions that ended before; also many, and old uses of cards."""
    old = [await session(store, hours) for hours in range(25)]
    new = await session(store, 100)
    running = await session(store, 0, evse=2, running=True)
    for one in (*old, new, running):
        store.add_sample(one.number, NOW, 1)
    store.record_use("CP1", 1, "Card", NOW, "Accepted", "authorize")
    store.record_use("CP1", 1, "Card", NOW + 100 * HOUR, "Accepted", "authorize")
    await store.purge(NOW + 50 * HOUR)
    for one in old:
        assert await store.samples(one.number) == []
    for one in (new, running):
        assert await store.samples(one.number) == [Sample(NOW, 1)]
    assert len(await store.sessions()) == 27
    assert execute(database, "SELECT COUNT(*) FROM id_token_uses") == [(1,)]
