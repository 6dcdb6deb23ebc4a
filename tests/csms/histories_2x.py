"""A session as a station of 2.x tells of it: one message for all of its course."""

from datetime import timedelta
from typing import Any

from .histories import Central, Payload, Session, written

# What a station may tell only after the start.
LATE = (None, "token", "place")


class Session2(Session):
    """A session as it was, and the events in which an honest station tells of it."""

    def __init__(
        self, drawn: dict[str, Any], *, connector: int = 1, name: str = "tx-1"
    ) -> None:
        """Build one out of what was drawn; `connector` is its EVSE."""
        self.name = name
        self.late = drawn.get("late")
        self._first = drawn.get("first", 0)
        self._offline = drawn.get("offline", False)
        self._all_registers = drawn.get("all registers", True)
        super().__init__(drawn, connector=connector)
        self.events = self._events()

    def _events(self) -> list[Payload]:
        place: Payload = {"evse": {"id": self.connector, "connectorId": 1}}
        place |= {"meterValue": [self._read(0, "Transaction.Begin")]}
        token = {"idToken": {"idToken": self.card, "type": "ISO14443"}}
        facts = {"place": place, "token": token}
        events = []
        at_once: Payload = {}
        for name, fact in facts.items():
            if name == self.late:
                events.append(self._event("Updated", 0) | fact)
            else:
                at_once |= fact
        events.insert(0, self._event("Started", 0) | at_once)
        last = len(self.registers) - 1
        for number in range(1, last):
            sample = {"meterValue": [self._read(number, "Sample.Periodic")]}
            events.append(self._event("Updated", number) | sample)
        end = self._event("Ended", last)
        if self.reason:
            end["transactionInfo"]["stoppedReason"] = self.reason
        end["meterValue"] = [self._read(last, "Transaction.End")]
        if self._all_registers:
            end["meterValue"].insert(0, self._read(0, "Transaction.Begin"))
        events.append(end)
        for number, event in enumerate(events, self._first):
            event["seqNo"] = number
        return events

    def _event(self, kind: str, minute: int) -> Payload:
        event = {
            "eventType": kind,
            "timestamp": self._at(minute),
            "triggerReason": "MeterValuePeriodic",
            "transactionInfo": {"transactionId": self.name},
        }
        return event | ({"offline": True} if self._offline else {})

    def _read(self, minute: int, context: str) -> Payload:
        value = {"value": self.registers[minute], "context": context}
        return {"timestamp": self._at(minute), "sampledValue": [value]}

    def _at(self, minute: int) -> str:
        return written(self.began + timedelta(minutes=minute))

    @property
    def samples_only(self) -> list[Payload]:
        """Return the events that bring nothing but samples."""
        return self.events[1 + (self.late is not None) : -1]

    async def tell_event(self, central: Central, event: Payload) -> None:
        """Tell one event."""
        answer = await central.say("TransactionEvent", event)
        told = "idToken" in event
        assert ("idTokenInfo" in answer) is told, (event, answer)
        if told:
            assert answer["idTokenInfo"]["status"] == "Accepted", answer

    async def tell_all(self, central: Central) -> None:
        """Tell everything, in order."""
        for event in self.events:
            await self.tell_event(central, event)


def knows_all(action: str, payload: Payload) -> Payload:
    """Answer as a station that has more to tell."""
    assert action == "GetTransactionStatus", action
    return {"ongoingIndicator": True, "messagesInQueue": True}


def knows_nothing(action: str, payload: Payload) -> Payload:
    """Answer as a station that forgot."""
    assert action == "GetTransactionStatus", action
    return {"ongoingIndicator": False, "messagesInQueue": False}
