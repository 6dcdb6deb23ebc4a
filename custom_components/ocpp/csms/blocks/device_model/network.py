"""The slots of network settings, which 2.1 has as variables: what is written with what."""

from typing import Any

from ...errors import InvalidRequest
from ...model import Payload
from ...places import read_place, spell
from ...variables import Place
from .known import Known

_COMPONENT = "NetworkConfiguration"
_IN_USE = Place("OCPPCommCtrlr", "NetworkConfigurationPriority")
_ADDRESS = "ocppcsmsurl"
# A mobile network, and a tunnel; each has a switch beside its settings.
_NETWORKS = ("Apn", "Vpn")

type _Slot = dict[str, Any]


def whole(model: Known, payload: Payload) -> Payload:
    """Return a SetVariables with the switches of the networks that it sets up.

    Raises `InvalidRequest` where it changes a slot that the station uses (B09.FR.21).
    """
    slots: dict[str, _Slot] = {}
    for item in payload["setVariableData"]:
        place = read_place(item)
        if place is not None and place.component.casefold() == _COMPONENT.casefold():
            slot = slots.setdefault(place.component_instance, {})
            slot[place.variable.casefold()] = item.get("attributeValue")
    if not slots:
        return payload
    known = model.find(_IN_USE)
    in_use = (known.value or "").split(",") if known is not None else []
    if used := slots.keys() & {it.strip() for it in in_use}:
        reason = f"{_COMPONENT} {', '.join(sorted(used))}: the charger uses it"
        raise InvalidRequest("SetVariables", reason)
    switches = [
        switch
        for number, slot in slots.items()
        for network in _NETWORKS
        if (switch := _switch(model, number, slot, network)) is not None
    ]
    if not switches:
        return payload
    return payload | {"setVariableData": [*payload["setVariableData"], *switches]}


def _switch(model: Known, number: str, slot: _Slot, network: str) -> Payload | None:
    """Return what switches a network on or off with the settings of a slot, if anything."""
    place = Place(_COMPONENT, f"{network}Enabled", number)
    name, prefix = place.variable.casefold(), network.casefold()
    if name in slot:
        return None
    known = model.find(place)
    if any(value for key, value in slot.items() if key.startswith(prefix)):
        wanted = "true"  # B09.FR.29
    elif _ADDRESS in slot and known is not None and not _is_set_up(model, place):
        wanted = "false"  # B09.FR.30
    else:
        return None
    # One that can not be written is false: there is no such network (B09.FR.13).
    if known is not None and (not known.writable or known.value == wanted):
        return None
    return spell(place) | {"attributeValue": wanted}


def _is_set_up(model: Known, switch: Place) -> bool:
    """Return whether a slot has settings of the network, as far as is known."""
    key = switch.key
    prefix = key.variable.removesuffix("enabled")
    return any(
        variable.value
        for place, variable in model.variables.items()
        if (place.component, place.component_instance)
        == (key.component, key.component_instance)
        and place.variable.startswith(prefix)
        and place.variable != key.variable
    )
