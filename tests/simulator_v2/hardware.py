"""The variables of what a station is made of."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from . import make
from .device_model import Variable
from .evse import Connector

if TYPE_CHECKING:
    from .base import Base

_STATES = ("Available", "Occupied", "Reserved", "Unavailable", "Faulted")


def _problem(connector: Connector) -> str:
    return make.yes(connector.faulted)


def _power(station: Base, evse: int) -> str:
    return f"{station.flow(evse).power:.0f}"


def hardware(station: Base, max_current: float) -> Iterator[Variable]:
    """Return the variables of station, EVSEs and connectors."""
    whole, vendor = "ChargingStation", station.boot_fields
    yield make.flag(whole, "Available", True, mutability="ReadOnly")
    yield make.choice(
        whole,
        "AvailabilityState",
        "Available",
        _STATES,
        data_type="OptionList",
        mutability="ReadOnly",
        read=lambda: "Available" if station.operative else "Unavailable",
        monitored=True,
    )
    yield make.text(whole, "Model", vendor["model"])
    yield make.text(whole, "VendorName", vendor["vendorName"])
    yield make.text(whole, "SerialNumber", vendor.get("serialNumber"))
    yield make.text(whole, "FirmwareVersion", vendor.get("firmwareVersion"))
    yield make.fixed(whole, "SupplyPhases", 3)
    yield make.flag(
        whole,
        "Problem",
        False,
        mutability="ReadOnly",
        monitored=True,
        read=lambda: make.yes(any(c.faulted for c in station.all_connectors())),
    )
    power = round(max_current * 230 * 3)
    for evse in station.evses.values():
        place: dict[str, Any] = {"evse": evse.id}
        yield make.flag("EVSE", "Available", True, mutability="ReadOnly", **place)
        yield make.choice(
            "EVSE",
            "AvailabilityState",
            "Available",
            _STATES,
            data_type="OptionList",
            mutability="ReadOnly",
            read=partial(station.evse_state, evse),
            monitored=True,
            **place,
        )
        yield make.fixed("EVSE", "SupplyPhases", 3, **place)
        yield Variable(
            component="EVSE",
            name="Power",
            data_type="decimal",
            unit="W",
            monitored=True,
            maximum=power,
            read=partial(_power, station, evse.id),
            **place,
        )
        for connector in evse.connectors.values():
            place = {"evse": evse.id, "connector": connector.id}
            yield make.flag(
                "Connector", "Available", True, mutability="ReadOnly", **place
            )
            yield make.text("Connector", "ConnectorType", connector.type, **place)
            yield make.fixed("Connector", "SupplyPhases", 3, **place)
            yield make.flag(
                "Connector",
                "Problem",
                False,
                mutability="ReadOnly",
                monitored=True,
                read=partial(_problem, connector),
                **place,
            )
            yield make.choice(
                "Connector",
                "AvailabilityState",
                "Available",
                _STATES,
                data_type="OptionList",
                mutability="ReadOnly",
                read=partial(getattr, connector, "status"),
                monitored=True,
                **place,
            )
