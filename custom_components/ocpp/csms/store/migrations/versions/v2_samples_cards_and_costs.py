"""Samples, the use of cards, what a session cost, and room for what is to come."""

from typing import TYPE_CHECKING

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    Integer,
    String,
    UniqueConstraint,
    column,
    false,
    select,
    table,
    true,
    update,
)

from ..steps import (
    EXACT_TEXT,
    MOMENT,
    add_columns,
    compare_texts_exactly,
    create_index,
    create_table,
)

if TYPE_CHECKING:
    from alembic.operations import Operations

revision = "2"
down_revision = "1"

_COUNTER = BigInteger().with_variant(Integer, "sqlite")


def upgrade(op: Operations) -> None:
    """Add it all."""
    for name in ("stations", "transactions"):
        compare_texts_exactly(op, name)
    _extend_transactions(op)
    _create_samples_and_uses(op)
    _create_what_is_to_come(op)


def _extend_transactions(op: Operations) -> None:
    add_columns(
        op,
        "transactions",
        Column("cost", Double),
        Column("cost_complete", Boolean, nullable=False, server_default=true()),
        Column("currency", String(3)),
        Column("card", String(255)),
        Column("told", String(40), nullable=False, server_default=""),
        Column("token_key", String(255), nullable=False, server_default=""),
        Column("exported", Double),
        Column("stranger", Boolean, nullable=False, server_default=false()),
    )
    _fill_token_keys(op)
    create_index(op, "ix_transactions_started", "transactions", "started")
    create_index(
        op, "ix_transactions_stranger_number", "transactions", "stranger", "number"
    )
    create_index(
        op, "ix_transactions_token_key_started", "transactions", "token_key", "started"
    )


def _fill_token_keys(op: Operations) -> None:
    """Write id tokens without their letter case, as Python knows it."""
    connection = op.get_bind()
    id_token = column("id_token", String)
    token_key = column("token_key", String)
    transactions = table("transactions", id_token, token_key)
    known = connection.scalars(select(id_token).select_from(transactions).distinct())
    for token in known.all():
        connection.execute(
            update(transactions)
            .where(id_token == token)
            .values(token_key=token.casefold()[:255])
        )


def _create_samples_and_uses(op: Operations) -> None:
    create_table(
        op,
        "samples",
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        # In milliseconds since 1970.
        Column("at", BigInteger, primary_key=True, autoincrement=False),
        Column("energy", Double, nullable=False),
        Column("power", Double),
        sqlite_with_rowid=False,
    )
    create_table(
        op,
        "id_token_uses",
        Column("id", _COUNTER, primary_key=True),
        Column("station", String(48), nullable=False),
        Column("evse", Integer, nullable=False),
        Column("id_token", String(255), nullable=False),
        Column("token_key", String(255), nullable=False),
        Column("at", MOMENT, nullable=False),
        Column("status", String(20), nullable=False),
        Column("purpose", String(20), nullable=False),
        UniqueConstraint(
            *("station", "evse", "token_key", "at", "purpose"), name="uq_id_token_uses"
        ),
        **EXACT_TEXT,
    )
    create_index(
        op, "ix_id_token_uses_token_key_at", "id_token_uses", "token_key", "at"
    )
    create_index(op, "ix_id_token_uses_at", "id_token_uses", "at")
    create_table(
        op,
        "high_water",
        Column("name", String(20), primary_key=True),
        Column("number", BigInteger, nullable=False),
        **EXACT_TEXT,
    )


def _create_what_is_to_come(op: Operations) -> None:
    create_table(
        op,
        "reservations",
        Column("station", String(48), primary_key=True),
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("evse", Integer, nullable=False),
        Column("connector_type", String(20)),
        Column("id_token", String(255), nullable=False),
        Column("group_id_token", String(255)),
        Column("made", MOMENT, nullable=False),
        Column("expires", MOMENT, nullable=False),
        Column("status", String(20), nullable=False),
        **EXACT_TEXT,
    )
    create_index(
        op, "ix_reservations_station_expires", "reservations", "station", "expires"
    )
    create_table(
        op,
        "charging_profiles",
        Column("station", String(48), primary_key=True),
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("evse", Integer, nullable=False),
        Column("stack_level", Integer, nullable=False),
        Column("purpose", String(50), nullable=False),
        Column("kind", String(20), nullable=False),
        Column("recurrency", String(20)),
        Column("transaction_number", BigInteger),
        Column("valid_from", MOMENT),
        Column("valid_to", MOMENT),
        Column("schedules", JSON, nullable=False),
        Column("more", JSON(none_as_null=True)),
        Column("accepted", Boolean, nullable=False, server_default=false()),
        Column("updated", MOMENT, nullable=False),
        **EXACT_TEXT,
    )
    create_table(
        op,
        "device_models",
        Column("station", String(48), primary_key=True),
        Column("firmware", String(255)),
        Column("variables", JSON, nullable=False),
        **EXACT_TEXT,
    )
