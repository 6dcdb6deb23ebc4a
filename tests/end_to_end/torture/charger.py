"""A charger that does what OCPP says: what it has to tell of sessions is never lost.

Transaction messages wait in a queue that outlives power and network. The first is sent again,
with the same content and another message id, until it is answered; only then comes the next.
Of everything else only the present is told. How all of this is spelled is up to `v16` and `v2`.
"""

from abc import ABC, abstractmethod
import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
import itertools
import json
from random import Random
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from .ledger import Fact, Session

# In seconds: after this long without an answer the connection is given up.
_ANSWER_WITHIN = 10
# Samples that wait. Chargers leave out some when there are more, but no start and no stop.
_MOST_SAMPLES = 10
_ANSWER_LOST = 0.04


class _Broken(Exception):
    """The connection is gone before an answer came."""


class Kind(Enum):
    """What a transaction message tells."""

    START = auto()
    # What was not known at the start.
    FACT = auto()
    SAMPLE = auto()
    END = auto()


@dataclass(eq=False)
class Message:
    """A transaction message that waits. Its register is in Wh."""

    kind: Kind
    session: Session
    payload: dict[str, Any]
    register: int = 0
    facts: frozenset[Fact] = frozenset()


class Charger(ABC):
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
        forgets: bool = False,
    ) -> None:
        """Build a charger that is switched off.

        One with `whole_seconds` writes its times so, one whose clock is off writes them so
        much later. One that `forgets` has no memory without power.
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
        self.queue: deque[Message] = deque()
        # Called with a session when a message of it was sent, and when it was answered.
        self.on_sent: Callable[[Session], None] = lambda _: None
        self.on_answered: Callable[[Session], None] = lambda _: None
        # Says nothing by itself, though it is connected.
        self.silent = False
        self.remote_stops: asyncio.Queue[int | str] = asyncio.Queue()
        self.faults: list[str] = []
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
        session = Session(
            self.identity,
            connector,
            token,
            self.registers[connector],
            self.now(),
            dated=self._clock_off is None,
        )
        self.sessions.append(session)
        self.tell_start(session)
        self._show(connector, "Charging")

    def meter(self, connector: int, energy: int) -> None:
        """Deliver energy, in Wh, and tell the register."""
        if (session := self.running(connector)) is None:
            return
        self.registers[connector] += energy
        samples = [entry for entry in self.queue if entry.kind is Kind.SAMPLE]
        if len(samples) < _MOST_SAMPLES:
            self.tell_sample(session, self.registers[connector])

    def end(self, connector: int, reason: str) -> None:
        """End a session."""
        if (session := self.running(connector)) is None:
            return
        # A session without energy ends, too. Only their registers tell those apart whose
        # times can't be believed.
        self.registers[connector] += self.random.randrange(3) + (not session.dated)
        session.end(self.registers[connector], self.now(), reason)
        self.tell_end(session)
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

    def tell(self, message: Message) -> None:
        """Have a message be told when it is its turn."""
        self.queue.append(message)
        self._waiting.set()

    def _show(self, connector: int, status: str) -> None:
        self._statuses[connector] = status
        self._waiting.set()

    def now(self) -> str:
        """Return the time by its clock."""
        now = datetime.now(UTC) + (self._clock_off or timedelta())
        return now.isoformat(timespec=self._timespec).replace("+00:00", "Z")

    @property
    def online(self) -> bool:
        """Return whether it is connected."""
        return self._socket is not None

    # --- how it is spelled --------------------------------------------------------------

    subprotocol: str

    @abstractmethod
    def tell_start(self, session: Session) -> None:
        """Queue what tells that a session began."""

    @abstractmethod
    def tell_sample(self, session: Session, register: int) -> None:
        """Queue what tells how far a session is."""

    @abstractmethod
    def tell_end(self, session: Session) -> None:
        """Queue what tells that a session ended."""

    @abstractmethod
    def spell(self, message: Message) -> tuple[str, dict[str, Any]]:
        """Return the action and payload of a message that is sent now."""

    @abstractmethod
    def boot(self) -> dict[str, Any]:
        """Return what a boot tells."""

    @abstractmethod
    def status(self, connector: int, status: str) -> dict[str, Any]:
        """Return how the present of a connector is told."""

    @abstractmethod
    def obey(self, action: str, payload: dict[str, Any]) -> dict[str, Any] | None:
        """Return the answer to a command; None when it is not implemented."""

    def hear(self, message: Message, answer: Any) -> None:  # noqa: B027
        """Take note of an answer before anything can be lost."""

    def gives_up(self, message: Message) -> bool:
        """Return whether a message is not sent again."""
        return False

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
                    subprotocols=[self.subprotocol],  # type: ignore[list-item]
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
            await self._call(socket, "BootNotification", self.boot())
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
            payload = self.status(connector, status)
            await self._call(socket, "StatusNotification", payload)
            if self._statuses.get(connector) == status:
                del self._statuses[connector]
            return
        await self._tell_transaction(socket, self.queue[0])

    async def _tell_transaction(
        self, socket: ClientConnection, message: Message
    ) -> None:
        session = message.session
        if self.gives_up(message):
            self.queue.popleft()
            return
        action, payload = self.spell(message)
        match message.kind:
            case Kind.START:
                session.start_sent = True
            case Kind.END:
                session.stop_sent = True
        session.told = max(session.told, message.register)
        session.sent |= message.facts
        answer = await self._call(socket, action, payload, message)
        self.hear(message, answer)
        if self.random.random() < _ANSWER_LOST:
            # It was answered, but the charger never got to know.
            self.drop()
            raise _Broken
        self.take_answer(message, answer)
        if message in self.queue:  # It may be forgotten by now.
            self.queue.remove(message)
        if message.kind is not Kind.SAMPLE:
            self.on_answered(session)

    def take_answer(self, message: Message, answer: Any) -> None:
        """Know what the central system knows."""
        session = message.session
        match message.kind:
            case Kind.START:
                session.start_answered = True
            case Kind.END:
                session.stop_answered = True
        session.answered |= message.facts
        session.acknowledged = max(session.acknowledged, message.register)

    async def _call(
        self,
        socket: ClientConnection,
        action: str,
        payload: dict[str, Any],
        message: Message | None = None,
    ) -> Any:
        message_id = str(next(self._numbers))
        answer = self._answers[message_id] = asyncio.get_running_loop().create_future()
        try:
            await socket.send(json.dumps([2, message_id, action, payload]))
            if message is not None and message.kind is not Kind.SAMPLE:
                self.on_sent(message.session)
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
                    answer = self.obey(action, payload)
                    kind = [3, message_id]
                    if answer is None:
                        kind, answer = [4, message_id, "NotImplemented", ""], {}
                    await socket.send(json.dumps([*kind, answer]))
                case frame:
                    self.faults.append(f"{self.identity}: {frame}")
