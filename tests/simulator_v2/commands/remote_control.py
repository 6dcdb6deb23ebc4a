"""Remote starts and stops, triggers and what else is asked of transactions."""

from typing import TYPE_CHECKING

from tests.simulator.link import FollowUp, Handler, Payload, Reply

from ..evse import Evse
from .reply import status

if TYPE_CHECKING:
    from ..station import Station


class RemoteControl:
    """The commands that act from afar."""

    def __init__(self, station: Station) -> None:
        """Obey on behalf of a station."""
        self._station = station
        self.handlers: dict[str, Handler] = {
            "CostUpdated": self.cost_updated,
            "DataTransfer": self.data_transfer,
            "GetTransactionStatus": self.get_transaction_status,
            "RequestStartTransaction": self.request_start,
            "RequestStopTransaction": self.request_stop,
            "TriggerMessage": self.trigger_message,
        }

    def request_start(self, payload: Payload) -> Reply:
        """Start a transaction, if there is a free EVSE (F01, F02)."""
        station = self._station
        token, profile = payload["idToken"], payload.get("chargingProfile")
        group = payload.get("groupIdToken", {}).get("idToken")
        if station.boot_status == "Pending":
            return status("Rejected", why=("NotEnabled", "not accepted yet"))
        if "evseId" in payload:
            evse = station.evses.get(payload["evseId"])
        else:
            evse = self._choose(token, group)
        if evse is None or not station.free_for(evse, token, group):
            return status("Rejected", why=("Occupied", "no EVSE is free"))
        if profile is not None:
            flaw = station.profiles.flaw(evse.id, profile, None, starting=True)
            if flaw is not None:
                return status("Rejected", why=flaw)

        async def begin() -> None:
            station.event(f"EVSE {evse.id}: remote start")
            ask = station.variables.flag("AuthCtrlr.AuthorizeRemoteStart")
            if ask and (await station.judge(token))["status"] != "Accepted":
                return
            evse.remote_start_id, evse.profile = payload["remoteStartId"], profile
            await station.begin(evse, token, group, "RemoteStart")

        answer, follow_up = status("Accepted", begin)
        if evse.transaction is not None:
            answer["transactionId"] = evse.transaction.id
        return answer, follow_up

    def _choose(self, token: Payload, group: str | None) -> Evse | None:
        """Return the EVSE for a remote start that names none."""
        free = [
            e
            for e in self._station.evses.values()
            if self._station.free_for(e, token, group)
        ]
        free.sort(key=lambda evse: evse.car is None)
        return free[0] if free else None

    def request_stop(self, payload: Payload) -> Reply:
        """Stop a transaction (F03)."""
        station = self._station
        evse = station.transaction(payload["transactionId"])
        if evse is None or station.boot_status == "Pending":
            return status("Rejected", why=("TxNotFound", "no such transaction"))

        async def stop() -> None:
            station.event(f"EVSE {evse.id}: remote stop")
            if evse.token is None:
                # Nobody was let in, so nothing can be taken back.
                await station.end(evse, "RemoteStop", "Remote")
                return
            evse.token = None
            await station.advance(evse, "RemoteStop", reason="Remote")

        return status("Accepted", stop)

    def get_transaction_status(self, payload: Payload) -> Reply:
        """Tell what is still to come of a transaction (E14)."""
        number = payload.get("transactionId")
        if number is None:
            return {"messagesInQueue": bool(self._station.queue)}, None
        waiting = any(
            event["transactionInfo"]["transactionId"] == number
            for event in self._station.queue
        )
        ongoing = self._station.transaction(number) is not None
        return {"ongoingIndicator": ongoing, "messagesInQueue": waiting}, None

    def cost_updated(self, payload: Payload) -> Reply:
        """Keep what a transaction costs so far."""
        self._station.costs[payload["transactionId"]] = payload["totalCost"]
        return {}, None

    def data_transfer(self, payload: Payload) -> Reply:
        """Know one vendor, and one message of it that is sent back."""
        if payload["vendorId"] != self._station.boot_fields["vendorName"]:
            return status("UnknownVendorId")
        if payload.get("messageId", "Echo") != "Echo":
            return status("UnknownMessageId")
        echo = {"data": payload["data"]} if "data" in payload else {}
        return {"status": "Accepted", **echo}, None

    def trigger_message(self, payload: Payload) -> Reply:
        """Send a message, after the answer (F06)."""
        station, kind, place = (
            self._station,
            payload["requestedMessage"],
            payload.get("evse", {}),
        )
        if "id" in place and place["id"] not in station.evses:
            return status("Rejected", why=("UnknownEvse", "no such EVSE"))
        if kind == "StatusNotification" and "connectorId" not in place:
            return status("Rejected", why=("MissingParam", "which connector?"))
        if kind == "StatusNotification" and (
            place["connectorId"] not in station.evses[place["id"]].connectors
        ):
            return status("Rejected", why=("UnknownConnectorId", "no such connector"))
        if kind == "BootNotification" and station.boot_status == "Accepted":
            return status("Rejected", why=("NotEnabled", "accepted already"))
        chosen = [place["id"]] if "id" in place else [*station.evses]
        running = [n for n in chosen if station.evses[n].transaction is not None]
        if kind == "TransactionEvent" and not running:
            return status("Rejected", why=("TxNotFound", "nothing runs"))

        async def meters() -> None:
            for number in chosen:
                await station.meter_values(number, context="Trigger")

        async def transactions() -> None:
            for number in running:
                await station.sample(number, "Trigger", "Trigger")

        async def send(action: str, message: Payload) -> None:
            await station.call(action, message)

        state = station.state
        messages: dict[str, FollowUp] = {
            "BootNotification": station.reboot_now,
            "FirmwareStatusNotification": lambda: send(
                "FirmwareStatusNotification", state.firmware
            ),
            "Heartbeat": lambda: send("Heartbeat", {}),
            "LogStatusNotification": lambda: send("LogStatusNotification", state.log),
            "MeterValues": meters,
            "PublishFirmwareStatusNotification": lambda: send(
                "PublishFirmwareStatusNotification", state.published
            ),
            "SignChargingStationCertificate": station.sign_certificate,
            "SignV2GCertificate": lambda: station.sign_certificate("V2GCertificate"),
            "StatusNotification": lambda: station.status(
                place["id"], place["connectorId"]
            ),
            "TransactionEvent": transactions,
        }
        message = messages.get(kind)
        return status("Accepted" if message else "NotImplemented", message)
