"""How OCPP 1.6 spells remote control."""

from ...model import Payload
from ..block import Call

LONGEST_TOKEN = 20


def start(id_token: str, evse: int | None, profile: Payload | None) -> Call:
    """Spell a start."""
    payload: Payload = {"idTag": id_token}
    if evse is not None:
        payload["connectorId"] = evse
    if profile is not None:
        payload["chargingProfile"] = profile
    return Call("RemoteStartTransaction", payload)


def stop(transaction_id: str) -> Call:
    """Spell an end."""
    return Call("RemoteStopTransaction", {"transactionId": int(transaction_id)})


def unlock(evse: int, connector: int) -> Call:
    """Spell a release of the cable."""
    return Call("UnlockConnector", {"connectorId": evse})


def trigger(message: str, evse: int | None, connector: int | None) -> Call:
    """Spell the wish for a message."""
    payload: Payload = {"requestedMessage": message}
    if evse is not None:
        payload["connectorId"] = evse
    return Call("TriggerMessage", payload)
