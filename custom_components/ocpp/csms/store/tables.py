"""The tables of the store, as of the newest schema version.

What is changed here needs a step in `migrations/versions`, and the other way round.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, override

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
    false,
    true,
)
from sqlalchemy.dialects import mysql

# Databases compare texts in many ways. All of them shall do it as SQLite and PostgreSQL.
EXACT_TEXT: dict[str, Any] = {
    f"{server}_{option}": value
    for server in ("mysql", "mariadb")
    for option, value in (("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

metadata = MetaData()

# MariaDB would round to seconds: a repeated start could not be told by its time.
Moment = DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


class Milliseconds(TypeDecorator[datetime]):
    """A moment as milliseconds since 1970: a quarter of the room a written one takes."""

    impl = BigInteger
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Return what is stored."""
        return None if value is None else (value - _EPOCH) // _MILLISECOND

    @override
    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the moment."""
        return None if value is None else _EPOCH + value * _MILLISECOND


# A number that counts itself up. SQLite does that for this very type only.
Counter = BigInteger().with_variant(Integer, "sqlite")

# What a station is known to be and to do, by block.
stations = Table(
    "stations",
    metadata,
    Column("identity", String(48), primary_key=True),
    Column("facts", JSON, nullable=False),
    **EXACT_TEXT,
)

transactions = Table(
    "transactions",
    metadata,
    # Ours; never reused, whatever is deleted.
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("id", String(36), nullable=False),
    Column("station", String(48), nullable=False),
    Column("evse", Integer, nullable=False),
    Column("started", Moment, nullable=False),
    Column("id_token", String(255), nullable=False),
    Column("token_status", String(20), nullable=False),
    # Registers and energies in Wh.
    Column("meter_start", Double),
    Column("energy", Double, nullable=False),
    Column("ended", Moment),
    Column("meter_stop", Double),
    Column("stop_reason", String(50)),
    # Where the counting of a running session is.
    Column("counting", JSON, nullable=False),
    Column("cost", Double),
    Column("cost_complete", Boolean, nullable=False, server_default=true()),
    Column("currency", String(3)),
    # What the card was called when it started.
    Column("card", String(255)),
    # The moment it began as the station wrote it: repetitions say the same, whatever we
    # think of its clock by then.
    Column("told", String(40), nullable=False, server_default=""),
    # The id token without its letter case: databases disagree on what that is.
    Column("token_key", String(255), nullable=False, server_default=""),
    # What the car gave back, in Wh.
    Column("exported", Double),
    # Whether nobody had decided to have the station when it told.
    Column("stranger", Boolean, nullable=False, server_default=false()),
    Index("ix_transactions_stranger_number", "stranger", "number"),
    Index("ix_transactions_station_id", "station", "id"),
    Index("ix_transactions_station_started", "station", "started"),
    Index("ix_transactions_started", "started"),
    Index("ix_transactions_token_key_started", "token_key", "started"),
    **EXACT_TEXT,
)

# What was charged when: one for each minute of a transaction, its first and its last.
samples = Table(
    "samples",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Milliseconds, primary_key=True),
    # In Wh since the start, and in W.
    Column("energy", Double, nullable=False),
    Column("power", Double),
    # SQLite would keep each row twice.
    sqlite_with_rowid=False,
)

# Every card that was presented, or used to start or to stop.
id_token_uses = Table(
    "id_token_uses",
    metadata,
    Column("id", Counter, primary_key=True),
    Column("station", String(48), nullable=False),
    Column("evse", Integer, nullable=False),
    Column("id_token", String(255), nullable=False),
    Column("token_key", String(255), nullable=False),
    Column("at", Moment, nullable=False),
    Column("status", String(20), nullable=False),
    Column("purpose", String(20), nullable=False),
    # The same message, sent again or written again after a fault, is one use.
    UniqueConstraint(
        "station",
        "evse",
        "token_key",
        "at",
        "purpose",
        name="uq_id_token_uses",
    ),
    Index("ix_id_token_uses_token_key_at", "token_key", "at"),
    Index("ix_id_token_uses_at", "at"),
    **EXACT_TEXT,
)

# Numbers that must not be given again although the rows that had them are gone.
high_water = Table(
    "high_water",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("number", BigInteger, nullable=False),
    **EXACT_TEXT,
)

# What stations keep free: those in force. Each station has ids of its own.
reservations = Table(
    "reservations",
    metadata,
    Column("station", String(48), primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("evse", Integer, nullable=False),
    Column("connector_type", String(20)),
    Column("id_token", String(255), nullable=False),
    Column("group_id_token", String(255)),
    Column("made", Moment, nullable=False),
    Column("expires", Moment, nullable=False),
    Column("status", String(20), nullable=False),
    Index("ix_reservations_station_expires", "station", "expires"),
    **EXACT_TEXT,
)

# What stations hold, whoever sent it (functional block K). Ids are those of each station.
charging_profiles = Table(
    "charging_profiles",
    metadata,
    Column("station", String(48), primary_key=True),
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("evse", Integer, nullable=False),
    Column("stack_level", Integer, nullable=False),
    Column("purpose", String(50), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("recurrency", String(20)),
    Column("transaction_number", BigInteger),
    Column("valid_from", Moment),
    Column("valid_to", Moment),
    Column("schedules", JSON, nullable=False),
    Column("more", JSON(none_as_null=True)),
    Column("accepted", Boolean, nullable=False, server_default=false()),
    Column("updated", Moment, nullable=False),
    **EXACT_TEXT,
)

# What stations of 2.x are made of, and the firmware they had when they were asked.
device_models = Table(
    "device_models",
    metadata,
    Column("station", String(48), primary_key=True),
    Column("firmware", String(255)),
    Column("variables", JSON, nullable=False),
    **EXACT_TEXT,
)

# Which version the schema has, as Alembic keeps it; under a name of our own, so that
# nothing else in the same database is mistaken for ours.
schema_version = Table(
    "ocpp_schema",
    metadata,
    Column("version_num", String(32), nullable=False, primary_key=True),
)
