"""Moving to another security profile in 2.x: a connection of its own, tried first (B09)."""

from typing import TYPE_CHECKING

from ...errors import CannotMove, CommandTimedOut, NotSupported, StationOffline
from ...model import Payload
from ...variables import at
from ...versions import V21
from .steps import Entrance, Step

if TYPE_CHECKING:
    from . import SecurityProfiles

ROOT = "CSMSRootCertificate"
PRIORITY = ("OCPPCommCtrlr", "NetworkConfigurationPriority")
_CONNECTION = "NetworkConfiguration"
# What 2.1 has as variables of a connection, by what SetNetworkProfile calls them.
_VARIABLES = {
    "ocppCsmsUrl": "OcppCsmsUrl",
    "securityProfile": "SecurityProfile",
    "ocppInterface": "OcppInterface",
    "ocppTransport": "OcppTransport",
    "messageTimeout": "MessageTimeout",
}
# In seconds, as the specification suggests.
_TIMEOUT = 30
# A station that does not say which connections it has room for has these, most likely.
_SLOTS = (1, 2, 3)


async def set_off(block: SecurityProfiles, target: int, entrance: Entrance) -> bool:
    """Have the station connect in another way; return whether it waits for a session.

    The connection of before is the second that it tries (A05, B10). Raises `CannotMove`
    where there is no room for another, and what `Sending.command` does.
    """
    block.begin(Step.SET_CONNECTION)
    model = block.station.device_model
    used = [it.strip() for it in (await model.read(*PRIORITY) or "").split(",")]
    used = [it for it in used if it]
    if not used:
        raise NotSupported("SetNetworkProfile")
    slot = _free_slot(block, used)
    await _set_connection(block, slot, _connection(block, target, entrance, used[0]))
    block.begin(Step.CHANGE_PROFILE)
    order = ",".join([str(slot), *used])
    await model.set(at(*PRIORITY), order, anew=True)
    block.goes_back_to(",".join(used))
    block.begin(Step.RESTART)
    try:
        answer = await block.command("Reset", {"type": "OnIdle"})
    except StationOffline, CommandTimedOut:
        # Some are gone before their answer is.
        return False
    return bool(answer["status"] == "Scheduled")


def _free_slot(block: SecurityProfiles, used: list[str]) -> int:
    """Return a connection that the station does not use (B09.FR.21)."""
    known = block.station.device_model.find(at(*PRIORITY))
    said = known.characteristics if known is not None else None
    offered = [int(it) for it in (said.values if said else ()) if it.strip().isdigit()]
    for slot in offered or _SLOTS:
        if str(slot) not in used:
            return slot
    raise CannotMove("no_free_slot")


def _connection(
    block: SecurityProfiles, target: int, entrance: Entrance, used: str
) -> Payload:
    latest = block.station.version is V21
    data: Payload = {
        "ocppTransport": "JSON",
        "ocppCsmsUrl": entrance.url,
        "messageTimeout": _TIMEOUT,
        "securityProfile": target,
        "ocppInterface": entrance.interface or _interface(block, used),
    }
    # 2.1 does not go by it: the version is agreed upon when the station connects.
    return data if latest else data | {"ocppVersion": "OCPP20"}


def _interface(block: SecurityProfiles, used: str) -> str:
    """Return by which network the station connects now, as far as is known."""
    station = block.station
    if used.isdigit() and (profile := station.restarts.network_profiles.get(int(used))):
        return str(profile["ocppInterface"])
    known = station.device_model.value(
        _CONNECTION, "OcppInterface", component_instance=used
    )
    return known or ("Any" if station.version is V21 else "Wired0")


async def _set_connection(block: SecurityProfiles, slot: int, data: Payload) -> None:
    """Tell the station of the connection; some of 2.1 have variables for that only."""
    message = {"configurationSlot": slot, "connectionData": data}
    try:
        await block.command("SetNetworkProfile", message)
    except NotSupported:
        if block.station.version is not V21:
            raise
        for field, variable in _VARIABLES.items():
            place = at(_CONNECTION, variable, component_instance=str(slot))
            await block.station.device_model.set(place, str(data[field]), anew=True)
