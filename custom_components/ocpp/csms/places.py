"""How OCPP 2.x spells which variable is meant, and what it is."""

from typing import Any

from .lenient import name
from .model import MOST_EVSES, Payload
from .variables import ACTUAL, Place

# In characters: names of the specification have 50, values in reports 2,500.
LONGEST_NAME = 50
LONGEST_VALUE = 2_500
_MOST_CONNECTORS = 16
# The attributes that a variable can have.
TYPES = {kind.casefold(): kind for kind in (ACTUAL, "Target", "MinSet", "MaxSet")}


def read_place(item: Any) -> Place | None:
    """Return which variable an item is about, or None where that can't be known."""
    if not isinstance(item, dict):
        return None
    component, variable = item.get("component"), item.get("variable")
    if not isinstance(component, dict) or not isinstance(variable, dict):
        return None
    evse, connector = _evse(component.get("evse"))
    if evse is None:
        return None
    place = Place(
        _name(component.get("name")),
        _name(variable.get("name")),
        _name(component.get("instance")),
        _name(variable.get("instance")),
        evse,
        connector,
    )
    return place if place.component and place.variable else None


def _evse(told: Any) -> tuple[int | None, int]:
    """Return the EVSE and the connector; no EVSE for one that can't be."""
    if not isinstance(told, dict):
        return 0, 0
    evse, connector = _whole(told.get("id")), _whole(told.get("connectorId"))
    if not 0 <= evse <= MOST_EVSES or not 0 <= connector <= _MOST_CONNECTORS:
        return None, 0
    return evse, connector


def _whole(told: Any) -> int:
    return told if isinstance(told, int) else 0


def _name(told: Any) -> str:
    return name(told)[:LONGEST_NAME]


def spell(place: Place) -> Payload:
    """Spell which variable is meant."""
    component: Payload = {"name": place.component}
    if place.component_instance:
        component["instance"] = place.component_instance
    if place.evse:
        component["evse"] = {"id": place.evse}
        if place.connector:
            component["evse"]["connectorId"] = place.connector
    variable = {"name": place.variable}
    if place.instance:
        variable["instance"] = place.instance
    return {"component": component, "variable": variable}


def read_type(item: Payload) -> str:
    """Return which attribute an item is about; Actual where it does not say."""
    told = str(item.get("attributeType") or ACTUAL)
    return TYPES.get(told.casefold(), ACTUAL)


def read_value(told: Any) -> str | None:
    """Return a value, as text of a sane length."""
    if told is None:
        return None
    if isinstance(told, bool):
        return str(told).lower()
    return str(told).replace("\0", "")[:LONGEST_VALUE]
