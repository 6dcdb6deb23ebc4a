"""A charger that does what OCPP 1.6 says: what it has to tell of sessions is never lost.

Transaction messages wait in a queue that outlives power and network. The first is sent again,
with the same content and another message id, until it is answered; only then comes the next.
Of everything else only the present is told.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import itertools
import json
from random import Random
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from .ledger import Session

# In seconds: after this long without an answer the connection is given up.
_ANSWER_WITHIN = 10
_CONFIGURATION = {
    "HeartbeatInterval": "300",
    "MeterValueSampleInterval": "1",
    "MeterValuesSampledData": "Energy.Active.Import.Register",
    "SupportedFeatureProfiles": "Core",
}
# Samples that wait. Chargers leave out some when there are more, but no start and no stop.
_MOST_SAMPLES = 10
_GIVES_UP = 0.5
_ANSWER_LOST = 0.04


class _Broken(Exception):
    """The connection is gone before an answer came."""


@dataclass(eq=False)
class _Message:
    action: str
    session: Session
    payload: dict[str, Any]


class Charger:
    """One charger. What it does is up to `people`; this is how it tells of it."""

    def __init__(
        self,
        url: str,
        identity: str,
        random: Random,
        *,
        connectors: int = 1,
        whole_seconds: bool = False,
        clock_off: timedelta | None = None,
        gives_up: bool = False,
        forgets: bool = False,
    ) -> None:
        """Build a charger that is switched off.

        One with `whole_seconds` writes its times so, one whose clock is off writes them so
        much later. One that `gives_up` may not ask again for the id of a session, and then
        ends it by the number -1. One that `forgets` has no memory without power.
        """
        self.url = f"{url}/{identity}"
        self.identity = identity
        self.random = random
        # In seconds, until a clock of whole seconds tells the next session from the last.
        self.shortest_pause = 1.0 if whole_seconds else 0.0
        self.connectors = range(1, connectors + 1)
        self.registers = {
            number: random.randrange(1000, 5_000_000) for number in self.connectors
        }
        self.sessions: list[Session] = []
        self.queue: deque[_Message] = deque()
        # Called with a session when a message of it was sent, and when it was answered.
        self.on_sent: Callable[[Session], None] = lambda _: None
        self.on_answered: Callable[[Session], None] = lambda _: None
        # Says nothing by itself, though it is connected.
        self.silent = False
        self.remote_stops: asyncio.Queue[int] = asyncio.Queue()
        self.faults: list[str] = []
        self._gives_up = gives_up
        self._forgets = forgets
        self._clock_off = clock_off
        self._timespec = "seconds" if whole_seconds else "milliseconds"
        self._numbers = itertools.count(random.randrange(1_000_000))
        self._socket: ClientConnection | None = None
        self._answers: dict[str, asyncio.Future[Any]] = {}
        self._waiting = asyncio.Event()
        self._statuses: dict[int, str] = {}
        self._booting = True
        self._on = asyncio.Event()
        self._on.set()

    # --- what happens to it -------------------------------------------------------------

    def running(self, connector: int) -> Session | None:
        """Return the session of a connector."""
        return next(
            (
                session
                for session in self.sessions
                if session.connector == connector and session.running
            ),
            None,
        )

    def latest(self, connector: int) -> Session | None:
        """Return the newest session of a connector."""
        mine = [entry for entry in self.sessions if entry.connector == connector]
        return mine[-1] if mine else None

    @property
    def told_all(self) -> bool:
        """Return whether nothing waits to be told."""
        return not self.queue and not self._statuses

    def begin(self, connector: int, token: str) -> None:
        """Begin a session."""
        payload = {
            "connectorId": connector,
            "idTag": token,
            "meterStart": self.registers[connector],
            "timestamp": self._now(),
        }
        dated = self._clock_off is None
        session = Session(self.identity, connector, payload, dated=dated)
        self.sessions.append(session)
        self._tell("StartTransaction", session, payload)
        self._show(connector, "Charging")

    def meter(self, connector: int, energy: int) -> None:
        """Deliver energy, in Wh, and tell the register."""
        if (session := self.running(connector)) is None:
            return
        self.registers[connector] += energy
        samples = [entry for entry in self.queue if entry.action == "MeterValues"]
        if len(samples) < _MOST_SAMPLES:
            value = {"value": str(self.registers[connector]), "unit": "Wh"}
            payload = {
                "connectorId": connector,
                "meterValue": [{"timestamp": self._now(), "sampledValue": [value]}],
            }
            self._tell("MeterValues", session, payload)

    def end(self, connector: int, reason: str) -> None:
        """End a session."""
        if (session := self.running(connector)) is None:
            return
        # A session without energy ends, too. Only their registers tell those apart whose
        # times can't be believed.
        self.registers[connector] += self.random.randrange(3) + (not session.dated)
        session.stop = {
            "idTag": session.start["idTag"],
            "meterStop": self.registers[connector],
            "timestamp": self._now(),
            "reason": reason,
        }
        self._tell("StopTransaction", session, session.stop)
        self._show(connector, "Available")

    async def lose_power(self, seconds: float) -> None:
        """Go dark; sessions end with it, which is told after booting."""
        self._on.clear()
        for connector in self.connectors:
            self.end(connector, "PowerLoss")
        if self._forgets:
            for message in self.queue:
                message.session.forgotten = True
            self.queue.clear()
        self._booting = True
        self.drop()
        await asyncio.sleep(seconds)
        self._on.set()

    def drop(self) -> None:
        """Lose the network for a moment."""
        if self._socket is not None:
            self._socket.transport.abort()

    def _tell(self, action: str, session: Session, payload: dict[str, Any]) -> None:
        self.queue.append(_Message(action, session, payload))
        self._waiting.set()

    def _show(self, connector: int, status: str) -> None:
        self._statuses[connector] = status
        self._waiting.set()

    def _now(self) -> str:
        now = datetime.now(UTC) + (self._clock_off or timedelta())
        return now.isoformat(timespec=self._timespec).replace("+00:00", "Z")

    # --- how it tells of it -------------------------------------------------------------

    async def run(self) -> None:
        """Connect, tell, and connect again, until cancelled."""
        while True:
            await self._on.wait()
            with suppress(
                OSError,
                EOFError,
                TimeoutError,
                ConnectionClosed,
                InvalidHandshake,
                InvalidMessage,
                _Broken,
            ):
                async with connect(
                    self.url,
                    subprotocols=["ocpp1.6"],  # type: ignore[list-item]
                    compression=None,
                    open_timeout=_ANSWER_WITHIN,
                    ping_interval=None,
                    close_timeout=0.1,
                ) as socket:
                    await self._talk(socket)
            await asyncio.sleep(self.random.uniform(0.01, 0.05))

    async def _talk(self, socket: ClientConnection) -> None:
        self._socket = socket
        reading = asyncio.ensure_future(self._read(socket))
        try:
            if not self.silent:
                await self._greet(socket)
            while True:
                await self._tell_next(socket)
        finally:
            self._socket = None
            reading.cancel()
            with suppress(asyncio.CancelledError, ConnectionClosed):
                await reading

    async def _greet(self, socket: ClientConnection) -> None:
        """Boot if it has to, and tell what it is doing, as most do."""
        if self._booting:
            boot = {"chargePointVendor": "Torture", "chargePointModel": "1"}
            await self._call(socket, "BootNotification", boot)
            self._booting = False
        if self.random.random() < 0.7:
            for connector in self.connectors:
                busy = self.running(connector) is not None
                self._show(connector, "Charging" if busy else "Available")

    async def _tell_next(self, socket: ClientConnection) -> None:
        if self.silent or self.told_all:
            self._waiting.clear()
            waiting = asyncio.ensure_future(self._waiting.wait())
            closed = asyncio.ensure_future(socket.wait_closed())
            try:
                await asyncio.wait(
                    [waiting, closed], return_when=asyncio.FIRST_COMPLETED
                )
            finally:
                waiting.cancel()
                closed.cancel()
            if socket.close_code is not None:
                raise _Broken
            return
        if self._statuses:
            connector, status = next(iter(self._statuses.items()))
            payload = {
                "connectorId": connector,
                "errorCode": "NoError",
                "status": status,
                "timestamp": self._now(),
            }
            await self._call(socket, "StatusNotification", payload)
            if self._statuses.get(connector) == status:
                del self._statuses[connector]
            return
        await self._tell_transaction(socket, self.queue[0])

    async def _tell_transaction(
        self, socket: ClientConnection, message: _Message
    ) -> None:
        session = message.session
        payload = dict(message.payload)
        match message.action:
            case "StartTransaction":
                if session.start_sent and self._gives_up_now():
                    session.gave_up = True
                    self.queue.popleft()
                    return
                session.start_sent = True
            case "StopTransaction":
                payload["transactionId"] = -1 if session.id is None else session.id
                session.stop_sent = True
            case _:
                if session.id is not None:
                    payload["transactionId"] = session.id
                session.told = self._register(payload)
        answer = await self._call(socket, message.action, payload, session)
        if message.action == "StartTransaction":
            session.ids.add(answer["transactionId"])
        if self.random.random() < _ANSWER_LOST:
            # It was answered, but the charger never got to know.
            self.drop()
            raise _Broken
        self._take_answer(message, answer)
        if message in self.queue:  # It may be forgotten by now.
            self.queue.remove(message)
        if message.action != "MeterValues":
            self.on_answered(session)

    def _take_answer(self, message: _Message, answer: Any) -> None:
        session = message.session
        match message.action:
            case "StartTransaction":
                session.id = answer["transactionId"]
                session.start_answered = True
            case "StopTransaction":
                session.stop_answered = True
            case _:
                session.acknowledged = self._register(message.payload)

    def _gives_up_now(self) -> bool:
        return self._gives_up and self.random.random() < _GIVES_UP

    @staticmethod
    def _register(payload: dict[str, Any]) -> int:
        return int(payload["meterValue"][0]["sampledValue"][0]["value"])

    async def _call(
        self,
        socket: ClientConnection,
        action: str,
        payload: dict[str, Any],
        session: Session | None = None,
    ) -> Any:
        message_id = str(next(self._numbers))
        answer = self._answers[message_id] = asyncio.get_running_loop().create_future()
        try:
            await socket.send(json.dumps([2, message_id, action, payload]))
            if session is not None and action != "MeterValues":
                self.on_sent(session)
            closed = asyncio.ensure_future(socket.wait_closed())
            try:
                await asyncio.wait(
                    [answer, closed],
                    return_when=asyncio.FIRST_COMPLETED,
                    timeout=_ANSWER_WITHIN,
                )
            finally:
                closed.cancel()
            if answer.done():
                return answer.result()
            if not closed.done():
                self.faults.append(f"{self.identity}: no answer to {action} {payload}")
            raise _Broken
        finally:
            del self._answers[message_id]

    async def _read(self, socket: ClientConnection) -> None:
        async for text in socket:
            match json.loads(text):
                case [3, message_id, payload]:
                    if message_id in self._answers:
                        self._answers[message_id].set_result(payload)
                case [2, message_id, action, payload]:
                    answer = self._obey(action, payload)
                    kind = [3, message_id]
                    if answer is None:
                        kind, answer = [4, message_id, "NotImplemented", ""], {}
                    await socket.send(json.dumps([*kind, answer]))
                case frame:
                    self.faults.append(f"{self.identity}: {frame}")

    def _obey(self, action: str, payload: dict[str, Any]) -> dict[str, Any] | None:
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
