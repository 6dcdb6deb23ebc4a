"""People who have a charging station of two EVSEs and a few cards."""

from collections.abc import Iterator
from unittest.mock import patch

from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
import pytest

from tests.conformance.v16.conftest import card
from tests.conftest import charger_subentry
from tests.simulator_v2 import Station

from .conversation import ANNA, BEN, BLOCKED, EXPIRED, MASTER, settled


@pytest.fixture
def subentries() -> list[ConfigSubentryDataWithId]:
    """Return a charger, and cards that may and may not charge."""
    return [
        charger_subentry(firmware_url="https://192.0.2.20/wallbox-3.0.bin"),
        card(ANNA, "Anna", group="Family"),
        card(BEN, "Ben", group="Family"),
        card(MASTER, "Caretaker", group="Caretakers"),
        card(EXPIRED, "Last year's", valid_until="2020-07-01T12:00:00+00:00"),
        card(BLOCKED, "Lost", blocked=True),
    ]


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Do without the plugin's debug mode, which doubles the time of these tests."""


@pytest.fixture
def everything() -> Iterator[None]:
    """Enable what people have to enable."""
    with patch(
        "homeassistant.helpers.entity.Entity.entity_registry_enabled_default",
        return_value=True,
    ):
        yield


@pytest.fixture
async def charging(hass: HomeAssistant, two: Station) -> Station:
    """Return the station, with a car that charges for Anna."""
    await two.plug_in(1, max_current=16)
    assert await two.present_card(1, ANNA)
    await two.tick(600)
    await settled(hass, two)
    return two
