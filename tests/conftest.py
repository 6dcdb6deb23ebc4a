"""Fixtures of the Home Assistant side: a loaded entry and chargers that connect to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any
from unittest.mock import patch

# First: otherwise the test plugin's own custom_components package is found instead.
import custom_components  # noqa: F401  # isort: skip

from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from custom_components.ocpp import hub as hub_module
from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.const import DOMAIN
from custom_components.ocpp.csms.model import Options
from custom_components.ocpp.hub import OcppHub
from tests.csms.conftest import prepared
from tests.simulator import Charger
from tests.simulator_v2 import Station as Two

type Connect = Callable[..., Awaitable[Charger]]
type ConnectTwo = Callable[..., Awaitable[Two]]


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Return snapshots that leave out random ids."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture
def own_address() -> Iterator[None]:
    """Answer which address this machine has without looking."""
    with patch(
        "homeassistant.components.network.async_get_source_ip",
        return_value="192.0.2.10",
    ):
        yield


def charger_subentry(
    identity: str = "CP1", *, title: str = "Garage", **data: Any
) -> ConfigSubentryDataWithId:
    """Return the subentry of a charger, with an id that stays the same."""
    return ConfigSubentryDataWithId(
        data={"identity": identity, "maximum_current": 32, "phases": 3} | data,
        subentry_id=f"subentry_{identity}",
        subentry_type="charger",
        title=title,
        unique_id=identity,
    )


@pytest.fixture
def subentries() -> list[ConfigSubentryDataWithId]:
    """Return the chargers that people have: one, unless a test says otherwise."""
    return [charger_subentry()]


@pytest.fixture
def options() -> dict[str, Any]:
    """Return the options of the central system."""
    return {}


@pytest.fixture
async def entry(
    hass: HomeAssistant,
    enable_custom_integrations: None,
    socket_enabled: None,
    own_address: None,
    subentries: list[ConfigSubentryDataWithId],
    options: dict[str, Any],
    tmp_path: Any,
) -> AsyncIterator[MockConfigEntry]:
    """Return a loaded entry that listens on a free port."""
    hass.config.config_dir = str(tmp_path)
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="OCPP",
        version=3,
        entry_id="central_system",
        data={"host": "127.0.0.1", "port": 0},
        options=options,
        subentries_data=subentries,
    )
    entry.add_to_hass(hass)
    read_options = hub_module.read_options

    def quickly(chosen: Any) -> Options:
        """Shorten what a charger is left alone for."""
        return read_options(chosen).__class__(
            **vars(read_options(chosen))
            | {
                "settle": 0,
                "boot_grace": 0.05,
                "queue_grace": 0,
                "adoption_grace": 5,
                "call_timeout": 2,
            }
        )

    with patch.object(hub_module, "read_options", quickly):
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        yield entry
        if entry.state.recoverable:
            await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


@pytest.fixture
def hub(entry: MockConfigEntry) -> OcppHub:
    """Return the hub of the loaded entry."""
    return entry.runtime_data  # type: ignore[no-any-return]


@pytest.fixture
def garage(hub: OcppHub) -> HubCharger:
    """Return the charger people have."""
    return hub.chargers["CP1"]


@pytest.fixture
async def connect(hub: OcppHub) -> AsyncIterator[Connect]:
    """Return how to let a charger connect; it leaves at the end of the test."""
    async with AsyncExitStack() as stack:

        async def connect(identity: str = "CP1", **options: Any) -> Charger:
            return await stack.enter_async_context(
                Charger(f"ws://127.0.0.1:{hub.central.port}/", identity, **options)
            )

        yield connect


@pytest.fixture
async def connect_two(hub: OcppHub) -> AsyncIterator[ConnectTwo]:
    """Return how to let a station of 2.x connect; it leaves at the end of the test."""
    async with AsyncExitStack() as stack:

        async def connect(identity: str = "CP1", **options: Any) -> Two:
            return await stack.enter_async_context(
                Two(f"ws://127.0.0.1:{hub.central.port}/", identity, **options)
            )

        yield connect


@pytest.fixture
async def two(hass: HomeAssistant, garage: HubCharger, connect_two: ConnectTwo) -> Two:
    """Return a station of 2.0.1 with two EVSEs of two connectors that is known."""
    two = await connect_two()
    await two.power_up()
    await prepared(garage.station)
    await two.settle()
    await hass.async_block_till_done()
    return two


async def eventually(hass: HomeAssistant, true: Callable[[], Any]) -> None:
    """Wait until something is true that no single event tells of."""
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.01)
            await hass.async_block_till_done()


async def ready(hass: HomeAssistant, charger: Charger) -> None:
    """Wait until the central system has got to know a charger that booted."""
    await charger.wait_for_call("TriggerMessage")
    while not charger.sent_calls("MeterValues"):
        await charger.wait_for_call("TriggerMessage")
        await charger.settle()
    await charger.settle()
    await hass.async_block_till_done()


@pytest.fixture
async def charger(hass: HomeAssistant, connect: Connect) -> Charger:
    """Return the charger people have: connected, booted, and known."""
    charger = await connect()
    await charger.power_up()
    await ready(hass, charger)
    return charger


@pytest.fixture
async def charging(hass: HomeAssistant, charger: Charger) -> Charger:
    """Return the charger people have, with a car that charges."""
    await charger.plug_in()
    assert await charger.present_card("CARD1")
    await charger.tick(600)
    await charger.settle()
    await hass.async_block_till_done()
    return charger
