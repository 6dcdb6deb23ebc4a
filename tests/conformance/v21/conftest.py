"""People who have a charging station of 2.1, and a few cards."""

from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.conformance.v16.conftest import card
from tests.conformance.v201.conversation import ANNA, BLOCKED
from tests.conftest import ConnectTwo, charger_subentry
from tests.simulator_v2 import Station

from .conversation import known_station


@pytest.fixture
def subentries() -> list[ConfigSubentryDataWithId]:
    """Return a charger, and cards that may and may not charge."""
    return [
        charger_subentry(),
        card(ANNA, "Anna", group="Family"),
        card(BLOCKED, "Lost", blocked=True),
    ]


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Do without the plugin's debug mode, which doubles the time of these tests."""


@pytest.fixture
async def station(
    hass: HomeAssistant, garage: HubCharger, connect_two: ConnectTwo
) -> Station:
    """Return a station of 2.1 with two EVSEs of two connectors that is known."""
    return await known_station(hass, garage, connect_two)
