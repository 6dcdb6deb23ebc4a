"""Reservations that are in force. Each may be written twice."""

from datetime import UTC

from sqlalchemy import Connection, delete, insert, select

from ..model import Reservation
from .records import naive, text
from .tables import reservations

_IN_FORCE = "Accepted"


def load(connection: Connection, station: str) -> list[Reservation]:
    """Return the reservations of a station."""
    query = select(reservations).where(reservations.c.station == station)
    return [
        Reservation(
            id=row.id,
            station=row.station,
            evse=row.evse,
            id_token=row.id_token,
            group=row.group_id_token or "",
            made=row.made.replace(tzinfo=UTC),
            expires=row.expires.replace(tzinfo=UTC),
        )
        for row in connection.execute(query)
    ]


def save(connection: Connection, reservation: Reservation) -> None:
    """Store a reservation in place of one with the same id."""
    remove(connection, reservation.station, reservation.id)
    connection.execute(
        insert(reservations).values(
            id=reservation.id,
            station=text(reservation.station, 48),
            evse=reservation.evse,
            id_token=text(reservation.id_token, 255),
            group_id_token=text(reservation.group, 255) or None,
            made=naive(reservation.made),
            expires=naive(reservation.expires),
            status=_IN_FORCE,
        )
    )


def remove(connection: Connection, station: str, reservation_id: int) -> None:
    """Remove a reservation that is over."""
    columns = reservations.c
    connection.execute(
        delete(reservations).where(
            columns.station == station, columns.id == reservation_id
        )
    )


def remove_all(connection: Connection, station: str) -> None:
    """Remove the reservations of a station that is no more."""
    connection.execute(delete(reservations).where(reservations.c.station == station))
