"""How OCPP 1.6 spells provisioning."""

from ...lenient import name
from ...model import Payload, StationInfo

# Gently, and at once.
RESETS = ("Soft", "Hard")


def read_info(payload: Payload) -> StationInfo:
    """Return what a BootNotification says of the station."""
    return StationInfo(
        vendor=name(payload.get("chargePointVendor")),
        model=name(payload.get("chargePointModel")),
        serial=name(payload.get("chargePointSerialNumber"))
        or name(payload.get("chargeBoxSerialNumber")),
        firmware=name(payload.get("firmwareVersion")),
    )
