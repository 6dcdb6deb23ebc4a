"""What people ask about sessions, and what they delete."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, exists, func, or_, select

from ..model import Transaction
from .queries import never_again
from .records import Sample, TokenTotal, as_transaction, naive, text, token_key
from .tables import id_token_uses, samples, transactions

# Sessions whose samples are deleted at a time: nobody waits long behind it.
PURGED_AT_ONCE = 20
_USES_AT_ONCE = 1000


def _accepted[T: Select[Any]](query: T) -> T:
    """Leave out ends of unknown sessions, and refused starts that charged nothing.

    Stations that can't hear of the refusal in time charge all the same. What charged
    something is a session also where nobody knows at which EVSE.
    """
    columns = transactions.c
    known = and_(columns.evse > 0, columns.token_status == "Accepted")
    return query.where(or_(known, columns.energy > 0))


def select_sessions(
    connection: Connection,
    *,
    station: str | None,
    evse: int | None,
    id_tokens: Collection[str] | None,
    start: datetime | None,
    end: datetime | None,
    limit: int | None,
) -> list[Transaction]:
    """Return the sessions that began in [start, end), by their start."""
    columns = transactions.c
    query = _accepted(select(transactions))
    if station is not None:
        query = query.where(columns.station == text(station, 48))
    if evse is not None:
        query = query.where(columns.evse == evse)
    if id_tokens is not None:
        query = query.where(columns.token_key.in_({token_key(it) for it in id_tokens}))
    if start is not None:
        query = query.where(columns.started >= naive(start))
    if end is not None:
        query = query.where(columns.started < naive(end))
    # The newest, where there are more.
    query = query.order_by(columns.started.desc(), columns.number.desc()).limit(limit)
    rows = connection.execute(query).all()
    return [as_transaction(row) for row in reversed(rows)]


def total_tokens(
    connection: Connection, *, without: Collection[int] = ()
) -> dict[str, TokenTotal]:
    """Return what was charged with each id token, by its casefolded text."""
    columns = transactions.c
    query = _accepted(
        select(
            columns.token_key,
            func.sum(columns.energy).label("energy"),
            func.count().label("sessions"),
            func.max(columns.started).label("last"),
        )
    ).group_by(columns.token_key)
    if without:
        query = query.where(columns.number.not_in(without))
    return {
        row.token_key: TokenTotal(
            energy=row.energy, sessions=row.sessions, last=row.last.replace(tzinfo=UTC)
        )
        for row in connection.execute(query)
    }


def select_samples(connection: Connection, number: int) -> list[Sample]:
    """Return the samples of a session in their order."""
    columns = samples.c
    query = (
        select(columns.at, columns.energy, columns.power)
        .where(columns.number == number)
        .order_by(columns.at)
    )
    return [Sample(*row) for row in connection.execute(query)]


def delete_session(connection: Connection, number: int) -> bool:
    """Delete a session that has ended, and its samples; return whether there was one."""
    columns = transactions.c
    ended = select(columns.number).where(
        columns.number == number, columns.ended.is_not(None)
    )
    if connection.scalar(ended) is None:
        return False
    never_again(connection)
    connection.execute(delete(samples).where(samples.c.number == number))
    connection.execute(delete(transactions).where(columns.number == number))
    return True


def purge_samples(connection: Connection, before: datetime) -> bool:
    """Delete samples of some sessions that ended before; return whether there are more."""
    columns = transactions.c
    query = (
        select(columns.number)
        .where(
            columns.ended < naive(before),
            exists().where(samples.c.number == columns.number),
        )
        .order_by(columns.number)
        .limit(PURGED_AT_ONCE)
    )
    numbers = connection.scalars(query).all()
    connection.execute(delete(samples).where(samples.c.number.in_(numbers)))
    return len(numbers) == PURGED_AT_ONCE


def purge_uses(connection: Connection, before: datetime) -> bool:
    """Delete some uses of cards before a moment; return whether there are more."""
    columns = id_token_uses.c
    query = select(columns.id).where(columns.at < naive(before)).limit(_USES_AT_ONCE)
    numbers = connection.scalars(query).all()
    connection.execute(delete(id_token_uses).where(columns.id.in_(numbers)))
    return len(numbers) == _USES_AT_ONCE
