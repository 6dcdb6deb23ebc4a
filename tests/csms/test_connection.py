"""How frames come in and answers go out, over real sockets and byte by byte."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
import json
import socket
from typing import Any

import pytest
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from custom_components.ocpp.csms import listener
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.connection import Counted, Paced
from custom_components.ocpp.csms.model import Part, Topic
from custom_components.ocpp.csms.rates import Limits, Rates
from tests.csms.conftest import IDENTITY, PATIENCE, until

REQUEST = (
    f"GET /{IDENTITY} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
).encode()
CONNECTION = Part(Topic.CONNECTION)
START = {
    "connectorId": 1,
    "idTag": "CARD",
    "meterStart": 0,
    "timestamp": "2026-11-21T12:00:00Z",
}
# In bytes: what is written and not yet taken, before whoever asked has to wait.
HIGH_WATER = 32 * 1024
MOST_IN_WORK = 64
# In bytes: what a network takes that is soon full.
SMALL = 16 * 1024
# The ids of more messages than there is room to answer.
MANY = [f"{number:06}" + "x" * 240 for number in range(3_000)]


def frame(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    """Return a frame as a station writes it."""
    return Frame(opcode, data, fin).serialize(mask=True)


def call(message_id: str, action: str = "Heartbeat", **payload: Any) -> bytes:
    """Return the frame of a message."""
    return frame(Opcode.TEXT, json.dumps([2, message_id, action, payload]).encode())


class Peer:
    """The other end of a TCP connection."""

    def __init__(self, sock: socket.socket) -> None:
        """Take over an open socket."""
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self._seen = b""
        self.writing: asyncio.Task[None] | None = None

    async def write(self, data: bytes) -> None:
        """Write all of it, as far as the other end takes it."""
        await self._loop.sock_sendall(self._sock, data)

    async def read_until(self, text: bytes) -> bytes:
        """Return what came, up to and with a text."""
        async with asyncio.timeout(PATIENCE):
            while text not in self._seen:
                more = await self._loop.sock_recv(self._sock, 65536)
                assert more, self._seen
                self._seen += more
        before, _, self._seen = self._seen.partition(text)
        return before + text

    async def ended(self) -> None:
        """Wait until the other end closed the connection, and did not just drop it."""
        async with asyncio.timeout(PATIENCE):
            while await self._loop.sock_recv(self._sock, 65536):
                pass

    async def answers(self, ids: Iterable[str]) -> list[str]:
        """Return the ids that were answered, in order, up to the last of these."""
        ids = list(ids)
        seen = await self.read_until(f'[3,"{ids[-1]}",'.encode())
        return [part.split(b'"')[0].decode() for part in seen.split(b'[3,"')[1:]]


@asynccontextmanager
async def peer(
    central: CentralSystem, *, room: int | None = None
) -> AsyncIterator[Peer]:
    """Open a TCP connection, whose end takes so many bytes at a time."""
    with socket.socket() as sock:
        if room is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", central.port))
        found = Peer(sock)
        try:
            yield found
        finally:
            if found.writing is not None:
                found.writing.cancel()
                await asyncio.wait((found.writing,))


async def served(station: ChargingStation) -> None:
    """Wait until a station is connected."""
    await until(station, CONNECTION, lambda: station.connected)


# --- what comes -----------------------------------------------------------------------------


async def test_a_message_may_come_in_the_packet_of_the_request(
    central: CentralSystem, station: ChargingStation
) -> None:
    async with peer(central) as charger:
        await charger.write(REQUEST + call("early"))
        assert await charger.answers(["early"]) == ["early"]


async def test_many_messages_in_one_packet_are_answered_in_order(
    central: CentralSystem, station: ChargingStation
) -> None:
    ids = [f"m{number}" for number in range(100)]
    async with peer(central) as charger:
        await charger.write(REQUEST)
        await served(station)
        await charger.write(b"".join(call(it) for it in ids))
        assert await charger.answers(ids) == ids


async def test_a_message_may_come_in_fragments_with_pings_between(
    central: CentralSystem, station: ChargingStation
) -> None:
    """A ping is answered at once, the message when it is complete."""
    text = json.dumps([2, "parts", "Heartbeat", {}]).encode()
    async with peer(central) as charger:
        await charger.write(REQUEST + frame(Opcode.TEXT, text[:5], fin=False))
        await charger.write(frame(Opcode.PING, b"between"))
        await charger.read_until(b"\x8a\x07between")
        await charger.write(frame(Opcode.CONT, text[5:9], fin=False))
        await charger.write(frame(Opcode.CONT, text[9:]) + call("next"))
        assert await charger.answers(["parts", "next"]) == ["parts", "next"]


async def test_a_message_right_before_the_end_counts(
    central: CentralSystem, station: ChargingStation
) -> None:
    """Some chargers hang up in the same breath."""
    async with peer(central) as charger:
        await charger.write(REQUEST)
        await served(station)
        await charger.write(
            call("start", "StartTransaction", **START)
            + frame(Opcode.CLOSE, (1000).to_bytes(2))
        )
    await until(station, CONNECTION, lambda: not station.connected)
    assert station.transactions.running(1) is not None


async def stuffed(
    central: CentralSystem, station: ChargingStation, charger: Peer
) -> Counted:
    """Have a station ask for more than it takes answers; return its connection."""
    central.door.rates.limits = Limits(burst=1_000_000, messages=1_000_000)
    await charger.write(REQUEST)
    await served(station)
    paced = station._connection
    assert isinstance(paced, Paced)
    connection = paced._connection
    raw = connection.transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
    charger.writing = asyncio.create_task(
        charger.write(b"".join(call(message_id) for message_id in MANY))
    )
    async with asyncio.timeout(PATIENCE):
        while len(station.link()._in_work) < MOST_IN_WORK:
            await asyncio.sleep(0)
    return connection


async def test_who_does_not_take_its_answers_is_not_read_any_further(
    central: CentralSystem, station: ChargingStation
) -> None:
    """What is written for it stays small; once it takes them, all are there."""
    async with peer(central, room=SMALL) as charger:
        connection = await stuffed(central, station, charger)
        assert connection.paused
        assert not connection.transport.is_reading()
        longest = len(MANY[0]) + 100
        most = HIGH_WATER + (MOST_IN_WORK + 1) * longest
        assert connection.transport.get_write_buffer_size() < most
        assert await charger.answers(MANY) == MANY


# --- the end --------------------------------------------------------------------------------


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for the other end's agreement to the end only as long as a test can."""
    monkeypatch.setattr(listener, "_CLOSE_TIMEOUT", 0.1)


@pytest.mark.usefixtures("hasty")
async def test_who_says_goodbye_and_stays_is_offline_soon(
    central: CentralSystem, station: ChargingStation
) -> None:
    async with peer(central) as charger:
        await charger.write(REQUEST)
        await served(station)
        await charger.write(frame(Opcode.CLOSE, (1000).to_bytes(2)))
        await until(station, CONNECTION, lambda: not station.connected)


@pytest.mark.usefixtures("hasty")
async def test_who_takes_no_answers_is_offline_soon_after_it_is_disconnected(
    central: CentralSystem, station: ChargingStation
) -> None:
    """Although not even the frame that closes the connection can be written."""
    async with peer(central, room=SMALL) as charger:
        await stuffed(central, station, charger)
        station.disconnect()
        await until(station, CONNECTION, lambda: not station.connected)


async def test_who_is_turned_away_while_it_talks_is_closed_in_the_ordinary_way(
    central: CentralSystem, station: ChargingStation
) -> None:
    """What it says is read, and with it that it agrees."""
    async with peer(central) as charger:
        await charger.write(REQUEST.replace(b"ocpp1.6", b"soap1.2") + call("boot"))
        await charger.read_until(b"\x03\xeano common subprotocol")
        await charger.write(frame(Opcode.CLOSE, (1002).to_bytes(2)))
        await charger.ended()


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("stays", [True, False])
async def test_nothing_that_waits_to_be_read_puts_off_the_end(
    central: CentralSystem, station: ChargingStation, *, stays: bool
) -> None:
    """It was not answered, so the station says it again."""
    central.door.rates.limits = Limits(burst=1, messages=0.1)
    async with peer(central) as charger:
        await charger.write(REQUEST)
        await served(station)
        await charger.write(b"".join(call(str(number)) for number in range(50)))
        await charger.answers(["1"])
        if stays:
            async with asyncio.timeout(PATIENCE):
                await central.close()
            return
    async with asyncio.timeout(PATIENCE):
        await central.close()


# --- without a network ----------------------------------------------------------------------


class Transport(asyncio.Transport):
    """A transport that goes nowhere."""

    def __init__(self) -> None:
        """Begin to read."""
        super().__init__()
        self.reading = True

    def pause_reading(self) -> None:
        """Read no further."""
        self.reading = False

    def resume_reading(self) -> None:
        """Read on."""
        self.reading = True

    def set_write_buffer_limits(
        self, high: int | None = None, low: int | None = None
    ) -> None:
        """Take note of nothing."""


class _Nobody:
    """A server, its port and its door, as far as a connection knows them."""

    def __init__(self) -> None:
        self.door = self
        self.rates = Rates()
        self.context = None
        self.closing = False
        self.handler_tasks: set[asyncio.Task[None]] = set()

    async def handler(self, connection: object) -> None:
        """Serve nobody."""


@pytest.fixture
async def connection() -> Counted:
    """Return a connection past its handshake."""
    nobody: Any = _Nobody()
    protocol = ServerProtocol(state=OPEN)
    # The handshake is what the protocol would read first.
    protocol.parser = super(ServerProtocol, protocol).parse()
    next(protocol.parser)
    connection = Counted(nobody, protocol, nobody)
    connection.request = nobody
    connection.connection_made(Transport())
    return connection


def reading(connection: Counted) -> bool:
    """Return whether a connection is read."""
    transport = connection.transport
    assert isinstance(transport, Transport)
    return transport.reading


def texts(*said: bytes) -> bytes:
    """Return frames, one for each text."""
    return b"".join(frame(Opcode.TEXT, it) for it in said)


async def test_others_get_their_turn_between_many_frames(connection: Counted) -> None:
    """No packet keeps the loop until its last frame."""
    taken: list[bytes] = []
    delivering = asyncio.create_task(connection.deliver(taken.append))
    await asyncio.sleep(0)
    said = [str(number).encode() for number in range(20)]
    connection.data_received(texts(*said))
    assert taken == said[:8]
    assert not reading(connection)
    while not reading(connection):
        await asyncio.sleep(0)
    assert taken == said
    connection.connection_lost(None)
    await delivering


async def test_nothing_is_handed_over_while_the_one_before_is_busy(
    connection: Counted,
) -> None:
    """Nor is anything read; what was read before the end is handed over all the same."""
    taken: list[bytes] = []
    free = asyncio.Event()

    def take(data: bytes) -> Any:
        taken.append(data)
        return free if data == b"long" else None

    delivering = asyncio.create_task(connection.deliver(take))
    await asyncio.sleep(0)
    connection.data_received(texts(b"short", b"long", b"behind"))
    connection.connection_lost(None)
    await asyncio.sleep(0)
    assert taken == [b"short", b"long"]
    assert not reading(connection)
    assert not delivering.done()
    free.set()
    await delivering
    assert taken == [b"short", b"long", b"behind"]


async def test_who_is_ignored_is_read_and_not_heard(connection: Counted) -> None:
    """So that the end it agrees to is found behind what it still says."""
    taken: list[bytes] = []
    free = asyncio.Event()

    def take(data: bytes) -> Any:
        taken.append(data)
        return free

    delivering = asyncio.create_task(connection.deliver(take))
    await asyncio.sleep(0)
    connection.data_received(texts(b"heard", b"not heard"))
    connection.ignore()
    await delivering
    connection.data_received(texts(b"nor this"))
    free.set()
    await asyncio.sleep(0)
    assert taken == [b"heard"]
    assert reading(connection)


async def test_a_message_of_endless_fragments_takes_no_room(
    connection: Counted,
) -> None:
    """Of empty ones there can be any number."""
    taken: list[bytes] = []
    delivering = asyncio.create_task(connection.deliver(taken.append))
    await asyncio.sleep(0)
    connection.data_received(frame(Opcode.TEXT, b"[2", fin=False))
    connection.data_received(frame(Opcode.CONT, b"", fin=False) * 10_000)
    assert connection._begun == b"[2"
    assert not connection._frames
    assert taken == []
    connection.data_received(frame(Opcode.CONT, b"]"))
    assert taken == [b"[2]"]
    connection.connection_lost(None)
    await delivering


async def test_what_is_sent_to_nobody_is_told(connection: Counted) -> None:
    connection.connection_lost(None)
    with pytest.raises(ConnectionError):
        connection.write(b"[]")
