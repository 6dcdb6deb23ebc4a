"""What is written and looked up while stations wait for it.

Each may be carried out twice: when it is not known whether a commit succeeded, it is done
again.
"""

from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from ..model import MOST_EVSES, UNKNOWN_END, Transaction
from . import charging_profiles, device_models, reservations, strangers
from .memory import UNDATED_REPEAT
from .records import as_transaction, naive, text, token_key
from .tables import high_water, schema_version, stations, transactions

_NUMBERS = "transactions"


class Begun(NamedTuple):
    """A transaction that is stored, and whether it was not before."""

    transaction: Transaction
    new: bool


# --- stations -----------------------------------------------------------------------------


def load_facts(connection: Connection, identity: str) -> dict[str, Any]:
    """Return what was last saved of a station."""
    query = select(stations.c.facts).where(stations.c.identity == identity)
    return connection.scalar(query) or {}


def save_facts(
    connection: Connection, identity: str, facts: dict[str, Any], *, merge: bool
) -> None:
    """Save what is known of a station, beside what it does not tell if `merge`."""
    if merge:
        facts = load_facts(connection, identity) | facts
    changed = connection.execute(
        update(stations).where(stations.c.identity == identity).values(facts=facts)
    )
    if not changed.rowcount:
        connection.execute(insert(stations).values(identity=identity, facts=facts))


def forget_station(connection: Connection, identity: str) -> None:
    """Forget what a station is and is made of, what it keeps free and what limits it."""
    reservations.remove_all(connection, identity)
    charging_profiles.remove_all(connection, identity)
    device_models.remove(connection, identity)
    connection.execute(delete(stations).where(stations.c.identity == identity))


# --- transactions -------------------------------------------------------------------------


def begin(
    connection: Connection,
    start: Transaction,
    new: Transaction,
    row: dict[str, Any],
    counting: dict[str, Any],
    *,
    dated: bool,
) -> Begun:
    """Store a new transaction, unless this start already began one.

    `row` is what is stored of `new`, which is `start` with a number and an id. Where it is a
    session, the one before it on its EVSE is over, whatever happens to us next.
    """
    if (known := connection.execute(_same_start(start, dated)).first()) is not None:
        # With our number it is what we did a moment ago, not knowing that we did.
        return Begun(as_transaction(known), known.number == new.number)
    number = new.number
    if (taken := newest(connection)) >= number:
        # Another central system may keep its transactions in the same database.
        number = taken + 1
        new = replace(new, number=number, id=start.id or str(number))
        row = row | {"number": number, "id": text(new.id, 36)}
    if new.running and new.evse and new.token_info.accepted:
        _end_by_guess(connection, row)
    _insert(connection, row | {"counting": counting})
    return Begun(new, True)


def _insert(connection: Connection, values: dict[str, Any]) -> None:
    """Store a transaction; of stations that nobody has only so many stay."""
    stranger = strangers.is_stranger(connection, values["station"])
    connection.execute(insert(transactions).values(values | {"stranger": stranger}))
    if stranger:
        strangers.leave_the_newest(connection, values["station"])


def _end_by_guess(connection: Connection, row: dict[str, Any]) -> None:
    """End the session that ran on an EVSE where another begins: its own end was lost."""
    columns = transactions.c
    connection.execute(
        update(transactions)
        .where(
            columns.station == row["station"],
            columns.evse == row["evse"],
            columns.ended.is_(None),
            columns.token_status == "Accepted",
            # An older one was queued, and ended before that.
            columns.started <= row["started"],
        )
        .values(ended=row["started"], stop_reason=UNKNOWN_END)
    )


def newest(connection: Connection) -> int:
    """Return the largest number that was ever given."""
    largest = select(func.max(transactions.c.number)).scalar_subquery()
    deleted = (
        select(high_water.c.number)
        .where(high_water.c.name == _NUMBERS)
        .scalar_subquery()
    )
    there, gone = connection.execute(select(largest, deleted)).one()
    return max(there or 0, gone or 0)


def never_again(connection: Connection) -> None:
    """Remember the largest number although its row may go."""
    number = newest(connection)
    changed = connection.execute(
        update(high_water).where(high_water.c.name == _NUMBERS).values(number=number)
    )
    if not changed.rowcount:
        connection.execute(insert(high_water).values(name=_NUMBERS, number=number))


_SAVE = update(transactions).where(
    transactions.c.number == bindparam("known_number"),
    transactions.c.station == bindparam("known_station"),
)


def save(connection: Connection, row: dict[str, Any], counting: dict[str, Any]) -> int:
    """Store how a transaction is now; return the number it has in the database.

    It is another than asked for where another central system took that while the database
    was away.
    """
    values = {**row, "counting": counting}
    columns = transactions.c
    number = row["number"]
    # The usual case, once a minute for each session: worth a query that is ready.
    known = {"known_number": number, "known_station": row["station"]}
    if connection.execute(_SAVE, values | known).rowcount:
        return int(number)
    query = update(transactions).where(columns.number == number)
    owner = connection.scalar(select(columns.station).where(columns.number == number))
    if owner is not None and owner.casefold() == row["station"].casefold():
        connection.execute(query.values(values))
    elif owner is not None:
        values["number"] = newest(connection) + 1
        _insert(connection, values)
    else:
        _insert(connection, values)
    return int(values["number"])


def counting(connection: Connection, number: int) -> dict[str, Any]:
    """Return how far the counting of a transaction is."""
    query = select(transactions.c.counting).where(transactions.c.number == number)
    return connection.scalar(query) or {}


def rename(connection: Connection, number: int, transaction_id: str) -> None:
    """Have a transaction called what its station was told in the meantime."""
    connection.execute(
        update(transactions)
        .where(transactions.c.number == number)
        .values(id=transaction_id)
    )


def find(
    connection: Connection, station: str, transaction_id: str
) -> Transaction | None:
    """Return the newest transaction that a station calls by this id."""
    columns = transactions.c
    query = (
        select(transactions)
        .where(columns.station == station, columns.id == text(transaction_id, 36))
        .order_by(columns.number.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return as_transaction(row) if row is not None else None


def latest(
    connection: Connection, station: str
) -> list[tuple[Transaction, dict[str, Any]]]:
    """Return the newest session of each EVSE and how far its counting is.

    Before them come those that run nobody knows where: their EVSE is 0.
    """
    columns = transactions.c
    # Refused starts and ends of unknown sessions are records, not sessions to show.
    accepted = and_(columns.station == station, columns.token_status == "Accepted")
    shown = and_(accepted, columns.evse > 0)
    unplaced = (
        select(transactions)
        .where(accepted, columns.evse == 0, columns.ended.is_(None))
        .order_by(columns.number.desc())
        .limit(MOST_EVSES)
    )
    newest_of_each = (
        select(columns.evse, func.max(columns.started).label("started"))
        .where(shown)
        .group_by(columns.evse)
        .subquery()
    )
    query = (
        select(transactions)
        .join(
            newest_of_each,
            and_(
                columns.evse == newest_of_each.c.evse,
                columns.started == newest_of_each.c.started,
            ),
        )
        .where(shown)
        .order_by(columns.number)
    )
    found = {row.evse: row for row in connection.execute(query)}
    rows = [*connection.execute(unplaced), *found.values()]
    return [(as_transaction(row), row.counting) for row in rows]


def _same_start(start: Transaction, dated: bool) -> Any:
    """Select the transaction that this start already began."""
    columns = transactions.c
    query = select(transactions).where(
        columns.station == text(start.station, 48),
        columns.evse == start.evse,
        columns.token_key == token_key(start.id_token),
        columns.meter_start == start.meter_start
        if start.meter_start is not None
        else columns.meter_start.is_(None),
    )
    if start.id:
        query = query.where(columns.id == text(start.id, 36))
    earliest = naive(start.started - UNDATED_REPEAT)
    if dated:
        by_time = columns.started == naive(start.started)
        told = columns.told == text(start.told, 40)
    else:
        by_time = and_(columns.ended.is_(None), columns.started >= earliest)
        told = and_(columns.told == text(start.told, 40), columns.started >= earliest)
        if start.ended is None:
            # With a clock that stands still the next session begins at the same time.
            told = and_(
                told,
                or_(columns.ended.is_(None), columns.stop_reason == UNKNOWN_END),
            )
    if start.ended is not None:
        by_time = and_(by_time, columns.ended == naive(start.ended))
    if start.told:
        # The first release did not keep it.
        by_time = or_(told, and_(columns.told == "", by_time))
    query = query.where(by_time, _ended(columns.ended, start))
    return query.order_by(columns.number.desc()).limit(1)


def _ended(ended: Any, start: Transaction) -> Any:
    """Select sessions for a start, and ends of unknown ones for an end."""
    return true() if start.ended is None else ended.is_not(None)


def is_there(connection: Connection) -> None:
    """Ask for something small, to see whether the database answers."""
    connection.scalar(select(schema_version.c.version_num))
