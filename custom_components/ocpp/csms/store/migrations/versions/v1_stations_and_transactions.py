"""Stations and transactions: what the first release had, without saying its version."""

from typing import TYPE_CHECKING

from sqlalchemy import JSON, BigInteger, Column, Double, Integer, String

from ..steps import MOMENT, create_index, create_table

if TYPE_CHECKING:
    from alembic.operations import Operations

revision = "1"
down_revision = None


def upgrade(op: Operations) -> None:
    """Create what is missing: files of the first release have it all."""
    create_table(
        op,
        "stations",
        Column("identity", String(48), primary_key=True),
        Column("facts", JSON, nullable=False),
    )
    create_table(
        op,
        "transactions",
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        Column("id", String(36), nullable=False),
        Column("station", String(48), nullable=False),
        Column("evse", Integer, nullable=False),
        Column("started", MOMENT, nullable=False),
        Column("id_token", String(255), nullable=False),
        Column("token_status", String(20), nullable=False),
        Column("meter_start", Double),
        Column("energy", Double, nullable=False),
        Column("ended", MOMENT),
        Column("meter_stop", Double),
        Column("stop_reason", String(50)),
        Column("counting", JSON, nullable=False),
    )
    create_index(op, "ix_transactions_station_id", "transactions", "station", "id")
    create_index(
        op, "ix_transactions_station_started", "transactions", "station", "started"
    )
