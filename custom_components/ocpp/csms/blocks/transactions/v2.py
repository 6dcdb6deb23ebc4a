"""How OCPP 2.x spells transactions."""

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from ...clock import moment
from ...lenient import whole_number
from ...model import UNKNOWN_END, Payload, Transaction
from . import v16
from .notices import LONGEST_TOLD

# The reasons that 1.6 does not have; the others are spelled alike.
STOP_REASONS = {
    "CostLimitReached": "cost_limit_reached",
    "EnergyLimitReached": "energy_limit_reached",
    "GroundFault": "ground_fault",
    "ImmediateReset": "immediate_reset",
    "LocalOutOfCredit": "local_out_of_credit",
    "MasterPass": "master_pass",
    "OvercurrentFault": "overcurrent_fault",
    "PowerQuality": "power_quality",
    "ReqEnergyTransferRejected": "energy_transfer_rejected",
    "SOCLimitReached": "soc_limit_reached",
    "StoppedByEV": "stopped_by_ev",
    "TimeLimitReached": "time_limit_reached",
    "Timeout": "timeout",
}
_REASONS_CASEFOLDED = {
    name.casefold(): slug for name, slug in (v16.STOP_REASONS | STOP_REASONS).items()
}
_BEGIN = "Transaction.Begin"
_RESUMED = "txresumed"
_LONGEST_ID = 36
_LONGEST_TOKEN = 255


class EventType(StrEnum):
    """Where in the course of its transaction an event is."""

    STARTED = "Started"
    UPDATED = "Updated"
    ENDED = "Ended"


class Token(NamedTuple):
    """An id token as a station was shown it."""

    text: str
    type: str


class Event(NamedTuple):
    """What a TransactionEvent tells. What it leaves out is None, or empty."""

    type: EventType
    id: str
    at: datetime
    dated: bool
    told: str
    number: int | None
    trigger: str
    offline: bool
    evse: int | None
    connector: int | None
    token: Token | None
    charging_state: str
    reason: str
    remote_start: int | None
    reservation: int | None
    meter_value: Any


def read_event(payload: Payload) -> Event:
    """Read a TransactionEvent. It is never refused, so nothing in it is relied upon."""
    info = _dict(payload.get("transactionInfo"))
    evse = _dict(payload.get("evse"))
    at, dated = moment(payload.get("timestamp"))
    said = str(payload.get("eventType") or "").casefold()
    return Event(
        type=next((it for it in EventType if it.casefold() == said), EventType.UPDATED),
        id=str(info.get("transactionId") or "").replace("\0", "")[:_LONGEST_ID],
        at=at,
        dated=dated,
        told=str(payload.get("timestamp") or "")[:LONGEST_TOLD],
        number=_whole(payload.get("seqNo")),
        trigger=str(payload.get("triggerReason") or ""),
        offline=payload.get("offline") is True,
        evse=_whole(evse.get("id")),
        connector=_whole(evse.get("connectorId")),
        token=read_token(payload.get("idToken")),
        charging_state=str(info.get("chargingState") or ""),
        reason=str(info.get("stoppedReason") or ""),
        remote_start=_whole(info.get("remoteStartId")),
        reservation=_whole(payload.get("reservationId")),
        meter_value=payload.get("meterValue"),
    )


def read_token(value: Any) -> Token | None:
    """Read an id token; None where there is none."""
    if not isinstance(value, dict):
        return None
    text = str(value.get("idToken") or "").replace("\0", "")[:_LONGEST_TOKEN]
    return Token(text, str(value.get("type") or ""))


def beginnings(meter_value: Any) -> list[dict[str, Any]]:
    """Return only those samples that say what it was when the transaction began."""
    found = []
    for element in meter_value if isinstance(meter_value, list) else ():
        sampled = _dict(element).get("sampledValue")
        of_begin = [
            sample
            for sample in (sampled if isinstance(sampled, list) else ())
            if _dict(sample).get("context") == _BEGIN
        ]
        if of_begin:
            found.append(element | {"sampledValue": of_begin})
    return found


def begins_anew(event: Event, known: Transaction) -> bool:
    """Return whether a station gives a new session the id of one that is over."""
    return (
        event.type is EventType.STARTED
        and event.dated
        and known.ended is not None
        and known.stop_reason != UNKNOWN_END
        and event.at > known.ended
    )


def resumes(event: Event) -> bool:
    """Return whether a session goes on after an interruption (E17)."""
    return event.type is EventType.UPDATED and event.trigger.casefold() == _RESUMED


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _whole(value: Any) -> int | None:
    return None if isinstance(value, str) else whole_number(value)


def reason(event: Event) -> str:
    """Return why a transaction ended; no reason means Local (E06).

    That it reached a limit only the trigger tells for certain (E16.FR.06).
    """
    said = (event.reason or "Local").casefold()
    if (trigger := event.trigger.casefold()).endswith("limitreached"):
        said = trigger
    return _REASONS_CASEFOLDED.get(said, "other")
