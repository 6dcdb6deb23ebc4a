"""Attacks on the central system, over real sockets: what the charger of people notices.

Which is nothing: in each of them it goes on talking over the socket that it had.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
import json
from pathlib import Path
import socket
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from custom_components.ocpp.csms import passwords
from custom_components.ocpp.csms.admission import Refusal
from custom_components.ocpp.csms.central_system import MOST_VISITORS, CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.model import StationSettings
from custom_components.ocpp.csms.rates import Limits
from tests.csms.conftest import IDENTITY, PATIENCE, Listen, prepared
from tests.csms.papers import client_context
from tests.csms.test_passwords import OTHER, PASSWORD, basic
from tests.simulator import Charger

# In seconds: what the charger may wait for an answer at most, on a machine that is busy.
LONGEST = 3


@pytest.fixture
async def station(central: CentralSystem) -> ChargingStation:
    """Return the charger of people, which has to show a password."""
    kept = passwords.hash_of(PASSWORD.encode())
    return await central.add_station(IDENTITY, StationSettings(password_hash=kept))


@pytest.fixture
async def victim(
    station: ChargingStation, central: CentralSystem
) -> AsyncGenerator[Charger]:
    """Return the charger, which is connected and charges a car."""
    async with Charger(
        f"ws://127.0.0.1:{central.port}", IDENTITY, password=PASSWORD
    ) as charger:
        await charger.power_up()
        await prepared(station)
        await charger.settle()
        yield charger
        assert charger.violations == []


@asynccontextmanager
async def undisturbed(
    victim: Charger, station: ChargingStation
) -> AsyncGenerator[None]:
    """Have the charger talk all the while, and see that each word is answered."""
    since, over = station.connected_at, asyncio.Event()
    waits: list[float] = []
    loop = asyncio.get_running_loop()

    async def talk() -> None:
        while not over.is_set():
            begun = loop.time()
            await victim.heartbeat()
            waits.append(loop.time() - begun)
            await asyncio.sleep(0.01)

    talking = asyncio.create_task(talk())
    try:
        yield
    finally:
        over.set()
        await talking
    await victim.heartbeat()
    assert waits
    assert max(waits) < LONGEST
    assert victim.connected
    assert station.connected_at == since


def attacker(
    central: CentralSystem, identity: str = IDENTITY, **options: Any
) -> Charger:
    """Return somebody who poses as a charger."""
    return Charger(f"ws://127.0.0.1:{central.port}", identity, **options)


async def status(intruder: Charger) -> int:
    """Return with which status somebody is turned away."""
    with pytest.raises(InvalidStatus) as turned_away:
        await intruder.connect()
    return turned_away.value.response.status_code


# --- posing as the charger ----------------------------------------------------------------


async def test_nobody_takes_the_charger_over(
    central: CentralSystem, station: ChargingStation, victim: Charger
) -> None:
    async with undisturbed(victim, station):
        for headers in (
            {},
            basic(IDENTITY, OTHER),
            basic(IDENTITY, ""),
            basic("CP2", PASSWORD),
            {"Authorization": "Basic"},
            {"Authorization": "Bearer " + PASSWORD},
        ):
            for identity in (IDENTITY, IDENTITY.lower()):
                intruder = attacker(central, identity, headers=headers)
                assert await status(intruder) == 401
    assert central.refused.total() == 12
    assert not central.visitors


async def test_nobody_comes_in_plainly_where_encryption_is_required(
    listen: Listen, tmp_path: Path
) -> None:
    central = await listen()
    kept = passwords.hash_of(PASSWORD.encode())
    station = await central.add_station(
        IDENTITY, StationSettings(password_hash=kept, security_profile=2)
    )
    assert central.tls is not None
    url = f"wss://localhost:{central.tls_port}"
    context = client_context(central.tls.authority.root_file, tmp_path)
    async with Charger(url, IDENTITY, tls=context, password=PASSWORD) as victim:
        await victim.boot()
        async with undisturbed(victim, station):
            # Not even with the right password, which would be heard by everybody.
            assert await status(attacker(central, password=PASSWORD)) == 403
            wrong = Charger(url, IDENTITY, tls=context, password=OTHER)
            assert await status(wrong) == 401
    assert central.refused == {
        Refusal.NOT_ENCRYPTED: 1,
        Refusal.WRONG_PASSWORD: 1,
    }


async def test_passwords_are_not_guessed(
    central: CentralSystem, station: ChargingStation, victim: Charger
) -> None:
    """After some attempts nobody looks at them; the charger itself comes in all the same.

    From the same address it does when it comes again.
    """
    central.door.rates.limits = Limits(failures=8)
    async with undisturbed(victim, station):
        answers = [
            await status(attacker(central, password=f"guess number {number}"))
            for number in range(40)
        ]
    assert answers == [401] * 8 + [429] * 32
    assert central.refused[Refusal.TOO_OFTEN] == 32
    await victim.disconnect()
    assert await status(attacker(central, password=PASSWORD)) == 429
    async with attacker(central, password=PASSWORD) as again:
        assert (await again.boot())["status"] == "Accepted"


async def test_a_dozen_failures_lock_nobody_out(
    central: CentralSystem, station: ChargingStation
) -> None:
    """With a password that was never seen before."""
    for _ in range(12):
        assert await status(attacker(central, password=OTHER)) == 401
    async with attacker(central, password=PASSWORD) as charger:
        assert (await charger.boot())["status"] == "Accepted"


# --- floods -------------------------------------------------------------------------------


async def test_a_flood_of_silent_connections_keeps_nobody_out(
    central: CentralSystem, station: ChargingStation, victim: Charger
) -> None:
    """Half of them begin a request that never ends."""
    rates = central.door.rates
    rates.limits = Limits(waiting_of_one=20)
    async with AsyncExitStack() as sockets:
        async with undisturbed(victim, station):
            for number in range(200):
                _, writer = await asyncio.open_connection("127.0.0.1", central.port)
                sockets.callback(writer.close)
                if number % 2:
                    writer.write(b"GET /CP1 HTTP/1.1\r\nHost: x\r\n")
        assert rates.connections <= 22
        assert rates.dropped >= 170
        await victim.disconnect()
        async with attacker(central, password=PASSWORD) as again:
            assert (await again.boot())["status"] == "Accepted"


async def test_a_flood_of_unknown_identities_fills_nothing(
    central: CentralSystem, station: ChargingStation, victim: Charger
) -> None:
    async with AsyncExitStack() as sockets, undisturbed(victim, station):
        for number in range(MOST_VISITORS):
            unknown = attacker(central, f"X{number}")
            await sockets.enter_async_context(unknown)
        for number in range(40):
            assert await status(attacker(central, f"Y{number}")) == 503
        assert central.door.rates.connections <= MOST_VISITORS + 2
        assert len(central.visitors) == MOST_VISITORS
    assert central.refused == {Refusal.TOO_MANY_UNKNOWN: 40}
    assert list(central.stations) == [IDENTITY.casefold()]


async def test_a_flood_of_frames_is_answered_slowly_and_in_full(
    central: CentralSystem, station: ChargingStation, victim: Charger
) -> None:
    central.door.rates.limits = Limits(burst=50, messages=500)
    other = await central.add_station("CP2", StationSettings())
    async with attacker(central, "CP2") as flooder:
        await flooder.boot()
        link = flooder._socket
        assert link is not None
        begun = asyncio.get_running_loop().time()
        async with undisturbed(victim, station):
            for number in range(1_000):
                await link.send(json.dumps([2, f"f{number}", "Heartbeat", {}]))
            async with asyncio.timeout(30):
                await flooder.until(
                    lambda: any(frame[1] == "f999" for frame in flooder.received), 30
                )
        took = asyncio.get_running_loop().time() - begun
        answered = {frame[1] for frame in flooder.received if frame[0] == 3}
        assert {f"f{number}" for number in range(1_000)} <= answered
        assert took > 1.5
        assert other.notes["frames: more than is read in time"]
        flooder.violations.clear()


async def test_who_does_not_read_is_not_read_either(
    central: CentralSystem, station: ChargingStation, victim: Charger
) -> None:
    """What waits for it stays small, however much it sends."""
    await central.add_station("CP2", StationSettings())
    raw = socket.create_connection(("127.0.0.1", central.port))
    with raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.sendall(
            b"GET /CP2 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
        )
        raw.setblocking(False)
        # Unmasked would be refused; a mask of zeros changes nothing.
        text = json.dumps([2, "1", "Heartbeat", {"filler": "x" * 20_000}]).encode()
        frame = b"\x81\xfe" + len(text).to_bytes(2) + bytes(4) + text
        loop = asyncio.get_running_loop()
        sent = 0
        async with undisturbed(victim, station):
            with suppress(TimeoutError):
                while sent < 5_000:
                    await asyncio.wait_for(loop.sock_sendall(raw, frame), 1.5)
                    sent += 1
        assert 0 < sent < 5_000


# --- what makes no sense ------------------------------------------------------------------


async def test_huge_ids_lead_nowhere(
    central: CentralSystem, station: ChargingStation, victim: Charger
) -> None:
    async with undisturbed(victim, station):
        for identity in ("x" * 49, "x" * 5_000):
            assert await status(attacker(central, identity)) == 404
        for huge in (
            attacker(central, "x" * 100_000),
            attacker(central, headers={"Authorization": "Basic " + "A" * 100_000}),
        ):
            with pytest.raises((InvalidHandshake, ConnectionClosed, OSError)):
                await huge.connect()
        await central.add_station("CP2", StationSettings())
        async with attacker(central, "CP2") as other:
            link = other._socket
            assert link is not None
            await link.send(json.dumps([2, "i" * 100_000, "Heartbeat", {}]))
            await link.send(json.dumps([2, "a", "x" * 100_000, {}]))
            await link.send(json.dumps([3, "i" * 100_000, {}]))
            await other.heartbeat()
            other.violations.clear()
    assert not central.visitors


async def test_what_was_overheard_is_of_no_use_to_others(
    central: CentralSystem, station: ChargingStation, victim: Charger
) -> None:
    """Replayed without the password, or as another charger, it changes nothing here."""
    await victim.plug_in()
    number = await victim.start(1, "ANNA")
    running = station.transactions.running(1)
    assert running is not None
    overheard = [frame for frame in victim.sent if frame[0] == 2]
    stop = {
        "transactionId": number,
        "meterStop": 9_999_999,
        "timestamp": victim.timestamp(),
    }
    overheard.append([2, "stop", "StopTransaction", stop])
    async with undisturbed(victim, station):
        assert await status(attacker(central)) == 401
        async with attacker(central, "CP2") as other:
            link = other._socket
            assert link is not None
            for frame in overheard:
                await link.send(json.dumps(frame))
            await other.until(
                lambda: any(frame[1] == "stop" for frame in other.received), PATIENCE
            )
            other.violations.clear()
    assert station.transactions.running(1) is running
    assert running.energy < 9_999_999
    await victim.stop()
    assert station.transactions.running(1) is None
