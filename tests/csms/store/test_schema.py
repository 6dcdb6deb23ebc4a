"""Prove that what earlier releases wrote is kept, and what later ones wrote untouched."""

import asyncio
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
import logging
from pathlib import Path
import sqlite3
from typing import Any

import pytest
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.schema import CreateTable

from custom_components.ocpp.csms.model import IdTokenInfo, Transaction
from custom_components.ocpp.csms.store import Store, StoreTooNew, check_url
from custom_components.ocpp.csms.store.engine import build_engine, read_url
from custom_components.ocpp.csms.store.schema import HEAD
from custom_components.ocpp.csms.store.tables import metadata, transactions

from .conftest import OpenStore

FIXTURES = Path(__file__).parent / "fixtures"
VERSIONS = sorted({path.name.split(".")[0] for path in FIXTURES.glob("version_*.sql")})
ENDED = Transaction(
    number=1777896000,
    id="1777896000",
    station="CP1",
    evse=1,
    started=datetime(2026, 5, 4, 12, 0, 0, 123000, tzinfo=UTC),
    id_token="CardÄ",
    meter_start=1000,
    energy=8000.5,
    ended=datetime(2026, 5, 4, 13, 30, tzinfo=UTC),
    meter_stop=9000.5,
    stop_reason="local",
)
RUNNING = Transaction(
    number=1777896001,
    id="77",
    station="CP1",
    evse=2,
    started=datetime(2026, 5, 4, 12, 5, tzinfo=UTC),
    id_token="Guest",
    meter_start=500,
    energy=250.25,
)
COUNTING = {"start": 500.0, "base": 500.0, "last": 750.25, "carried": 0}
REFUSED = Transaction(
    number=1777896002,
    id="1777896002",
    station="CP2",
    evse=1,
    started=datetime(2026, 5, 4, 12, 6, tzinfo=UTC),
    id_token="CARDä",
    token_info=IdTokenInfo(status="Invalid"),
)


def execute(url: str, *statements: str) -> list[Any]:
    """Carry out statements as nobody of ours does; return what the last one found."""
    engine = build_engine(read_url(url))
    with engine.begin() as connection:
        for statement in statements:
            # A colon would name a parameter.
            result = connection.exec_driver_sql(statement.replace("%", "%%"))
        found = list(result) if result.returns_rows else []
    engine.dispose()
    return found


def write(url: str, backend: str, version: str) -> None:
    """Write a database as an earlier release left it."""
    dump = (FIXTURES / f"{version}.{backend}.sql").read_text()
    execute(url, *(part for part in dump.split(";\n") if part.strip()))


async def assert_all_is_there(store: Store) -> None:
    """Check what the dumps hold."""
    assert await store.load_facts("CP1") == {
        "evses": [1, 2],
        "last_seen": "2026-05-04T12:00:00+00:00",
    }
    assert await store.load_facts("CP2") == {"evses": [1]}
    latest = sorted(await store.latest("CP1"), key=lambda it: it[0].evse)
    assert latest == [(ENDED, {}), (RUNNING, COUNTING)]
    assert await store.find("CP2", REFUSED.id) == REFUSED
    assert (await store.find("CP2", "4711")).evse == 0
    assert await store.sessions() == [ENDED, RUNNING]


@pytest.mark.parametrize("version", VERSIONS)
async def test_what_every_earlier_release_wrote_is_kept(
    version: str, backend: str, database: str, open_store: OpenStore
) -> None:
    """With the session that was running, which can be ended."""
    write(database, backend, version)
    store = await open_store()
    await assert_all_is_there(store)
    # What is looked up without its letter case is so for old rows as well.
    assert set(await store.token_totals()) == {"cardä", "guest"}
    assert await store.sessions(id_tokens=["CARDÄ"]) == [ENDED]
    again = replace(ENDED, number=0, id="", ended=None, id_token="cardä")
    assert await store.begin(again, dated=True) == (ENDED, False)
    ended = replace(RUNNING, ended=ENDED.ended, energy=300, cost=1.5, currency="EUR")
    await store.save(ended, {})
    assert await store.find("CP1", "77") == ended
    new, is_new = await store.begin(replace(RUNNING, number=0, id=""), dated=False)
    assert is_new and new.number > REFUSED.number


async def test_a_new_database_has_what_the_steps_make(
    backend: str, database: str, open_store: OpenStore
) -> None:
    """Neither table, column nor index is only in one of them."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    write(database, backend, "version_1")
    await open_store()
    engine = build_engine(read_url(database))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"version_table": "ocpp_schema"},
        )
        different = [
            difference
            for difference in compare_metadata(context, metadata)
            # Alembic leaves the version's own table out.
            if "ocpp_schema" not in str(difference)
        ]
    engine.dispose()
    assert different == []


async def test_a_new_database_says_which_version_it_has(
    database: str, open_store: OpenStore
) -> None:
    """The newest."""
    await open_store()
    assert execute(database, "SELECT version_num FROM ocpp_schema") == [(HEAD,)]


async def test_an_upgrade_that_broke_off_is_completed(
    backend: str, database: str, open_store: OpenStore
) -> None:
    """MariaDB does not take half a step back."""
    write(database, backend, "version_1")
    execute(
        database,
        "ALTER TABLE transactions ADD COLUMN card VARCHAR(255)",
        "CREATE INDEX ix_transactions_started ON transactions (started)",
    )
    await assert_all_is_there(await open_store())


@pytest.mark.parametrize("before", ["version_1", None])
async def test_two_central_systems_may_upgrade_at_once(
    before: str | None, backend: str, database: str, open_store: OpenStore
) -> None:
    """Each finds all there, and so does what they both begin."""
    if before is not None:
        write(database, backend, before)
    stores = await asyncio.gather(*(open_store() for _ in range(4)))
    for store in stores:
        if before is not None:
            await assert_all_is_there(store)
        assert (await store.begin(replace(RUNNING, number=0), dated=False))[0].number
    assert execute(database, "SELECT version_num FROM ocpp_schema") == [(HEAD,)]


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file in a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("in_use", [False, True])
async def test_the_file_of_a_newer_release_is_not_touched(
    in_use: bool, tmp_path: Path
) -> None:
    """Also while that release, or what it left in the log when it was killed, is there."""
    path = tmp_path / "ocpp.db"
    with closing(sqlite3.connect(path, autocommit=True)) as newer:
        newer.execute("PRAGMA journal_mode=WAL" if in_use else "SELECT 1")
        newer.execute("CREATE TABLE ocpp_schema (version_num VARCHAR(32))")
        newer.execute("CREATE TABLE transactions (number INTEGER, its_own TEXT)")
        newer.execute("INSERT INTO ocpp_schema VALUES ('99')")
        newer.execute("INSERT INTO transactions VALUES (1, 'kept')")
        before = contents(tmp_path)
        store = Store(f"sqlite:///{path}")
        with pytest.raises(StoreTooNew, match="newer release"):
            await store.open()
        with pytest.raises(StoreTooNew):
            check_url(f"sqlite:///{path}")
        after = contents(tmp_path)
    # The index of the log belongs to who has the file open.
    for files in (before, after):
        files.pop("ocpp.db-shm", None)
    assert after == before


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"], indirect=True)
async def test_the_database_of_a_newer_release_is_not_touched(
    backend: str, database: str
) -> None:
    """No table is added and none is changed."""
    execute(
        database,
        "CREATE TABLE ocpp_schema (version_num VARCHAR(32))",
        "CREATE TABLE transactions (number INTEGER, its_own VARCHAR(9))",
        "INSERT INTO ocpp_schema VALUES ('99')",
        "INSERT INTO transactions VALUES (1, 'kept')",
    )
    with pytest.raises(StoreTooNew):
        await Store(database).open()
    schema = "public" if backend == "postgresql" else "DATABASE()"
    quoted = f"'{schema}'" if backend == "postgresql" else schema
    tables = execute(
        database,
        "SELECT table_name FROM information_schema.tables "
        f"WHERE table_schema = {quoted} ORDER BY table_name",
    )
    assert tables == [("ocpp_schema",), ("transactions",)]
    assert execute(database, "SELECT * FROM transactions") == [(1, "kept")]
    assert execute(database, "SELECT * FROM ocpp_schema") == [("99",)]


async def test_an_upgrade_leaves_logging_alone(tmp_path: Path) -> None:
    """Alembic would otherwise set up the handlers of the whole process."""
    root = logging.getLogger()
    before = (root.level, list(root.handlers), logging.getLogger("x").disabled)
    write(f"sqlite:///{tmp_path / 'a.db'}", "sqlite", "version_1")
    store = Store(f"sqlite:///{tmp_path / 'a.db'}")
    await store.open()
    await store.close()
    after = (root.level, list(root.handlers), logging.getLogger("x").disabled)
    assert after == before


@pytest.mark.parametrize(
    ("dialect", "words"),
    [
        (
            mysql.dialect(),
            ["started DATETIME(6)", "ended DATETIME(6)", "meter_start DOUBLE"],
        ),
        (postgresql.dialect(), ["started TIMESTAMP", "meter_start DOUBLE PRECISION"]),
    ],
    ids=["mariadb", "postgresql"],
)
def test_other_databases_keep_times_and_registers_exactly(
    dialect: Any, words: list[str]
) -> None:
    """Repeated starts are recognised by both."""
    ddl = str(CreateTable(transactions).compile(dialect=dialect))
    for word in words:
        assert word in ddl
