"""Prove that charging goes on when the database fails, and that nothing is lost by it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
import logging
from pathlib import Path
import sqlite3
import threading
from typing import Any

import pytest
from sqlalchemy import event

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.model import (
    IdTokenInfo,
    Options,
    StationSettings,
    Transaction,
)
from custom_components.ocpp.csms.store import (
    Sample,
    Store,
    StoreError,
    StoreTrouble,
    StoreUnavailable,
    TroubleKind,
    engine,
    gatherer,
    journal,
    memory,
    writer,
)
from custom_components.ocpp.csms.store.database import Database
from custom_components.ocpp.csms.store.writer import Job
from tests.simulator import Charger

from ..conftest import IDENTITY, PATIENCE
from .conftest import OpenStore
from .gate import Gate
from .servers import Servers
from .test_schema import execute
from .test_store import NOW, START

SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
ENDED = {"ended": NOW + timedelta(hours=1), "energy": 900, "stop_reason": "local"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nothing longer than a test has to."""
    monkeypatch.setattr(engine, "_LONGEST_LOCK", 0.1)
    monkeypatch.setattr(writer, "FIRST_RETRY", 0.05)


class Troubles:
    """What a store says of its troubles."""

    def __init__(self, store: Store) -> None:
        """Listen to it."""
        self.told: list[StoreTrouble | None] = []
        self._changed = asyncio.Event()
        store.on_trouble = self._tell

    def _tell(self, trouble: StoreTrouble | None) -> None:
        self.told.append(trouble)
        self._changed.set()

    @property
    def kinds(self) -> set[TroubleKind]:
        """Return which there were."""
        return {trouble.kind for trouble in self.told if trouble is not None}

    async def until(self, condition: Callable[[StoreTrouble | None], object]) -> None:
        """Wait until a trouble is told that is so."""
        async with asyncio.timeout(PATIENCE):
            while not (self.told and condition(self.told[-1])):
                self._changed.clear()
                await self._changed.wait()

    async def over(self) -> None:
        """Wait until all is well again."""
        await self.until(lambda trouble: trouble is None)


async def no_thread_left() -> None:
    """Wait until stores that were not waited for have ended all the same."""
    for thread in threading.enumerate():
        if thread.name.startswith("ocpp_store"):
            await asyncio.to_thread(thread.join, PATIENCE)


# --- ways to fail -------------------------------------------------------------------------

type Repair = Callable[[], Awaitable[None]]


def database_of(store: Store) -> Database:
    """Return what the store's thread works with."""
    assert store._writer is not None
    return store._writer.database


async def run_in_thread(store: Store, work: Callable[[], None]) -> None:
    """Do something in the store's thread."""
    assert store._writer is not None
    await store._writer.in_thread(work)


async def in_thread(store: Store, statement: str) -> None:
    """Do something on the store's own connection."""

    def do() -> None:
        with database_of(store)._raw() as connection:
            connection.execute(statement).fetchall()

    await run_in_thread(store, do)


async def locked(store: Store, path: Path) -> Repair:
    """Let another process hold the file."""
    other = sqlite3.connect(path, autocommit=True)
    other.execute("BEGIN EXCLUSIVE")

    async def repair() -> None:
        other.close()

    return repair


def fill(connection: sqlite3.Connection) -> None:
    """Leave no room in any page of the tables that are written to."""
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages}").fetchone()
    query = (
        "INSERT INTO transactions (number, id, station, evse, started, id_token,"
        " token_status, energy, counting, token_key) VALUES"
        " (?, '', 'filler', 0, '2020-01-01', '', '', 0, ?, '')"
    )
    number = 0
    for length in (2000, 200, 1):
        with suppress(sqlite3.OperationalError):
            while number := number + 1:
                connection.execute(query, (number, "x" * length))


async def full(store: Store, path: Path) -> Repair:
    """Let the disk have no room: the file may not grow."""
    await in_thread(store, "PRAGMA wal_checkpoint(TRUNCATE)")
    used = database_of(store)._engine
    event.listen(used, "connect", limit)

    def fill_up() -> None:
        with database_of(store)._raw() as connection:
            fill(connection)

    await run_in_thread(store, fill_up)

    async def repair() -> None:
        event.remove(used, "connect", limit)
        await run_in_thread(store, database_of(store).close)
        await in_thread(store, "DELETE FROM transactions WHERE station = 'filler'")

    return repair


def limit(connection: Any, _: object) -> None:
    """Let a file not grow."""
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages}").fetchone()


async def without_tables(store: Store, path: Path) -> Repair:
    """Let somebody have taken the tables away."""
    with closing(sqlite3.connect(path, autocommit=True)) as other:
        for table in ("transactions", "stations"):
            other.execute(f"ALTER TABLE {table} RENAME TO {table}_away")

    async def repair() -> None:
        with closing(sqlite3.connect(path, autocommit=True)) as other:
            for table in ("transactions", "stations"):
                other.execute(f"ALTER TABLE {table}_away RENAME TO {table}")

    return repair


async def hanging(store: Store, path: Path) -> Repair:
    """Let the disk not answer at all."""
    go_on = threading.Event()
    assert store._writer is not None
    store._writer.put(Job(lambda _: go_on.wait(PATIENCE), keep=False))

    async def repair() -> None:
        go_on.set()

    return repair


FAULTS = pytest.mark.parametrize(
    ("fail", "kind"),
    [
        (locked, TroubleKind.LOCKED),
        (full, TroubleKind.FULL),
        (without_tables, TroubleKind.FAILED),
        (hanging, TroubleKind.UNREACHABLE),
    ],
    ids=lambda it: getattr(it, "__name__", None),
)
type Fail = Callable[[Store, Path], Awaitable[Repair]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the file of the store."""
    return tmp_path / "ocpp.db"


def rows(path: Path, columns: str = "*", table: str = "transactions") -> list[Any]:
    """Return what is in the file, as nobody of ours sees it."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            f"SELECT {columns} FROM {table} ORDER BY 1"
        ).fetchall()


# --- charging goes on ---------------------------------------------------------------------


@SQLITE
@FAULTS
async def test_what_is_told_while_the_database_fails_is_written_when_it_is_back(
    fail: Fail,
    kind: TroubleKind,
    store: Store,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Exactly once and in its order, whatever was asked meanwhile."""
    monkeypatch.setattr(writer, "LONGEST_REPLY", 0.3)
    troubles = Troubles(store)
    before, _ = await store.begin(replace(START, evse=2), dated=True)
    await store.save_facts("CP1", {"evses": [1]})
    repair = await fail(store, path)
    begun, new = await store.begin(START, dated=True)
    assert new and begun.number > before.number
    assert store.trouble is not None
    # Repeated, as stations do that get no answer soon.
    assert await store.begin(START, dated=True) == (begun, False)
    other, _ = await store.begin(replace(START, meter_start=7), dated=True)
    assert await store.find("CP1", begun.id) == begun
    assert await store.find("CP1", "unknown") is None
    assert {it.number for it, _ in await store.latest("CP1")} == {
        before.number,
        other.number,
    }
    ended = replace(begun, **ENDED)
    for energy in (100, 500):
        await store.save(replace(begun, energy=energy), {"last": energy})
    await store.save(ended, {})
    await store.save_facts("CP1", {"evses": [1, 2]})
    assert await store.load_facts("CP1") == {"evses": [1, 2]}
    store.add_sample(begun.number, NOW, 1)
    store.record_use("CP1", 1, "Card", NOW, "Accepted", "start")
    with pytest.raises(StoreUnavailable):
        await store.sessions()
    await repair()
    await troubles.over()
    assert troubles.kinds == {kind}
    assert await store.sessions() == [before, ended, other]
    assert await store.samples(begun.number) == [Sample(NOW, 1)]
    assert len(rows(path)) == 3
    assert rows(path, "facts", "stations") == [('{"evses": [1, 2]}',)]
    said = [record for record in caplog.records if "The store" in record.message]
    assert len(said) == 2, "once when it begins, and once when it is over"
    assert "Card" not in caplog.text


@SQLITE
@FAULTS
async def test_a_station_is_answered_while_the_database_fails(
    fail: Fail,
    kind: TroubleKind,
    store: Store,
    path: Path,
    options: Options,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A session can be begun and ended, and is there when the database is back."""
    monkeypatch.setattr(writer, "LONGEST_REPLY", 0.3)
    troubles = Troubles(store)
    central = CentralSystem(host="127.0.0.1", port=0, store=store, options=options)
    await central.open()
    station = await central.add_station(IDENTITY, StationSettings())
    await central.listen()
    repair = await fail(store, path)
    async with Charger(f"ws://127.0.0.1:{central.port}", IDENTITY) as charger:
        await charger.boot()
        await charger.plug_in()
        number = await charger.start()
        assert station.transactions.running(1) is not None
        await charger.stop()
        assert station.transactions.running(1) is None
        assert charger.violations == []
    await repair()
    await troubles.over()
    await central.close()
    (kept,) = await store.sessions()
    assert (kept.number, kept.running) == (number, False)
    assert "Traceback" not in caplog.text


@SQLITE
async def test_a_start_from_before_a_restart_is_recognised_when_the_database_is_back(
    open_store: OpenStore, path: Path
) -> None:
    """Until then it has another number, by which it is known for good."""
    store = await open_store()
    first, _ = await store.begin(START, dated=True)
    await store.close()
    store = await open_store()
    troubles = Troubles(store)
    repair = await locked(store, path)
    told, new = await store.begin(START, dated=True)
    assert new and told.number > first.number
    await store.save(replace(told, **ENDED), {})
    await repair()
    await troubles.over()
    assert len(rows(path)) == 1
    ended = replace(told, **ENDED)
    assert await store.find("CP1", told.id) == ended
    assert await store.latest("CP1") == [(ended, {})]
    assert await store.delete_session(told.number)
    assert rows(path) == []


@SQLITE
async def test_facts_that_could_not_be_read_are_not_lost(
    open_store: OpenStore, path: Path
) -> None:
    """What is saved then is put beside them."""
    store = await open_store()
    await store.save_facts("CP1", {"evses": [1, 2], "smart_charging": {"unit": "W"}})
    await store.close()
    store = await open_store()
    troubles = Troubles(store)
    repair = await locked(store, path)
    assert await store.load_facts("CP1") == {}
    await store.save_facts("CP1", {"evses": [1]})
    await repair()
    await troubles.over()
    assert await store.load_facts("CP1") == {
        "evses": [1],
        "smart_charging": {"unit": "W"},
    }


@SQLITE
async def test_what_no_database_takes_stops_nothing(
    store: Store, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said, and the rest is written."""
    unwritable = replace(START, id_token="\ud800")
    (told, new), (good, _) = await asyncio.gather(
        store.begin(unwritable, dated=True),
        store.begin(replace(START, evse=2), dated=True),
    )
    assert new and told.number
    assert store.trouble is None
    assert await store.sessions() == [good]
    assert "can't be written and is lost" in caplog.text


@SQLITE
async def test_what_is_too_much_to_keep_is_counted(
    store: Store,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """And said, and stations are answered all the same."""
    monkeypatch.setattr(writer, "MOST_WAITING", 3)
    monkeypatch.setattr(gatherer, "MOST_GATHERED", 10)
    monkeypatch.setattr(gatherer, "FLUSH_AT", 5)
    troubles = Troubles(store)
    repair = await locked(store, path)
    for second in range(6):
        start = replace(START, started=NOW + timedelta(seconds=second))
        assert (await store.begin(start, dated=True))[1]
    for minute in range(20):
        store.add_sample(7, NOW + timedelta(minutes=minute), 1)
    await troubles.until(lambda it: it is not None and it.dropped > 3)
    trouble = troubles.told[-1]
    assert trouble is not None and trouble.waiting == 3
    await repair()
    await troubles.over()
    assert len(rows(path)) == 3
    kept = await store.samples(7)
    assert 0 < len(kept) <= 11
    assert kept[-1].at == NOW + timedelta(minutes=19)
    assert "The store is full" in caplog.text


@SQLITE
async def test_people_are_told_how_much_waits_as_it_grows(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once where it has doubled, and else soon; long before the database is retried."""
    monkeypatch.setattr(writer, "FIRST_RETRY", 3600)
    troubles = Troubles(store)
    repair = await locked(store, path)

    async def begin(evse: int) -> list[int]:
        await store.begin(replace(START, evse=evse), dated=True)
        return [trouble.waiting for trouble in troubles.told if trouble is not None]

    assert await begin(1) == [1]
    assert await begin(2) == [1, 2]
    monkeypatch.setattr(writer, "TELL_EVERY", 0.05)
    assert await begin(3) == [1, 2]
    await troubles.until(lambda it: it is not None and it.waiting == 3)
    assert store.trouble == troubles.told[-1]
    monkeypatch.setattr(writer, "TELL_EVERY", 3600)
    assert await begin(4) == [1, 2, 3]
    assert await begin(5) == [1, 2, 3]
    assert await begin(6) == [1, 2, 3, 6]
    await begin(7)
    await repair()
    # Nothing is left that would tell of it.
    await store.close()
    assert len(rows(path)) == 7


@SQLITE
async def test_old_sessions_are_forgotten_before_running_ones(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is remembered for a fault is bounded."""
    monkeypatch.setattr(memory, "_MOST", 2)
    begun = [
        (await store.begin(replace(START, evse=evse), dated=True))[0]
        for evse in (1, 2, 3)
    ]
    repair = await locked(store, path)
    assert await store.find("CP1", begun[0].id) is None
    assert await store.find("CP1", begun[2].id) == begun[2]
    await store.save(replace(begun[2], **ENDED), {})
    await store.begin(replace(START, evse=4), dated=True)
    assert await store.find("CP1", begun[1].id) == begun[1]
    assert await store.find("CP1", begun[2].id) is None
    await repair()


@SQLITE
async def test_without_a_time_a_repeated_start_is_recognised_while_it_runs(
    store: Store, path: Path
) -> None:
    """Also while the database is away, and by an id where it has one."""
    repair = await locked(store, path)
    begun, _ = await store.begin(START, dated=False)
    soon = replace(START, started=NOW + timedelta(minutes=5))
    assert await store.begin(soon, dated=False) == (begun, False)
    await store.save(replace(begun, **ENDED), {})
    again, new = await store.begin(soon, dated=False)
    assert new
    assert await store.begin(soon, dated=False) == (again, False)
    assert (await store.begin(replace(soon, id="9"), dated=False))[1]
    await repair()


# --- the end ------------------------------------------------------------------------------


@SQLITE
async def test_what_waits_is_written_before_the_store_closes(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the database takes it by then."""
    monkeypatch.setattr(writer, "FIRST_RETRY", 60)
    repair = await locked(store, path)
    await store.begin(START, dated=True)
    await repair()
    await store.close()
    assert len(rows(path)) == 1


@SQLITE
async def test_what_the_database_does_not_take_in_the_end_is_said(
    store: Store, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """How many messages are lost."""
    repair = await locked(store, path)
    for evse in (1, 2):
        await store.begin(replace(START, evse=evse), dated=True)
    await store.close()
    assert "did not take the last 2 messages" in caplog.text
    # Nothing is written any more, but who comes late is answered.
    assert (await store.begin(START, dated=True))[1] is False
    assert (await store.begin(replace(START, evse=3), dated=True))[1]
    assert "The store is closed" in caplog.text
    await store.close()
    await repair()


@SQLITE
async def test_a_database_that_hangs_does_not_keep_the_store_from_closing(
    store: Store,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is given a few seconds."""
    monkeypatch.setattr(writer, "LONGEST_REPLY", 0.05)
    monkeypatch.setattr(writer, "_LONGEST_CLOSE", 0.05)
    repair = await hanging(store, path)
    await store.begin(START, dated=True)
    await store.close()
    assert "did not take the last 1 messages" in caplog.text
    await repair()
    await no_thread_left()


# --- damage -------------------------------------------------------------------------------


def garbage(path: Path) -> None:
    """Let nothing of the file be left."""
    for file in path.parent.glob("ocpp.db*"):
        file.write_bytes(b"no database" * 1000)


def bad_pages(path: Path) -> None:
    """Let the disk have lost all but the first page."""
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (path.stat().st_size - 4096))


async def at_rest(store: Store) -> None:
    """Have everything in the file itself, and the store look at it anew."""
    await in_thread(store, "PRAGMA wal_checkpoint(TRUNCATE)")
    await run_in_thread(store, database_of(store).close)


def set_aside(folder: Path) -> list[str]:
    """Return the names of the files that were set aside."""
    return sorted(
        file.name
        for file in folder.glob("ocpp.db.damaged-*")
        if not file.name.endswith(("-wal", "-shm"))
    )


@SQLITE
@pytest.mark.parametrize("damage", [garbage, bad_pages])
async def test_a_file_that_is_damaged_while_it_is_used_is_set_aside(
    damage: Callable[[Path], None],
    store: Store,
    path: Path,
    open_store: OpenStore,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """And what is known of stations and running sessions goes on in a new one."""
    troubles = Troubles(store)
    running, _ = await store.begin(replace(START, evse=2), dated=True)
    await store.save(replace(running, energy=100), {"last": 1100})
    await store.save_facts("CP1", {"evses": [1, 2]})
    await at_rest(store)
    damage(path)
    begun, new = await store.begin(START, dated=True)
    assert new and begun.number > running.number
    (name,) = set_aside(path.parent)
    told = [it for it in troubles.told if it is not None]
    assert [(it.kind, it.set_aside) for it in told] == [(TroubleKind.DAMAGED, name)]
    assert store.set_aside == name
    assert name in caplog.text
    await store.close()
    # A restart finds it all, and what was set aside is still told of.
    store = await open_store()
    assert await store.sessions() == [replace(running, energy=100), begun]
    latest = {it.evse: counting for it, counting in await store.latest("CP1")}
    assert latest == {1: {}, 2: {"last": 1100}}
    assert await store.load_facts("CP1") == {"evses": [1, 2]}
    assert store.set_aside == name
    (path.parent / name).unlink()
    assert (await open_store()).set_aside is None


@SQLITE
@pytest.mark.parametrize("damage", [garbage, bad_pages])
async def test_a_file_that_is_damaged_at_the_start_is_set_aside(
    damage: Callable[[Path], None], open_store: OpenStore, path: Path
) -> None:
    """Chargers can charge, and the numbers they were given are not given again."""
    store = await open_store()
    lost, _ = await store.begin(START, dated=True)
    await store.close()
    damage(path)
    before = path.read_bytes()
    store = await open_store()
    begun, new = await store.begin(START, dated=True)
    assert new and begun.number >= lost.number
    (name,) = set_aside(path.parent)
    assert (path.parent / name).read_bytes() == before


@SQLITE
async def test_two_central_systems_set_one_file_aside_once(
    open_store: OpenStore, path: Path
) -> None:
    """Not what the other one has begun anew."""
    garbage(path) if path.exists() else path.write_bytes(b"no database" * 1000)
    stores = await asyncio.gather(*(open_store() for _ in range(4)))
    for evse, store in enumerate(stores):
        await store.begin(replace(START, evse=evse + 1), dated=True)
    assert len(await stores[0].sessions()) == 4
    assert len(set_aside(path.parent)) == 1


# --- opening ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("sqlite:///{path}/missing/ocpp.db", "cannot_connect"),
        ("postgresql://ocpp:secret@127.0.0.1:1/ocpp", "cannot_connect"),
        ("mysql://ocpp:secret@127.0.0.1:1/ocpp", "cannot_connect"),
    ],
)
async def test_a_database_that_is_away_at_the_start_may_come_later(
    address: str, reason: str, tmp_path: Path
) -> None:
    """Then nobody is answered: stations keep what they have to say."""
    store = Store(address.format(path=tmp_path))
    with pytest.raises(StoreUnavailable) as error:
        await store.open()
    assert error.value.reason == reason
    assert "secret" not in str(error.value)
    # Nothing is left open, and closing does no harm.
    await store.close()


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("nonsense", "invalid_url"),
        ("nonsense://host/name", "invalid_url"),
        ("oracle://host/name", "invalid_url"),
        ("sqlite://", "invalid_url"),
        ("postgresql://host:port/name", "invalid_url"),
        ("postgresql+nonsense://host/name", "driver_missing"),
        ("mysql+mysqldb://host/name", "driver_missing"),
    ],
)
async def test_an_address_that_can_never_work_is_told(
    address: str, reason: str
) -> None:
    """A URL that is none, a database that is unknown, a driver that is not there."""
    with pytest.raises(StoreError) as error:
        await Store(address).open()
    assert not isinstance(error.value, StoreUnavailable)
    assert error.value.reason == reason


@SQLITE
async def test_a_locked_file_is_waited_for(
    open_store: OpenStore, path: Path, store: Store
) -> None:
    """Opening it fails for now."""
    await store.close()
    repair = await locked(store, path)
    with pytest.raises(StoreUnavailable):
        await open_store()
    await repair()
    await open_store()


# --- servers ------------------------------------------------------------------------------

SERVERS = pytest.mark.parametrize("backend", ["postgresql", "mariadb"], indirect=True)


@pytest.fixture
async def gate(backend: str, servers: Servers, database: str) -> AsyncGenerator[Gate]:
    """Return what stands between the store and its server."""
    async with Gate.before(database) as gate:
        yield gate


@pytest.fixture
async def remote(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Store]:
    """Return a store whose server is behind the gate."""
    monkeypatch.setattr(writer, "LONGEST_REPLY", 1)
    monkeypatch.setattr(engine, "_LONGEST_CONNECT", 1)
    store = Store(gate.url)
    await store.open()
    yield store
    await gate.open()
    await store.close()


@SERVERS
@pytest.mark.parametrize("how", ["refuse", "hang"])
async def test_a_server_that_is_away_keeps_nobody_from_charging(
    how: str, gate: Gate, remote: Store, database: str
) -> None:
    """What it missed is written when it is back, exactly once."""
    troubles = Troubles(remote)
    await remote.begin(replace(START, evse=2), dated=True)
    await getattr(gate, how)()
    begun, new = await remote.begin(START, dated=True)
    assert new
    ended = replace(begun, **ENDED)
    await remote.save(ended, {})
    await gate.open()
    await troubles.over()
    assert troubles.kinds == {TroubleKind.UNREACHABLE}
    assert await remote.find("CP1", begun.id) == ended
    assert execute(database, "SELECT COUNT(*) FROM transactions") == [(2,)]


@SERVERS
async def test_a_server_that_was_restarted_is_not_even_noticed(
    gate: Gate, remote: Store, database: str
) -> None:
    """A connection that broke is made anew."""
    troubles = Troubles(remote)
    await remote.begin(START, dated=True)
    await gate.cut()
    await remote.begin(replace(START, evse=2), dated=True)
    assert troubles.told == []
    assert len(await remote.sessions()) == 2


@SERVERS
async def test_a_number_that_another_central_system_took_meanwhile_is_told_apart(
    gate: Gate, remote: Store, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both sessions are kept, and each is known by what its station was told."""
    # The other one is never away, however busy the machine is.
    monkeypatch.setattr(writer, "LONGEST_REPLY", 60)
    troubles = Troubles(remote)
    other = await open_store()
    await gate.refuse()
    monkeypatch.setattr("time.time", lambda: 3_000_000_000)
    ours, _ = await remote.begin(START, dated=True)
    theirs, _ = await other.begin(replace(START, station="CP2"), dated=True)
    assert ours.number == theirs.number
    remote.add_sample(ours.number, NOW, 1)
    await gate.open()
    await troubles.over()
    ended = replace(ours, **ENDED)
    await remote.save(ended, {})
    assert await remote.find("CP1", ours.id) == ended
    assert await remote.samples(ours.number) == [Sample(NOW, 1)]
    assert await other.find("CP2", theirs.id) == theirs
    stored = {it.station: it for it in await other.sessions()}
    assert stored["CP2"] == theirs
    assert stored["CP1"] == replace(ended, number=stored["CP1"].number)
    assert stored["CP1"].number != theirs.number


@SERVERS
async def test_a_server_that_does_not_answer_is_not_waited_for_at_the_start(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening is over soon, and can be tried again."""
    monkeypatch.setattr(journal, "LONGEST_OPENING", 0.3)
    monkeypatch.setattr(engine, "_LONGEST_CONNECT", 1)
    await gate.hang()
    store = Store(gate.url)
    with pytest.raises(StoreUnavailable):
        await store.open()
    await gate.open()
    await no_thread_left()


def test_a_refused_token_is_no_session() -> None:
    """Memory shows what the database would."""
    known = memory.Memory()
    refused = replace(START, number=1, token_info=IdTokenInfo(status="Invalid"))
    known.keep(refused)
    known.keep(replace(START, number=2, evse=0, ended=START.started))
    known.keep(replace(START, number=3, station="CP2"))
    assert known.latest("CP1") == []
    assert isinstance(known.find("CP1", ""), Transaction)
    # One that runs nobody knows where is shown.
    somewhere = replace(START, number=4, evse=0)
    known.keep(somewhere)
    assert known.latest("CP1") == [(somewhere, {})]


logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
