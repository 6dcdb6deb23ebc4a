"""Local authorization list: the cards that a charger knows by itself."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp.charger import Charger as HubCharger
from tests.conftest import eventually
from tests.simulator import Charger
from tests.test_card_flow import add_card
from tests.test_lists_and_reservations import soon

from .conversation import (
    ANNA,
    BEN,
    BLOCKED,
    EXPIRED,
    act,
    failure,
    found,
    requests,
    settled,
    shown,
)

__all__ = ["soon"]

VERSION = "sensor.garage_card_list_version"
NEW = "0499"
CARDS = [{"idTag": NEW, "idTagInfo": {"status": "Accepted"}}]

pytestmark = pytest.mark.usefixtures("everything")


class TestByHand:
    """People ask for the list, or send one, by an action."""

    @pytest.mark.proves("TC_042_1_CSMS")
    async def test_a_charger_without_a_list_says_so(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        charger.answers["GetLocalListVersion"] = {"listVersion": -1}
        answer = await act(hass, garage, "get_local_list_version")
        assert answer == {"listVersion": -1}
        await settled(hass, charger)
        assert hass.states.get(VERSION) is None

    @pytest.mark.proves("TC_042_2_CSMS")
    async def test_an_empty_list_has_no_version_yet(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        answer = await act(hass, garage, "get_local_list_version")
        assert answer == {"listVersion": 0}
        await eventually(hass, lambda: hass.states.get(VERSION))
        assert shown(hass, VERSION) == "0"

    @pytest.mark.parametrize(
        ("status", "key"),
        [
            pytest.param(
                "NotSupported",
                "not_supported",
                marks=pytest.mark.proves("TC_043_1_CSMS"),
            ),
            pytest.param(
                "Failed", "command_rejected", marks=pytest.mark.proves("TC_043_3_CSMS")
            ),
        ],
    )
    async def test_a_list_that_is_not_taken_is_an_error_and_changes_nothing(
        self,
        hass: HomeAssistant,
        garage: HubCharger,
        charger: Charger,
        status: str,
        key: str,
    ) -> None:
        await act(hass, garage, "get_local_list_version")
        await eventually(hass, lambda: hass.states.get(VERSION))
        charger.answers["SendLocalList"] = {"status": status}
        words = {"status": status} if key == "command_rejected" else {}
        with failure(key, command="SendLocalList", **words):
            await act(
                hass,
                garage,
                "send_local_list",
                list_version=7,
                update_type="full",
                local_authorization_list=CARDS,
            )
        (sent,) = requests(charger, "SendLocalList")
        assert sent["updateType"] == "Full"
        await settled(hass, charger)
        assert shown(hass, VERSION) == "0"


class TestKept:
    """The cards that people have are kept at the charger, where they want that."""

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        """Keep lists."""
        return {"local_list": True}

    @pytest.mark.proves("TC_043_4_CSMS")
    async def test_a_charger_is_sent_all_cards(
        self, hass: HomeAssistant, charger: Charger
    ) -> None:
        await eventually(hass, lambda: hass.states.get(VERSION))
        (sent,) = requests(charger, "SendLocalList")
        assert sent["updateType"] == "Full"
        assert {
            one["idTag"]: one["idTagInfo"]["status"]
            for one in sent["localAuthorizationList"]
        } == {
            ANNA: "Accepted",
            BEN: "Accepted",
            EXPIRED: "Expired",
            BLOCKED: "Blocked",
        }
        await settled(hass, charger)
        assert shown(hass, VERSION) == str(sent["listVersion"])
        assert found(hass, VERSION).attributes["cards"] == 4

    @pytest.mark.proves("TC_043_5_CSMS")
    async def test_a_new_card_is_sent_alone(
        self, hass: HomeAssistant, entry: MockConfigEntry, charger: Charger
    ) -> None:
        await eventually(hass, lambda: hass.states.get(VERSION))
        (full,) = requests(charger, "SendLocalList")
        await add_card(hass, entry, token=NEW)
        await eventually(hass, lambda: found(hass, VERSION).attributes["cards"] == 5)
        _, sent = requests(charger, "SendLocalList")
        assert sent["updateType"] == "Differential"
        assert sent["listVersion"] > full["listVersion"]
        assert sent["localAuthorizationList"] == CARDS
        assert shown(hass, VERSION) == str(sent["listVersion"])
        assert NEW in charger.maintenance.local_list
        await settled(hass, charger)
