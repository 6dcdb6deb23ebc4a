"""How OCPP 2.x spells remote control."""

from ...id_tokens import CENTRAL, IdToken
from ...model import Payload
from ...numbers import next_number
from ..block import Call

LONGEST_TOKEN = 36


def start(id_token: IdToken, evse: int | None, profile: Payload | None) -> Call:
    """Spell a start, with a number that its transaction tells (F01.FR.25).

    Stations compare the type with those of their lists; the group may end the session.
    """
    payload: Payload = {
        "idToken": {"idToken": id_token.token, "type": id_token.type},
        "remoteStartId": next_number(),
    }
    if 0 < len(id_token.group) <= LONGEST_TOKEN:
        payload["groupIdToken"] = {"idToken": id_token.group, "type": CENTRAL}
    if evse is not None:
        payload["evseId"] = evse
    if profile is not None:
        payload["chargingProfile"] = profile
    return Call("RequestStartTransaction", payload)


def stop(transaction_id: str) -> Call:
    """Spell an end."""
    return Call("RequestStopTransaction", {"transactionId": transaction_id})


def unlock(evse: int, connector: int) -> Call:
    """Spell a release of the cable."""
    return Call("UnlockConnector", {"evseId": evse, "connectorId": connector})


def trigger(message: str, evse: int | None, connector: int | None) -> Call:
    """Spell the wish for a message; a status is one of a connector (F06.FR.12)."""
    payload: Payload = {"requestedMessage": message}
    if evse is not None:
        payload["evse"] = {"id": evse}
        if connector is not None:
            payload["evse"]["connectorId"] = connector
    return Call("TriggerMessage", payload)
