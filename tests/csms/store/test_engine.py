"""Prove that people are told what is wrong with the database they name."""

from contextlib import closing
from pathlib import Path
import sqlite3
from urllib.parse import quote

import pytest
from sqlalchemy import make_url

from custom_components.ocpp.csms.store import (
    StoreError,
    StoreUnavailable,
    check_url,
    database_url,
    engine,
)
from custom_components.ocpp.csms.store.engine import (
    _connect_args,
    build_engine,
    explain,
    read_url,
)

from .servers import PASSWORD, MariaDB, PostgreSQL, Servers
from .test_schema import execute


def test_the_default_is_a_file() -> None:
    """Unless another database is named."""
    assert database_url(None, "/config/ocpp.db") == "sqlite:////config/ocpp.db"
    assert database_url("", "/config/ocpp.db") == "sqlite:////config/ocpp.db"
    assert database_url("mysql://host/name", "x") == "mysql://host/name"


@pytest.mark.parametrize(
    ("written", "driver"),
    [
        ("sqlite:////config/ocpp.db", "pysqlite"),
        ("postgresql://user:pw@host/db", "psycopg"),
        ("mysql://user:pw@host/db?charset=utf8mb4", "pymysql"),
        ("mariadb://user:pw@host/db", "pymysql"),
        ("postgresql+psycopg2://user:pw@host/db", "psycopg2"),
        ("mysql+pymysql://user:pw@host/db", "pymysql"),
    ],
)
def test_urls_are_written_as_for_the_recorder(written: str, driver: str) -> None:
    """A driver that is named is taken; where none is, it is one that is there."""
    url = read_url(written)
    assert url.get_driver_name() == driver
    assert url.database == make_url(written).database
    assert url.query == make_url(written).query


def test_what_the_url_says_of_the_connection_is_meant() -> None:
    """The rest is ours."""
    url = read_url("postgresql://u@host/db?connect_timeout=60")
    arguments = _connect_args(url, patient=False)
    assert "connect_timeout" not in arguments
    assert arguments["keepalives_idle"] == 10


async def test_a_database_that_can_be_used_is_fine(database: str) -> None:
    """Nothing is left in it."""
    check_url(database)
    system = "information_schema.tables"
    if database.startswith("sqlite"):
        query = "SELECT COUNT(*) FROM sqlite_master"
    else:
        query = f"SELECT COUNT(*) FROM {system} WHERE table_name LIKE 'ocpp_check%'"
    assert execute(database, query) == [(0,)]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("nonsense", "invalid_url"),
        ("oracle://host/name", "invalid_url"),
        ("sqlite:///:memory:", "invalid_url"),
        ("mysql+mysqldb://host/name", "driver_missing"),
        ("sqlite:///{path}/missing/ocpp.db", "cannot_connect"),
        ("sqlite:///{path}/garbage.db", "cannot_connect"),
        ("postgresql://ocpp:secret@127.0.0.1:1/ocpp", "cannot_connect"),
        ("mysql://ocpp:secret@127.0.0.1:1/ocpp", "cannot_connect"),
    ],
)
def test_what_is_wrong_is_told(address: str, reason: str, tmp_path: Path) -> None:
    """By a reason, and without the password."""
    (tmp_path / "garbage.db").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError) as error:
        check_url(address.format(path=tmp_path))
    assert error.value.reason == reason
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("kind", [PostgreSQL, MariaDB])
async def test_a_wrong_password_is_told_but_not_shown(
    kind: type[PostgreSQL | MariaDB], servers: Servers
) -> None:
    """Neither it nor the right one."""
    url = make_url(servers.get(kind).create()).set(password="wr0ng-secret")
    with pytest.raises(StoreUnavailable) as error:
        check_url(url.render_as_string(hide_password=False))
    for secret in ("wr0ng-secret", PASSWORD, quote(PASSWORD, safe="")):
        assert secret not in str(error.value)
    assert "ocpp" in str(error.value)


async def test_rights_that_are_missing_are_told(servers: Servers) -> None:
    """A table can't be created."""
    server = servers.get(PostgreSQL)
    url = server.create()
    name = make_url(url).database
    server.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with pytest.raises(StoreError) as error:
        check_url(url)
    assert error.value.reason == "no_rights"


def test_an_error_that_repeats_the_password_does_not_show_it() -> None:
    """However it is quoted."""
    url = make_url("postgresql://u:hush%40hush@host/db")
    assert "hush" not in explain(ValueError("no hush@hush here"), url)


def test_a_driver_that_refuses_its_arguments_is_told(tmp_path: Path) -> None:
    """The URL is what is wrong."""
    with pytest.raises(StoreError):
        build_engine(read_url(f"sqlite:///{tmp_path}/a.db?pool_size=x&plugin=none"))


def test_another_who_uses_a_new_file_first_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ocpp.db"
    waited = []
    with closing(sqlite3.connect(path, autocommit=True)) as other:
        other.execute("BEGIN IMMEDIATE")

        def wait(seconds: float) -> None:
            waited.append(seconds)
            other.execute("COMMIT")

        monkeypatch.setattr(engine, "sleep", wait)
        check_url(f"sqlite:///{path}")
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert len(waited) == 1


def test_another_who_keeps_a_new_file_is_not_waited_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ocpp.db"
    monkeypatch.setattr(engine, "_LONGEST_SWITCH", 0)
    with closing(sqlite3.connect(path, autocommit=True)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            check_url(f"sqlite:///{path}")
