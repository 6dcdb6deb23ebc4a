"""Rows and what they mean in the model."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Row

from ..model import IdTokenInfo, Transaction


class Sample(NamedTuple):
    """How far a session was: Wh since its start and, where the meter said so, W."""

    at: datetime
    energy: float
    power: float | None = None


@dataclass(frozen=True, kw_only=True)
class TokenTotal:
    """What was charged with one id token, in Wh. `last` is when it last began to."""

    energy: float
    sessions: int
    last: datetime | None


def text(value: str, length: int) -> str:
    """Return a text as every database takes it: short enough, and without NUL."""
    return value.replace("\x00", "")[:length]


def token_key(id_token: str) -> str:
    """Return an id token without its letter case, as it is looked up."""
    return text(id_token.casefold(), 255)


def naive(moment: datetime) -> datetime:
    """Return a moment as it is stored: UTC without saying so, as all databases can."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def transaction_row(transaction: Transaction) -> dict[str, Any]:
    """Return how a transaction is stored."""
    ended, reason, card = transaction.ended, transaction.stop_reason, transaction.card
    currency = transaction.currency
    return {
        "number": transaction.number,
        "id": text(transaction.id, 36),
        "station": text(transaction.station, 48),
        "evse": transaction.evse,
        "started": naive(transaction.started),
        "told": text(transaction.told, 40),
        "id_token": text(transaction.id_token, 255),
        "token_key": token_key(transaction.id_token),
        "token_status": text(transaction.token_info.status, 20),
        "meter_start": transaction.meter_start,
        "energy": transaction.energy,
        "exported": transaction.exported,
        "ended": naive(ended) if ended is not None else None,
        "meter_stop": transaction.meter_stop,
        "stop_reason": text(reason, 50) if reason is not None else None,
        "cost": transaction.cost,
        "cost_complete": transaction.cost_complete,
        "currency": text(currency, 3) if currency is not None else None,
        "card": text(card, 255) if card is not None else None,
    }


def as_transaction(row: Row[Any]) -> Transaction:
    """Return the transaction of a row."""
    return Transaction(
        number=row.number,
        id=row.id,
        station=row.station,
        evse=row.evse,
        started=row.started.replace(tzinfo=UTC),
        told=row.told,
        id_token=row.id_token,
        token_info=IdTokenInfo(status=row.token_status),
        meter_start=row.meter_start,
        energy=row.energy,
        exported=row.exported,
        ended=row.ended.replace(tzinfo=UTC) if row.ended else None,
        meter_stop=row.meter_stop,
        stop_reason=row.stop_reason,
        cost=row.cost,
        cost_complete=row.cost_complete,
        currency=row.currency,
        card=row.card,
    )
