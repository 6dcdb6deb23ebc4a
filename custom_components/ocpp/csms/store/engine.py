"""Which database is meant, and how it is spoken to."""

from math import ceil
from pathlib import Path
from sqlite3 import SQLITE_BUSY, Cursor, OperationalError
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from .damage import check_version
from .schema import is_current
from .trouble import FAULTS, StoreError, StoreUnavailable, name_of

# Those that need no compiler and no library of the system.
_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
_KNOWN = ("sqlite", *_DRIVERS)

# In seconds. A reply waits no longer for the database than `LONGEST_REPLY`, so that what
# the database itself waits for must be over sooner.
LONGEST_REPLY = 5.0
_LONGEST_LOCK = 4
_LONGEST_CONNECT = 4
_LONGEST_SILENCE = 30
# How long another may take to say how a new file is written, which takes milliseconds.
_LONGEST_SWITCH = 1
# "OFF" makes tests faster that no power cut is part of.
synchronous = "FULL"


def database_url(configured: str | None, default_path: str) -> str:
    """Return the URL that is configured, or that of the default file."""
    return configured or f"sqlite:///{default_path}"


def read_url(url: str) -> URL:
    """Return a URL with the driver that is used; raises `StoreError`.

    It is written as for Home Assistant's recorder. A driver that it names is used; where
    it names none, it is one that comes with this integration.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise StoreError("the URL can't be read", reason="invalid_url") from error
    if parsed.get_backend_name() not in _KNOWN:
        raise StoreError("no such kind of database is known", reason="invalid_url")
    if not parsed.database or parsed.database == ":memory:":
        raise StoreError("the URL names no database", reason="invalid_url")
    return parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))


def file_of(url: URL) -> Path | None:
    """Return the file of an SQLite database."""
    if url.get_backend_name() != "sqlite" or url.database is None:
        return None
    return Path(url.database)


def build_engine(url: URL, *, patient: bool = False) -> Engine:
    """Return what connects to a database; raises `StoreError`.

    It gives up soon where a reply waits for it, and late when it is `patient`.
    """
    try:
        # Card numbers are among the parameters; they must not reach any log.
        engine = create_engine(
            url,
            hide_parameters=True,
            pool_size=1,
            max_overflow=0,
            connect_args=_connect_args(url, patient=patient),
            **_isolation(url),
        )
    except (ImportError, NoSuchModuleError) as error:
        raise StoreError(
            f"the driver {url.drivername} is not installed", reason="driver_missing"
        ) from error
    except (*FAULTS, ArgumentError) as error:
        raise StoreError("the URL can't be read", reason="invalid_url") from error
    if file_of(url) is not None:
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _isolation(url: URL) -> dict[str, Any]:
    if url.get_backend_name() in ("mysql", "mariadb"):
        # As with the others: what another central system has committed is seen.
        return {"isolation_level": "READ COMMITTED"}
    return {}


def _connect_args(url: URL, *, patient: bool) -> dict[str, Any]:
    silence = 3600 if patient else _LONGEST_SILENCE
    lock = 600 if patient else _LONGEST_LOCK
    arguments: dict[str, Any] = {}
    match url.get_backend_name(), url.get_driver_name():
        case "postgresql", "psycopg" | "psycopg2":
            arguments = {
                "connect_timeout": _LONGEST_CONNECT,
                "keepalives_idle": 10,
                "keepalives_interval": 5,
                "keepalives_count": 3,
                "tcp_user_timeout": _LONGEST_SILENCE * 1000,
                "options": f"-c lock_timeout={ceil(lock) * 1000}",
            }
        case _, "pymysql" | "mysqldb":
            arguments = {
                "connect_timeout": _LONGEST_CONNECT,
                "read_timeout": silence,
                "write_timeout": silence,
                "init_command": f"SET SESSION innodb_lock_wait_timeout={ceil(lock)}",
            }
            if url.password is not None:
                # It would be sent in Latin-1.
                arguments["password"] = str(url.password).encode()
        case "sqlite", _:
            arguments = {"timeout": float(lock)}
    # What the URL says itself is meant.
    return {name: it for name, it in arguments.items() if name not in url.query}


def _configure_sqlite(connection: Any, _: object) -> None:
    """Make commits durable: a killed process loses nothing that was acknowledged."""
    # The driver would begin too late for what `_begin_sqlite` is there for.
    connection.isolation_level = None
    cursor = connection.cursor()
    _write_ahead(cursor)
    cursor.execute(f"PRAGMA synchronous={synchronous}")
    cursor.close()


def _write_ahead(cursor: Cursor) -> None:
    """Have a file written so that who reads it waits for nobody.

    SQLite does not wait by itself for another who says so of a new file at that moment.
    """
    until = monotonic() + _LONGEST_SWITCH
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except OperationalError as error:
            if error.sqlite_errorcode != SQLITE_BUSY or monotonic() > until:
                raise
            sleep(0.01)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    """Let no other store write between what is looked up and what is written."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def explain(error: BaseException, url: URL) -> str:
    """Return an error's text without what must not be shown."""
    original = getattr(error, "orig", None) or error
    # MySQL's drivers have a number and a text.
    text = original.args[-1] if original.args else ""
    said = str(text).strip().splitlines()
    message = said[0] if said else name_of(error)
    for secret in {url.password, str(url.password)} - {None, "None", ""}:
        message = message.replace(str(secret), "***")
    return message


def check_url(url: str) -> None:
    """Raise a `StoreError` unless a database can be used; call it in an executor.

    Its `reason` says why. A table is created, filled and dropped again to find out.
    """
    parsed = read_url(url)
    engine = build_engine(parsed)
    try:
        if (path := file_of(parsed)) is not None:
            check_version(path)
        is_current(engine)
    except FAULTS as error:
        raise StoreUnavailable(explain(error, parsed)) from error
    else:
        _check_rights(engine, parsed)
    finally:
        engine.dispose()


def _check_rights(engine: Engine, url: URL) -> None:
    # Named by chance, as two may check at once.
    table = Table(f"ocpp_check_{uuid4().hex[:8]}", MetaData(), Column("id", Integer))
    try:
        with engine.begin() as connection:
            table.create(connection)
            connection.execute(table.insert().values(id=1))
            table.drop(connection)
    except FAULTS as error:
        raise StoreError(explain(error, url), reason="no_rights") from error
