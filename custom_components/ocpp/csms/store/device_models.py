"""What stations of 2.x are made of, as they told it. Each may be written twice."""

from sqlalchemy import Connection, delete, insert, select

from ..variables import KeptModel
from .records import text
from .tables import device_models


def load(connection: Connection, station: str) -> KeptModel | None:
    """Return the device model of a station, if it ever told it."""
    query = select(device_models).where(device_models.c.station == station)
    row = connection.execute(query).first()
    return KeptModel(row.firmware, row.variables) if row is not None else None


def save(connection: Connection, station: str, model: KeptModel) -> None:
    """Store the device model of a station in place of what it was before."""
    remove(connection, station)
    firmware = model.firmware
    connection.execute(
        insert(device_models).values(
            station=text(station, 48),
            firmware=None if firmware is None else text(firmware, 255),
            variables=model.variables,
        )
    )


def remove(connection: Connection, station: str) -> None:
    """Remove the device model of a station that is no more."""
    connection.execute(delete(device_models).where(device_models.c.station == station))
