"""A charger that speaks OCPP 1.6: the central system gives each session its id."""

from random import Random
from typing import Any, override

from .charger import Charger, Kind, Message
from .ledger import ALL_FACTS, Session

_CONFIGURATION = {
    "HeartbeatInterval": "300",
    "MeterValueSampleInterval": "1",
    "MeterValuesSampledData": "Energy.Active.Import.Register",
    "SupportedFeatureProfiles": "Core",
}
_GIVES_UP = 0.5


class Charger16(Charger):
    """One charger of 1.6."""

    subprotocol = "ocpp1.6"

    def __init__(
        self,
        url: str,
        identity: str,
        random: Random,
        *,
        gives_up: bool = False,
        **options: Any,
    ) -> None:
        """Build one, as any.

        One that `gives_up` may not ask again for the id of a session, and then ends it by
        the number -1.
        """
        super().__init__(url, identity, random, **options)
        self._gives_up = gives_up

    # --- sessions -----------------------------------------------------------------------

    @override
    def tell_start(self, session: Session) -> None:
        payload = {
            "connectorId": session.connector,
            "idTag": session.token,
            "meterStart": session.meter_start,
            "timestamp": session.start_time,
        }
        self.tell(Message(Kind.START, session, payload, facts=ALL_FACTS))

    @override
    def tell_sample(self, session: Session, register: int) -> None:
        value = {"value": str(register), "unit": "Wh"}
        payload = {
            "connectorId": session.connector,
            "meterValue": [{"timestamp": self.now(), "sampledValue": [value]}],
        }
        self.tell(Message(Kind.SAMPLE, session, payload, register))

    @override
    def tell_end(self, session: Session) -> None:
        payload = {
            "idTag": session.token,
            "meterStop": session.meter_stop,
            "timestamp": session.end_time,
            "reason": session.reason,
        }
        self.tell(Message(Kind.END, session, payload))

    @override
    def spell(self, message: Message) -> tuple[str, dict[str, Any]]:
        number = message.session.id
        match message.kind:
            case Kind.START:
                return "StartTransaction", message.payload
            case Kind.END:
                named = {"transactionId": -1 if number is None else number}
                return "StopTransaction", message.payload | named
            case _:
                named = {} if number is None else {"transactionId": number}
                return "MeterValues", message.payload | named

    @override
    def gives_up(self, message: Message) -> bool:
        session = message.session
        session.gave_up = session.gave_up or (
            self._gives_up
            and message.kind is Kind.START
            and session.start_sent
            and self.random.random() < _GIVES_UP
        )
        return session.gave_up and message.kind is Kind.START

    @override
    def hear(self, message: Message, answer: Any) -> None:
        if message.kind is Kind.START:
            message.session.ids.add(answer["transactionId"])

    @override
    def take_answer(self, message: Message, answer: Any) -> None:
        super().take_answer(message, answer)
        if message.kind is Kind.START:
            message.session.id = answer["transactionId"]

    # --- everything else ----------------------------------------------------------------

    @override
    def boot(self) -> dict[str, Any]:
        return {"chargePointVendor": "Torture", "chargePointModel": "1"}

    @override
    def status(self, connector: int, status: str) -> dict[str, Any]:
        return {
            "connectorId": connector,
            "errorCode": "NoError",
            "status": status,
            "timestamp": self.now(),
        }

    @override
    def obey(self, action: str, payload: dict[str, Any]) -> dict[str, Any] | None:
        match action:
            case "GetConfiguration":
                return {
                    "configurationKey": [
                        {"key": key, "value": value, "readonly": True}
                        for key, value in _CONFIGURATION.items()
                    ]
                }
            case "RemoteStartTransaction":
                connector = payload.get("connectorId", 1)
                if self.running(connector) is not None:
                    return {"status": "Rejected"}
                self.begin(connector, payload["idTag"])
                return {"status": "Accepted"}
            case "RemoteStopTransaction":
                wanted = payload["transactionId"]
                self.remote_stops.put_nowait(wanted)
                for connector in self.connectors:
                    session = self.running(connector)
                    if session is not None and session.id == wanted:
                        self.end(connector, "Remote")
                        return {"status": "Accepted"}
                return {"status": "Rejected"}
        return None
