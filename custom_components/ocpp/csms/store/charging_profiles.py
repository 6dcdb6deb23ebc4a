"""Charging profiles that stations hold. Each may be written twice."""

from datetime import UTC, datetime

from sqlalchemy import Connection, delete, insert, select

from ..model import ChargingProfile
from .records import naive, text
from .tables import charging_profiles

# What the columns take: other databases than SQLite refuse more.
_HIGHEST = 2**31 - 1


def fits(profile: ChargingProfile) -> bool:
    """Return whether a profile can be stored: people may choose any numbers."""
    return all(
        -_HIGHEST <= number <= _HIGHEST
        for number in (profile.id, profile.evse, profile.stack_level)
    )


def load(connection: Connection, station: str) -> list[ChargingProfile]:
    """Return the profiles of a station."""
    query = select(charging_profiles).where(charging_profiles.c.station == station)
    return [
        ChargingProfile(
            id=row.id,
            station=row.station,
            evse=row.evse,
            stack_level=row.stack_level,
            purpose=row.purpose,
            kind=row.kind,
            schedules=row.schedules,
            recurrency=row.recurrency,
            transaction=row.transaction_number,
            valid_from=_aware(row.valid_from),
            valid_to=_aware(row.valid_to),
            installed=row.updated.replace(tzinfo=UTC),
            more=row.more or {},
        )
        for row in connection.execute(query)
    ]


def save(connection: Connection, profile: ChargingProfile) -> None:
    """Store a profile in place of one with the same id."""
    remove(connection, profile.station, profile.id)
    connection.execute(
        insert(charging_profiles).values(
            station=text(profile.station, 48),
            id=profile.id,
            evse=profile.evse,
            stack_level=profile.stack_level,
            purpose=text(profile.purpose, 50),
            kind=text(profile.kind, 20),
            recurrency=text(profile.recurrency, 20) if profile.recurrency else None,
            transaction_number=profile.transaction,
            valid_from=naive(profile.valid_from) if profile.valid_from else None,
            valid_to=naive(profile.valid_to) if profile.valid_to else None,
            schedules=profile.schedules,
            more=profile.more or None,
            accepted=True,
            updated=naive(profile.installed),
        )
    )


def remove(connection: Connection, station: str, profile_id: int) -> None:
    """Remove a profile that a station does not hold any more."""
    columns = charging_profiles.c
    connection.execute(
        delete(charging_profiles).where(
            columns.station == station, columns.id == profile_id
        )
    )


def remove_all(connection: Connection, station: str) -> None:
    """Remove the profiles of a station that is no more."""
    connection.execute(
        delete(charging_profiles).where(charging_profiles.c.station == station)
    )


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None else None
