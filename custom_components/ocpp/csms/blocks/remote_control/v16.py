"""How OCPP 1.6 spells remote control."""

from ...errors import NoTransaction
from ...id_tokens import IdToken
from ...lenient import whole_number
from ...model import Payload
from ..block import Call

LONGEST_TOKEN = 20
# What came with the security extension, and TriggerMessage has no word for.
_EXTENDED = frozenset({"LogStatusNotification", "SignChargePointCertificate"})


def start(id_token: IdToken, evse: int | None, profile: Payload | None) -> Call:
    """Spell a start."""
    payload: Payload = {"idTag": id_token.token}
    if evse is not None:
        payload["connectorId"] = evse
    if profile is not None:
        payload["chargingProfile"] = profile
    return Call("RemoteStartTransaction", payload)


def stop(transaction_id: str) -> Call:
    """Spell an end.

    Raises `NoTransaction` for a session that 2.x told of: it has no number here.
    """
    if (number := whole_number(transaction_id)) is None:
        raise NoTransaction
    return Call("RemoteStopTransaction", {"transactionId": number})


def unlock(evse: int, connector: int) -> Call:
    """Spell a release of the cable."""
    return Call("UnlockConnector", {"connectorId": evse})


def trigger(message: str, evse: int | None, connector: int | None) -> Call:
    """Spell the wish for a message."""
    payload: Payload = {"requestedMessage": message}
    if evse is not None:
        payload["connectorId"] = evse
    extended = message in _EXTENDED
    return Call("ExtendedTriggerMessage" if extended else "TriggerMessage", payload)
