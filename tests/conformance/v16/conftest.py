"""People who have a charger and a few cards."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
import pytest

from tests.conftest import charger_subentry
from tests.simulator import Charger

from .conversation import ANNA, BEN, BLOCKED, EXPIRED, settled


def card(token: str, title: str, **data: Any) -> ConfigSubentryDataWithId:
    """Return the subentry of a card."""
    return ConfigSubentryDataWithId(
        data={"token": token, "type": "ISO14443", "blocked": False} | data,
        subentry_id=f"subentry_{token}",
        subentry_type="id_token",
        title=title,
        unique_id=token.casefold(),
    )


@pytest.fixture
def subentries() -> list[ConfigSubentryDataWithId]:
    """Return a charger, and cards that may and may not charge."""
    return [
        charger_subentry(firmware_url="https://192.0.2.20/wallbox-2.0.bin"),
        card(ANNA, "Anna", group="Family"),
        card(BEN, "Ben", group="Family"),
        card(EXPIRED, "Last year's", valid_until="2020-07-01T12:00:00+00:00"),
        card(BLOCKED, "Lost", blocked=True),
    ]


@pytest.fixture
def everything() -> Iterator[None]:
    """Enable what people have to enable."""
    with patch(
        "homeassistant.helpers.entity.Entity.entity_registry_enabled_default",
        return_value=True,
    ):
        yield


@pytest.fixture
async def charging(hass: HomeAssistant, charger: Charger) -> Charger:
    """Return the charger, with a car that charges for Anna."""
    await charger.plug_in()
    assert await charger.present_card(ANNA)
    await charger.tick(600)
    await settled(hass, charger)
    return charger
