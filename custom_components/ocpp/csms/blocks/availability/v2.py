"""How OCPP 2.x spells what a connector is doing."""

from ...model import EvseStatus, Payload

# What connectors, EVSEs and stations are said to be.
AVAILABLE, OCCUPIED = "Available", "Occupied"
RESERVED, UNAVAILABLE, FAULTED = "Reserved", "Unavailable", "Faulted"
STATUSES = {
    word.casefold(): word
    for word in (AVAILABLE, OCCUPIED, RESERVED, UNAVAILABLE, FAULTED)
}
# What the transaction says of its EVSE is more than that the connector is occupied.
CHARGING_STATES = {
    "charging": EvseStatus.CHARGING,
    "suspendedev": EvseStatus.SUSPENDED_EV,
    "suspendedevse": EvseStatus.SUSPENDED_EVSE,
}


def change(*, operative: bool, evse: int) -> Payload:
    """Spell the wish whether an EVSE, or with 0 the station, is to be used."""
    payload: Payload = {
        "operationalStatus": "Operative" if operative else "Inoperative"
    }
    if evse:
        payload["evse"] = {"id": evse}
    return payload
