"""Those who are not welcome any more: nothing that they say counts, over real sockets.

A charger that is told to go may simply go on talking, and people may ask for more while the
door looks at somebody.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from custom_components.ocpp.csms import passwords
from custom_components.ocpp.csms.admission import Refusal
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.model import Options, Part, StationSettings, Topic
from custom_components.ocpp.csms.rates import Limits
from tests.csms.conftest import IDENTITY, PATIENCE, Listen, MakeWire, until
from tests.csms.papers import Elsewhere, client_context, new_key
from tests.csms.test_passwords import OTHER, PASSWORD, basic
from tests.simulator import Charger

KEPT = passwords.hash_of(PASSWORD.encode())
BOOT = {
    "chargePointVendor": "Evil",
    "chargePointModel": "M",
    "chargePointSerialNumber": "EVIL",
}
START = {
    "connectorId": 1,
    "idTag": "EVIL",
    "meterStart": 0,
    "timestamp": "2026-11-21T12:00:00Z",
}


class Stubborn:
    """A charger that goes on talking, whatever it is told."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Take over an open socket."""
        self._reader = reader
        self._writer = writer

    async def say(self, action: str, payload: dict[str, Any]) -> None:
        """Send a message. A mask of zeros changes nothing."""
        text = json.dumps([2, action, action, payload]).encode()
        self._writer.write(b"\x81\xfe" + len(text).to_bytes(2) + bytes(4) + text)
        await self._writer.drain()

    async def told(self) -> bytes:
        """Return what comes next, without making sense of it; nothing at the end."""
        async with asyncio.timeout(PATIENCE):
            return await self._reader.read(4096)

    async def told_to_go(self) -> None:
        """Wait for the frame that closes the connection."""
        seen = b""
        while b"\x88" not in seen:
            more = await self.told()
            assert more
            seen += more

    async def heard_out(self) -> None:
        """Wait until all that was said is read, by a ping that is answered behind it."""
        self._writer.write(b"\x89\x84" + bytes(4) + b"last")
        await self._writer.drain()
        seen = b""
        while b"\x8a\x04last" not in seen:
            more = await self.told()
            assert more
            seen += more


@asynccontextmanager
async def stubborn(
    central: CentralSystem, identity: str = IDENTITY
) -> AsyncIterator[Stubborn]:
    """Connect one that was let in."""
    reader, writer = await asyncio.open_connection("127.0.0.1", central.port)
    writer.write(
        f"GET /{identity} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n".encode()
    )
    try:
        async with asyncio.timeout(PATIENCE):
            answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101 ")
        yield Stubborn(reader, writer)
    finally:
        writer.transport.abort()


async def status(central: CentralSystem, identity: str = IDENTITY, **how: Any) -> int:
    """Return with which status somebody is answered; 101 lets them in."""
    url = f"ws://127.0.0.1:{central.port}"
    try:
        async with Charger(url, identity, **how):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


@pytest.fixture
def elsewhere(tmp_path: Path) -> Elsewhere:
    """Return an authority that is none of ours, with its certificate in a file."""
    elsewhere = Elsewhere()
    (tmp_path / "elsewhere.pem").write_bytes(elsewhere.pem())
    return elsewhere


@pytest.fixture
async def encrypted(
    listen: Listen, tmp_path: Path, elsewhere: Elsewhere
) -> CentralSystem:
    """Return a central system with both ports, and certificates from elsewhere."""
    return await listen(client_ca=tmp_path / "elsewhere.pem", organisation="Elsewhere")


# --- who is disconnected --------------------------------------------------------------------


async def test_a_charger_that_is_disconnected_is_heard_no_more(
    central: CentralSystem, station: ChargingStation
) -> None:
    """It is offline at once, however long it puts off the end; what waits for it fails."""
    states: list[bool] = []
    async with stubborn(central) as charger:
        await until(station, Part(Topic.CONNECTION), lambda: station.connected)
        seen = station.last_seen
        station.watch(Part(Topic.CONNECTION), lambda: states.append(station.connected))
        station.disconnect()
        await charger.told_to_go()
        await charger.say("BootNotification", BOOT)
        await until(station, Part(Topic.CONNECTION), lambda: not station.connected)
        await charger.say("StartTransaction", START)
        await charger.heard_out()
    assert states == [False]
    assert station.provisioning.info is None
    assert station.transactions.running(1) is None
    assert station.last_seen == seen


@pytest.mark.parametrize(
    "settings",
    [StationSettings(password_hash=KEPT), StationSettings(security_profile=2)],
)
async def test_a_visitor_that_did_not_show_what_is_required_is_never_heard_as_adopted(
    central: CentralSystem, settings: StationSettings
) -> None:
    async with stubborn(central) as visitor:
        await visitor.say("BootNotification", BOOT)
        while b"currentTime" not in await visitor.told():
            pass
        adding = asyncio.create_task(central.add_station(IDENTITY, settings))
        await visitor.told_to_go()
        await visitor.say("StartTransaction", START)
        await visitor.say("BootNotification", BOOT)
        station = await adding
        await visitor.heard_out()
        assert not station.connected
        assert station.provisioning.info is None
        assert station.transactions.running(1) is None
    assert central.station(IDENTITY) is station


async def test_what_an_impostor_said_before_keeps_the_charger_out_no_more(
    encrypted: CentralSystem,
    elsewhere: Elsewhere,
    tmp_path: Path,
) -> None:
    """It said that it has another serial number than the charger's certificate names."""
    open_door = f"ws://127.0.0.1:{encrypted.port}"
    async with Charger(open_door, IDENTITY, serial="EVIL") as impostor:
        await impostor.boot()
        visitor = encrypted.visitors[IDENTITY.casefold()]
        assert visitor.provisioning.info is not None
        station = await encrypted.add_station(
            IDENTITY, StationSettings(security_profile=3)
        )
        await impostor.wait_closed()
    assert station.provisioning.info is None
    assert encrypted.tls is not None
    key = new_key()
    context = client_context(
        encrypted.tls.authority.root_file,
        tmp_path,
        elsewhere.issue(key, "REAL-SERIAL"),
        key,
    )
    url = f"wss://localhost:{encrypted.tls_port}"
    async with Charger(url, IDENTITY, tls=context):
        await until(station, Part(Topic.CONNECTION), lambda: station.connected)
    assert not encrypted.refused


# --- what changes while the door looks ------------------------------------------------------


async def changed_meanwhile(
    central: CentralSystem, after: StationSettings, monkeypatch: pytest.MonkeyPatch
) -> int:
    """Return how the right password is answered when people change the settings meanwhile."""
    station = await central.add_station(IDENTITY, StationSettings(password_hash=KEPT))
    compares, go_on = asyncio.Event(), asyncio.Event()
    hashing = station.shared.hashing
    matches = hashing.matches

    async def slowly(kept: str, password: bytes) -> bool:
        compares.set()
        await go_on.wait()
        return await matches(kept, password)

    monkeypatch.setattr(hashing, "matches", slowly)
    coming = asyncio.create_task(status(central, password=PASSWORD))
    async with asyncio.timeout(PATIENCE):
        await compares.wait()
    station.apply_settings(after)
    central.recheck(station)
    go_on.set()
    answer = await coming
    assert not station.connected
    return answer


async def test_what_is_required_while_a_password_is_compared_holds(
    central: CentralSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    after = StationSettings(password_hash=KEPT, security_profile=2)
    assert await changed_meanwhile(central, after, monkeypatch) == 403
    assert central.refused == {Refusal.NOT_ENCRYPTED: 1}


async def test_a_password_that_is_changed_while_it_is_compared_lets_nobody_in(
    central: CentralSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    after = StationSettings(password_hash=passwords.hash_of(OTHER.encode()))
    assert await changed_meanwhile(central, after, monkeypatch) == 401
    assert await status(central, password=OTHER) == 101


async def test_the_new_password_comes_in_also_where_the_old_one_was_compared_with_it(
    central: CentralSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other way round: the charger shows it before people have entered it here."""
    station = await central.add_station(
        IDENTITY,
        StationSettings(password_hash=passwords.hash_of(OTHER.encode())),
    )
    held = station.passwords
    matches = station.shared.hashing.matches

    async def meanwhile(kept: str, password: bytes) -> bool:
        right = await matches(kept, password)
        station.apply_settings(StationSettings(password_hash=KEPT))
        return right

    monkeypatch.setattr(station.shared.hashing, "matches", meanwhile)
    assert await held.admits(PASSWORD.encode())
    assert held.still_admits(PASSWORD.encode())
    assert not held.still_admits(OTHER.encode())
    assert not held.still_admits(None)


@pytest.mark.parametrize(
    "settings",
    [StationSettings(password_hash=KEPT), StationSettings(security_profile=2)],
)
async def test_what_is_required_between_the_door_and_the_charger_holds(
    central: CentralSystem,
    station: ChargingStation,
    wire: MakeWire,
    monkeypatch: pytest.MonkeyPatch,
    settings: StationSettings,
) -> None:
    """Once there is a WebSocket it is told to come again, and is never heard."""
    admitted = central.door.rates.admitted

    def meanwhile(connection: Any) -> None:
        admitted(connection)
        station.apply_settings(settings)

    monkeypatch.setattr(central.door.rates, "admitted", meanwhile)
    assert await (await wire()).closed() == 1013
    assert not station.connected
    assert central.refused.total() == 1


async def test_who_is_removed_between_the_door_and_the_charger_is_unknown(
    central: CentralSystem,
    station: ChargingStation,
    wire: MakeWire,
    options: Options,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    central.apply_options(replace(options, unknown_chargers="refuse"))
    admitted = central.door.rates.admitted

    def meanwhile(connection: Any) -> None:
        admitted(connection)
        central.stations.clear()

    monkeypatch.setattr(central.door.rates, "admitted", meanwhile)
    assert await (await wire()).closed() == 1013
    assert central.refused == {Refusal.UNKNOWN: 1}
    assert not central.visitors


# --- connections ------------------------------------------------------------------------------


async def test_those_that_ignore_that_they_are_closed_keep_nobody_out(
    central: CentralSystem,
) -> None:
    """They would hold their places for some seconds."""
    await central.add_station(IDENTITY, StationSettings(password_hash=KEPT))
    rates = central.door.rates
    rates.limits = Limits(connections=20)
    await central.add_station("CP2", StationSettings())
    async with AsyncExitStack() as sockets:
        url = f"ws://127.0.0.1:{central.port}"
        known = Charger(url, IDENTITY, password=PASSWORD)
        await sockets.enter_async_context(known)
        await known.boot()
        for _ in range(60):
            # Each takes the place of the one before, which does not go.
            await sockets.enter_async_context(stubborn(central, "CP2"))
        assert rates.connections <= 20
        assert rates.dropped >= 40
        await known.heartbeat()
        await known.disconnect()
        assert await status(central, headers=basic(IDENTITY, PASSWORD)) == 101


async def test_of_unknown_chargers_beyond_those_that_wait_nothing_is_left_open(
    central: CentralSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are told to come later, and it is no attempt that counts against the address."""
    monkeypatch.setattr("custom_components.ocpp.csms.central_system.MOST_VISITORS", 2)
    rates = central.door.rates
    rates.limits = Limits(failures=2)
    async with AsyncExitStack() as sockets:
        for number in range(2):
            await sockets.enter_async_context(stubborn(central, f"X{number}"))
        for number in range(5):
            with pytest.raises(InvalidStatus) as refused:
                await Charger(f"ws://127.0.0.1:{central.port}", f"Y{number}").connect()
            response = refused.value.response
            assert response.status_code == 503
            assert response.headers["Retry-After"] == "60"
        # One that waits already may come again.
        await sockets.enter_async_context(stubborn(central, "x1"))
        assert len(central.visitors) == 2
    assert central.refused == {Refusal.TOO_MANY_UNKNOWN: 5}
    assert not rates.too_often("127.0.0.1")


async def test_more_unknown_chargers_wait_where_all_are_added(
    central: CentralSystem, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, most in (("MOST_VISITORS", 1), ("MOST_ADOPTED", 3)):
        monkeypatch.setattr(f"custom_components.ocpp.csms.central_system.{name}", most)
    central.apply_options(replace(options, unknown_chargers="adopt"))
    async with AsyncExitStack() as sockets:
        for number in range(3):
            await sockets.enter_async_context(stubborn(central, f"X{number}"))
        assert await status(central, "X3") == 503


async def test_a_fault_of_ours_at_the_door_is_logged_with_where_it_is(
    central: CentralSystem,
    station: ChargingStation,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails(*_: Any) -> None:
        raise KeyError("ours")

    monkeypatch.setattr(central, "refusal_of", fails)
    assert await status(central) == 500
    (record,) = (it for it in caplog.records if it.levelno >= logging.ERROR)
    assert record.getMessage() == "process_request failed"
    assert record.exc_info is not None
    assert record.exc_info[0] is KeyError
