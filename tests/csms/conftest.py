"""What the tests of the central system share. They run with or without Home Assistant."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from importlib.util import find_spec
import json
import logging
from pathlib import Path
import sys
from types import ModuleType
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

if find_spec("homeassistant") is None:
    # The package's own __init__ belongs to the Home Assistant side. What is below it can
    # do without.
    _package = ModuleType("custom_components.ocpp")
    _package.__path__ = [str(Path(__file__).parents[2] / "custom_components" / "ocpp")]
    sys.modules["custom_components.ocpp"] = _package

from custom_components.ocpp.csms.authority import Authority
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.model import Options, Part, StationSettings
from custom_components.ocpp.csms.store import Store
from custom_components.ocpp.csms.tls import Tls, TlsSettings
from tests.simulator import Charger
from tests.simulator_v2 import Station as Two

# The plugin has every query logged, which takes longer than the query.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)

IDENTITY = "CP1"
# By which stations reach this machine where they come encrypted.
NAMES = ("localhost", "127.0.0.1", "::1")
PATIENCE = 5

type Listen = Callable[..., Awaitable[CentralSystem]]
type MakeCharger = Callable[..., Awaitable[Charger]]
type MakeTwo = Callable[..., Awaitable[Two]]
type MakeWire = Callable[..., Awaitable[Wire]]

if find_spec("pytest_homeassistant_custom_component") is not None:

    @pytest.fixture(autouse=True)
    def _sockets(socket_enabled: None) -> None:
        """Allow sockets, which Home Assistant's pytest plugin forbids."""

    @pytest.fixture(autouse=True)
    def enable_event_loop_debug() -> None:
        """Do without the plugin's debug mode, which doubles the time of these tests."""


# --- helpers ----------------------------------------------------------------------------


async def until(
    station: ChargingStation,
    part: Part,
    condition: Callable[[], object] | None = None,
) -> None:
    """Wait until the condition holds, looking again whenever the part changed.

    Without a condition, wait for the next change.
    """
    if condition is not None and condition():
        return
    done = asyncio.get_running_loop().create_future()

    def look() -> None:
        if not done.done() and (condition is None or condition()):
            done.set_result(None)

    stop = station.watch(part, look)
    try:
        async with asyncio.timeout(PATIENCE):
            await done
    finally:
        stop()


async def prepared(station: ChargingStation) -> None:
    """Wait until the station's blocks have got to know it, as was last set off."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(PATIENCE):
        while (task := station.preparation._task) is None or not task.done():
            if task is not None:
                await asyncio.wait([task])
            elif (timer := station.preparation._timer) is not None:
                await asyncio.sleep(max(0, timer.when() - loop.time()))
            else:
                await asyncio.sleep(0)


class Wire:
    """The station's end of a socket, with nothing between it and the test."""

    def __init__(self, socket: ClientConnection) -> None:
        """Take over an open socket."""
        self.socket = socket

    async def send(self, frame: list[Any] | str | bytes) -> None:
        """Send a frame; text and bytes just as they are."""
        await self.socket.send(json.dumps(frame) if isinstance(frame, list) else frame)

    async def receive(self) -> Any:
        """Return the next frame."""
        async with asyncio.timeout(PATIENCE):
            return json.loads(await self.socket.recv())

    async def answer_to(self, message_id: object) -> Any:
        """Return the next frame that answers a message, passing over commands."""
        while (frame := await self.receive())[0] == 2 or frame[1] != message_id:
            pass
        return frame

    async def command(self, action: str) -> Any:
        """Return the next command of that action, passing over everything else."""
        while (frame := await self.receive())[0] != 2 or frame[2] != action:
            pass
        return frame

    async def closed(self) -> int | None:
        """Wait for the other end to close; return with which code."""
        async with asyncio.timeout(PATIENCE):
            await self.socket.wait_closed()
        return self.socket.close_code


# --- fixtures ---------------------------------------------------------------------------


@pytest.fixture
def options() -> Options:
    """Wait for nothing longer than a test has to."""
    return Options(
        settle=0, boot_grace=0.05, adoption_grace=0.3, call_timeout=1, queue_grace=0
    )


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[Store]:
    """Return an open store of its own file."""
    store = Store(f"sqlite:///{tmp_path / 'ocpp.db'}")
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def central(store: Store, options: Options) -> AsyncGenerator[CentralSystem]:
    """Return a central system that listens on this machine."""
    central = CentralSystem(host="127.0.0.1", port=0, store=store, options=options)
    await central.open()
    await central.listen()
    yield central
    await central.close()


@pytest.fixture
async def listen(
    tmp_path: Path, store: Store, options: Options
) -> AsyncGenerator[Listen]:
    """Return what opens a central system with an encrypted port beside the other.

    It takes what `TlsSettings` does.
    """
    opened: list[CentralSystem] = []

    async def listen(
        host: str = "127.0.0.1", port: int = 0, **settings: Any
    ) -> CentralSystem:
        central = CentralSystem(
            host=host,
            port=port,
            store=store,
            options=options,
            tls=Tls(
                settings=TlsSettings(port=0, **settings),
                authority=Authority(tmp_path / "authority"),
                names=NAMES,
            ),
        )
        opened.append(central)
        await central.open()
        await central.listen()
        return central

    yield listen
    for central in opened:
        await central.close()


@pytest.fixture
def url(central: CentralSystem) -> str:
    """Return the URL that stations append their identity to."""
    return f"ws://127.0.0.1:{central.port}"


@pytest.fixture
async def station(central: CentralSystem) -> ChargingStation:
    """Return an adopted station that never connected."""
    return await central.add_station(IDENTITY, StationSettings())


@pytest.fixture
async def connect_charger(url: str) -> AsyncGenerator[MakeCharger]:
    """Return what connects a simulated charger, which has not booted yet.

    Options are those of `Charger`. In the end each must have seen valid OCPP only; a test
    that provokes something else clears `violations`.
    """
    chargers: list[Charger] = []

    async def make(identity: str = IDENTITY, **options: Any) -> Charger:
        charger = Charger(url, identity, **options)
        chargers.append(charger)
        await charger.connect()
        return charger

    yield make
    for charger in chargers:
        await charger.disconnect()
    for charger in chargers:
        assert charger.violations == []


@pytest.fixture
async def charger(station: ChargingStation, connect_charger: MakeCharger) -> Charger:
    """Return a charger that booted, told its status and was prepared."""
    charger = await connect_charger()
    await charger.power_up()
    await prepared(station)
    await charger.settle()
    return charger


@pytest.fixture
async def connect_station(url: str) -> AsyncGenerator[MakeTwo]:
    """Return what connects a simulated station of 2.x, which has not booted yet.

    Options are those of `simulator_v2.Station`. In the end each must have seen valid OCPP
    only; a test that provokes something else clears `violations`.
    """
    stations: list[Two] = []

    async def make(identity: str = IDENTITY, **options: Any) -> Two:
        two = Two(url, identity, **options)
        stations.append(two)
        await two.connect()
        return two

    yield make
    for two in stations:
        await two.disconnect()
    for two in stations:
        assert two.violations == []


@pytest.fixture
async def two(station: ChargingStation, connect_station: MakeTwo) -> Two:
    """Return a station of 2.0.1 with two EVSEs of two connectors that was prepared."""
    two = await connect_station()
    await two.power_up()
    await prepared(station)
    await two.settle()
    return two


@pytest.fixture
async def wire(url: str) -> AsyncGenerator[MakeWire]:
    """Return what opens a bare socket to the central system, as a station would."""
    async with AsyncExitStack() as open_sockets:

        async def make(
            path: str = IDENTITY,
            *,
            subprotocols: Sequence[str] | None = ("ocpp1.6",),
            compression: str | None = None,
            **options: Any,
        ) -> Wire:
            socket = await open_sockets.enter_async_context(
                connect(
                    f"{url}/{path}",
                    subprotocols=subprotocols
                    and [Subprotocol(s) for s in subprotocols],
                    compression=compression,
                    proxy=None,
                    close_timeout=1,
                    ping_interval=None,
                    **options,
                )
            )
            return Wire(socket)

        yield make
