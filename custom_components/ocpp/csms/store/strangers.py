"""Transactions of stations that nobody decided to have: they are kept, but not without end."""

from sqlalchemy import Connection, delete, select

from .tables import samples, stations, transactions

# More than a station has before somebody decides about it.
MOST_OF_ONE = 1_000
# Of all such stations together.
MOST_OF_ALL = 10_000
_AT_ONCE = 500


def is_stranger(connection: Connection, station: str) -> bool:
    """Return whether nothing is kept of a station but its transactions."""
    query = select(stations.c.identity).where(stations.c.identity == station)
    return connection.scalar(query) is None


def leave_the_newest(connection: Connection, station: str) -> None:
    """Delete the oldest transactions of strangers, where they are too many.

    The newest stay, so that no number is given again.
    """
    columns = transactions.c
    theirs = (
        select(columns.number)
        .where(columns.stranger.is_(True))
        .order_by(columns.number.desc())
        .limit(_AT_ONCE)
    )
    adopted = select(stations.c.identity)
    for too_many in (
        theirs.where(columns.station == station).offset(MOST_OF_ONE),
        theirs.where(columns.station.not_in(adopted)).offset(MOST_OF_ALL),
    ):
        if numbers := connection.scalars(too_many).all():
            connection.execute(delete(samples).where(samples.c.number.in_(numbers)))
            connection.execute(delete(transactions).where(columns.number.in_(numbers)))
