"""A charger that speaks OCPP 2.0.1: it gives each session its id, and numbers its events."""

from typing import Any, override
from uuid import UUID

from .charger import Charger, Kind, Message
from .ledger import ALL_FACTS, Fact, Session

# How often an event with nothing but samples is never sent.
_DROPPED = 0.1
# What may be known only after the start, and how often each is so.
_LATE = {None: 2, Fact.TOKEN: 1, Fact.PLACE: 1}


class Charger2(Charger):
    """One charger of 2.0.1."""

    subprotocol = "ocpp2.0.1"

    # --- sessions -----------------------------------------------------------------------

    @override
    def tell_start(self, session: Session) -> None:
        session.id = str(UUID(int=self.random.getrandbits(128), version=4))
        late = self.random.choices(list(_LATE), list(_LATE.values()))[0]
        session.late = frozenset({late} if late else ())
        told = ALL_FACTS - session.late
        self._tell(Kind.START, session, told, session.start_time)
        if late is not None:
            self._tell(Kind.FACT, session, session.late, self.now())

    @override
    def tell_sample(self, session: Session, register: int) -> None:
        if self.random.random() < _DROPPED:
            session.events += 1
            return
        event = self._event(session, "Updated", "MeterValuePeriodic", self.now())
        event["meterValue"] = [_sample(event["timestamp"], register)]
        self.tell(Message(Kind.SAMPLE, session, event, register))

    @override
    def tell_end(self, session: Session) -> None:
        assert session.meter_stop is not None
        assert session.end_time is not None
        trigger = {"EVDisconnected": "EVDeparted", "Local": "StopAuthorized"}.get(
            session.reason or "", "AbnormalCondition"
        )
        event = self._event(session, "Ended", trigger, session.end_time)
        event["transactionInfo"]["stoppedReason"] = session.reason
        event["meterValue"] = [
            _sample(session.start_time, session.meter_start, "Transaction.Begin"),
            _sample(session.end_time, session.meter_stop, "Transaction.End"),
        ]
        self.tell(Message(Kind.END, session, event))

    def _tell(
        self,
        kind: Kind,
        session: Session,
        facts: frozenset[Fact],
        at: str,
    ) -> None:
        """Queue an event with what is told once. Where it is known, so is its register."""
        first = kind is Kind.START
        trigger = "CablePluggedIn" if Fact.PLACE in facts else "Authorized"
        event = self._event(session, "Started" if first else "Updated", trigger, at)
        # Nothing flows before both are known.
        charges = kind is Kind.FACT or not session.late
        event["transactionInfo"]["chargingState"] = (
            "Charging" if charges else "EVConnected" if Fact.PLACE in facts else "Idle"
        )
        if Fact.TOKEN in facts:
            event["idToken"] = {"idToken": session.token, "type": "ISO14443"}
        if Fact.PLACE in facts:
            event["evse"] = {"id": session.connector, "connectorId": 1}
            context = "Transaction.Begin"
            event["meterValue"] = [_sample(at, session.meter_start, context)]
        self.tell(Message(kind, session, event, session.meter_start, facts))

    def _event(
        self, session: Session, kind: str, trigger: str, at: str
    ) -> dict[str, Any]:
        event = {
            "eventType": kind,
            "timestamp": at,
            "triggerReason": trigger,
            "seqNo": session.events,
            "transactionInfo": {"transactionId": session.id},
        }
        session.events += 1
        return event if self.online else event | {"offline": True}

    @override
    def spell(self, message: Message) -> tuple[str, dict[str, Any]]:
        return "TransactionEvent", message.payload

    # --- everything else ----------------------------------------------------------------

    @override
    def boot(self) -> dict[str, Any]:
        station = {"vendorName": "Torture", "model": "2"}
        return {"reason": "PowerUp", "chargingStation": station}

    @override
    def status(self, connector: int, status: str) -> dict[str, Any]:
        return {
            "timestamp": self.now(),
            "connectorStatus": "Available" if status == "Available" else "Occupied",
            "evseId": connector,
            "connectorId": 1,
        }

    @override
    def obey(self, action: str, payload: dict[str, Any]) -> dict[str, Any] | None:
        match action:
            case "RequestStopTransaction":
                wanted = payload["transactionId"]
                self.remote_stops.put_nowait(wanted)
                for connector in self.connectors:
                    session = self.running(connector)
                    if session is not None and session.id == wanted:
                        self.end(connector, "Remote")
                        return {"status": "Accepted"}
                return {"status": "Rejected"}
            case "GetTransactionStatus":
                return self._status_of(payload.get("transactionId"))
        return None

    def _status_of(self, wanted: str | None) -> dict[str, Any]:
        """Return whether a session goes on, and whether there is more to tell of it.

        One that was forgotten neither goes on nor has anything left to tell.
        """
        queued = [it.session.id for it in self.queue]
        if wanted is None:
            return {"messagesInQueue": bool(queued)}
        running = (self.running(connector) for connector in self.connectors)
        return {
            "ongoingIndicator": wanted in [it.id for it in running if it],
            "messagesInQueue": wanted in queued,
        }


def _sample(at: str, register: int, context: str = "Sample.Periodic") -> dict[str, Any]:
    value = {"value": register, "context": context}
    return {"timestamp": at, "sampledValue": [value]}
