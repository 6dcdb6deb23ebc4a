"""How OCPP 1.6 spells transactions."""

from ...clock import moment
from ...lenient import id_token, transaction_id
from ...model import Payload
from .notices import LONGEST_TOLD, Start, Stop

# 1.6's names and, for the one that 2.x spells differently, both.
STOP_REASONS = {
    "DeAuthorized": "de_authorized",
    "EmergencyStop": "emergency_stop",
    "EVDisconnected": "ev_disconnected",
    "HardReset": "hard_reset",
    "Local": "local",
    "Other": "other",
    "PowerLoss": "power_loss",
    "Reboot": "reboot",
    "Remote": "remote",
    "SoftReset": "soft_reset",
    "UnlockCommand": "unlock_command",
}
_REASONS_CASEFOLDED = {name.casefold(): slug for name, slug in STOP_REASONS.items()}


def read_start(payload: Payload) -> Start:
    """Read a StartTransaction. It is never refused, so nothing in it is relied upon."""
    at, dated = moment(payload.get("timestamp"))
    return Start(
        evse=_evse(payload.get("connectorId")),
        id_token=id_token(payload.get("idTag")),
        at=at,
        dated=dated,
        told=_told(payload),
        meter_start=_register(payload.get("meterStart")),
        reservation=_reservation(payload.get("reservationId")),
    )


def read_stop(payload: Payload) -> Stop:
    """Read a StopTransaction; a missing reason means Local."""
    reason = str(payload.get("reason") or "Local")
    at, dated = moment(payload.get("timestamp"))
    return Stop(
        transaction_id=transaction_id(payload.get("transactionId")),
        id_token=id_token(payload.get("idTag")),
        at=at,
        dated=dated,
        told=_told(payload),
        meter_stop=_register(payload.get("meterStop")),
        reason=_REASONS_CASEFOLDED.get(reason.casefold(), "other"),
    )


def _told(payload: Payload) -> str:
    return str(payload.get("timestamp") or "")[:LONGEST_TOLD]


def _evse(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _reservation(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _register(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        return None
    return float(value)
