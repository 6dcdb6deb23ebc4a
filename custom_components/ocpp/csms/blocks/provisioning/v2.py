"""How OCPP 2.x spells provisioning."""

from ...lenient import name
from ...model import Payload, StationInfo

# Gently, and at once.
RESETS = ("OnIdle", "Immediate")


def read_info(payload: Payload) -> StationInfo:
    """Return what a BootNotification says of the station."""
    says = payload.get("chargingStation")
    if not isinstance(says, dict):
        return StationInfo()
    return StationInfo(
        vendor=name(says.get("vendorName")),
        model=name(says.get("model")),
        serial=name(says.get("serialNumber")),
        firmware=name(says.get("firmwareVersion")),
    )
