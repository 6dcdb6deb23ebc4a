"""What the conversations have in common."""

from datetime import UTC, datetime, timedelta
from typing import Any
import uuid

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.const import DOMAIN
from tests.conformance.v16.conversation import (
    ANNA,
    BEN,
    BLOCKED,
    CARD,
    CONNECTED,
    EXPIRED,
    STATUS,
    STOP_REASON,
    UNKNOWN,
    failure,
    found,
    sessions,
    shown,
    use,
)
from tests.conftest import eventually
from tests.simulator_v2 import Station

__all__ = [
    "ANNA",
    "BEN",
    "BLOCKED",
    "CARD",
    "CONNECTED",
    "EXPIRED",
    "STATUS",
    "STOP_REASON",
    "UNKNOWN",
    "act",
    "eventually",
    "failure",
    "found",
    "sessions",
    "shown",
    "use",
]

MASTER = "0404"
SECOND_STATUS = "sensor.garage_connector_2_status"
PRESENTED = "event.garage_card"
ENERGY = "sensor.garage_session_energy"

type Payload = dict[str, Any]


async def act(
    hass: HomeAssistant,
    garage: HubCharger,
    action: str,
    *,
    of: int = 0,
    **fields: Any,
) -> Any:
    """Have a person do something with the device of an EVSE, or of the station.

    Returns the answer.
    """
    device_id = evse_device(hass, garage, of) if of else garage.device_id
    return await hass.services.async_call(
        "ocpp",
        action,
        {"device_id": device_id, **fields},
        blocking=True,
        return_response=True,
    )


async def settled(hass: HomeAssistant, two: Station) -> None:
    """Wait until everything that the station sent is shown, all of it valid."""
    await two.settle()
    await hass.async_block_till_done()
    assert two.violations == []


def requests(two: Station, action: str) -> list[Payload]:
    """Return what the station was asked for with an action."""
    return [frame[3] for frame in two.received if frame[0] == 2 and frame[2] == action]


def answers(two: Station, action: str) -> list[Payload]:
    """Return what the station was answered to an action."""
    ids = [frame[1] for frame in two.sent if frame[0] == 2 and frame[2] == action]
    return [frame[2] for frame in two.received if frame[0] == 3 and frame[1] in ids]


def evse_device(hass: HomeAssistant, garage: HubCharger, evse: int) -> str:
    """Return the device of an EVSE of the station."""
    devices = dr.async_get(hass)
    device = devices.async_get(garage.device_id)
    assert device is not None
    child = devices.async_get_child_device_by_identifier(
        (DOMAIN, f"CP1\x1f{evse}"), device.config_entry_id
    )
    assert child is not None
    return child.id


def moment(minutes: float = 0) -> str:
    """Return the time some minutes from now, as it goes on the wire."""
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def token(number: str, kind: str = "ISO14443") -> Payload:
    """Return an id token as it goes on the wire."""
    return {"idToken": number, "type": kind}


def register(wh: float, context: str, at: str, *, signed: bool = False) -> Payload:
    """Return a meter value of the energy register."""
    sample: Payload = {"value": wh, "context": context}
    if signed:
        sample["signedMeterValue"] = {
            "signedMeterData": "T0NNRg==",
            "signingMethod": "ECDSA-secp256r1-SHA256",
            "encodingMethod": "OCMF",
            "publicKey": "a2V5",
        }
    return {"timestamp": at, "sampledValue": [sample]}


class Transaction:
    """A transaction whose events the test makes up, one by one."""

    def __init__(self, two: Station, evse: int = 1, connector: int = 1) -> None:
        """Begin with the first event."""
        self.two = two
        self.id = str(uuid.uuid4())
        self.number = 0
        self.place = {"id": evse, "connectorId": connector}
        self.runs = True
        two.answers["GetTransactionStatus"] = self._status

    def _status(self, payload: Payload) -> Payload | None:
        """Say of this transaction what the station does not know of it."""
        if payload.get("transactionId") != self.id:
            return None
        return {"ongoingIndicator": self.runs, "messagesInQueue": False}

    def event(
        self,
        kind: str,
        trigger: str,
        *,
        state: str | None = None,
        reason: str | None = None,
        card: str | None = None,
        placed: bool = False,
        at: str | None = None,
        **extra: Any,
    ) -> Payload:
        """Return the next event; extra is in camelCase."""
        info: Payload = {"transactionId": self.id} | extra.pop("transactionInfo", {})
        if state is not None:
            info["chargingState"] = state
        if reason is not None:
            info["stoppedReason"] = reason
        payload: Payload = {
            "eventType": kind,
            "triggerReason": trigger,
            "timestamp": at or moment(),
            "seqNo": self.number,
            "transactionInfo": info,
            **({"idToken": token(card)} if card is not None else {}),
            **({"evse": self.place} if placed else {}),
            **extra,
        }
        self.number += 1
        self.runs = self.runs and kind != "Ended"
        return payload

    async def tell(self, kind: str, trigger: str, **fields: Any) -> Payload:
        """Send the next event and return the answer."""
        return await self.two.call(
            "TransactionEvent", self.event(kind, trigger, **fields)
        )

    async def plugged_in(self, kind: str = "Started") -> Payload:
        """Tell that a cable was plugged in."""
        await self.two.status(self.place["id"], self.place["connectorId"], "Occupied")
        return await self.tell(kind, "CablePluggedIn", state="EVConnected", placed=True)

    async def charges(self, card: str = ANNA) -> None:
        """Go as far as a car that charges for somebody."""
        await self.plugged_in()
        await self.two.authorize(card)
        await self.tell("Updated", "Authorized", card=card)
        at = moment(-30)
        value = register(1000, "Transaction.Begin", at)
        await self.tell(
            "Updated",
            "ChargingStateChanged",
            state="Charging",
            at=at,
            meterValue=[value],
        )

    async def unplugged(self, kind: str = "Ended") -> Payload:
        """Tell that the cable is out, which ends the transaction as a rule."""
        await self.two.status(self.place["id"], self.place["connectorId"], "Available")
        return await self.tell(
            kind,
            "EVCommunicationLost",
            state="Idle",
            reason="EVDisconnected" if kind == "Ended" else None,
        )
