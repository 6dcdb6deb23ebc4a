"""What a charger, or an automation that commands it, can't do without end."""

from datetime import timedelta

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.const import DOMAIN
from custom_components.ocpp.csms.blocks import reservation
from custom_components.ocpp.csms.store.allowance import A_DAY
from custom_components.ocpp.hub import OcppHub
from tests.simulator import Charger

# So few are many.
FEW = 3


def told(hass: HomeAssistant) -> ir.IssueEntry | None:
    """Return what people are told of too many sessions."""
    issue = "too_many_sessions_subentry_CP1"
    return ir.async_get(hass).async_get_issue(DOMAIN, issue)


async def test_people_are_told_of_a_charger_that_begins_very_many_sessions(
    hass: HomeAssistant, hub: OcppHub, charger: Charger
) -> None:
    """And all of them are kept."""
    hub.store.plenty._most = FEW
    for _ in range(FEW):
        await charger.start()
        await charger.stop()
    assert told(hass) is None
    for _ in range(2):
        await charger.start()
        await charger.stop()
    assert (issue := told(hass)) is not None
    assert issue.severity is ir.IssueSeverity.WARNING
    assert issue.translation_key == "too_many_sessions"
    assert issue.translation_placeholders == {"title": "Garage", "most": "1000"}
    assert len(await hub.store.sessions(station="CP1")) == FEW + 2


async def test_a_day_later_they_are_told_no_more(
    hass: HomeAssistant, hub: OcppHub, garage: HubCharger
) -> None:
    plenty = hub.store.plenty
    for _ in range(1_001):
        plenty.count("CP1")
    assert told(hass) is not None
    for later, is_told in ((A_DAY / 2, True), (A_DAY, False)):
        plenty._clock = lambda by=later, then=plenty._clock: then() + by  # type: ignore[misc]
        now = dt_util.utcnow() + timedelta(seconds=later + 60)
        async_fire_time_changed(hass, now)
        await hass.async_block_till_done()
        assert (told(hass) is not None) is is_told


async def test_nobody_is_told_of_a_charger_that_is_gone(
    hass: HomeAssistant, entry: MockConfigEntry, hub: OcppHub, garage: HubCharger
) -> None:
    for _ in range(1_001):
        hub.store.plenty.count("CP1")
    assert told(hass) is not None
    hass.config_entries.async_remove_subentry(entry, "subentry_CP1")
    await hass.async_block_till_done()
    assert told(hass) is None
    hub.store.plenty.count("CP1")
    assert told(hass) is None


async def test_an_automation_can_not_reserve_without_end(
    hass: HomeAssistant,
    garage: HubCharger,
    charger: Charger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is told why, and the charger is not asked."""
    monkeypatch.setattr(reservation, "MOST", FEW)
    wish = {"device_id": garage.device_id, "id_tag": "CARD1"} | {
        "expiry_date": "2099-01-01T00:00:00Z"
    }

    async def reserve(number: int) -> None:
        await hass.services.async_call(
            DOMAIN,
            "reserve_now",
            wish | {"reservation_id": number},
            blocking=True,
            return_response=True,
        )

    charger.answers["ReserveNow"] = {"status": "Accepted"}
    for number in range(FEW):
        await reserve(number)
    for number in range(FEW, 50):
        with pytest.raises(ServiceValidationError) as refused:
            await reserve(number)
    assert refused.value.translation_key == "too_many_reservations"
    assert refused.value.translation_placeholders == {"charger": "Garage", "most": "3"}
    asked = [it for it in charger.received if it[0] == 2 and it[2] == "ReserveNow"]
    assert len(asked) == FEW
