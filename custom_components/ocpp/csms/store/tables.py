"""The tables of the store."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Double,
    Index,
    Integer,
    MetaData,
    String,
    Table,
)
from sqlalchemy.dialects import mysql

metadata = MetaData()

# MariaDB would round to seconds: a repeated start could not be told by its time.
_Moment = DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")

# What a station is known to be and to do, by block.
stations = Table(
    "stations",
    metadata,
    Column("identity", String(48), primary_key=True),
    Column("facts", JSON, nullable=False),
)

transactions = Table(
    "transactions",
    metadata,
    # Ours; never reused, whatever is deleted.
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("id", String(36), nullable=False),
    Column("station", String(48), nullable=False),
    Column("evse", Integer, nullable=False),
    Column("started", _Moment, nullable=False),
    Column("id_token", String(255), nullable=False),
    Column("token_status", String(20), nullable=False),
    # Registers and energies in Wh.
    Column("meter_start", Double),
    Column("energy", Double, nullable=False),
    Column("ended", _Moment),
    Column("meter_stop", Double),
    Column("stop_reason", String(50)),
    # Where the counting of a running session is.
    Column("counting", JSON, nullable=False),
    Index("ix_transactions_station_id", "station", "id"),
    Index("ix_transactions_station_started", "station", "started"),
)
