"""D: cards that a station knows itself."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.simulator_v2 import Station

from .conversation import ANNA, BEN, act, failure, requests, settled, shown, token

VERSION = "sensor.garage_card_list_version"
ACCEPTED = {"status": "Accepted"}


def entries(*cards: str, known: bool = True) -> list[dict[str, Any]]:
    """Return what a list has for cards; those that are not known are taken out."""
    info = {"idTokenInfo": ACCEPTED} if known else {}
    return [{"idToken": token(card), **info} for card in cards]


@pytest.mark.parametrize(
    ("update", "sent", "left"),
    [
        pytest.param(
            "full",
            entries(BEN),
            {BEN},
            marks=pytest.mark.proves("TC_D_01_CSMS", ocpp="2.0.1"),
            id="full",
        ),
        pytest.param(
            "differential",
            entries(BEN),
            {ANNA.casefold(), BEN},
            marks=pytest.mark.proves("TC_D_02_CSMS", ocpp="2.0.1"),
            id="update",
        ),
        pytest.param(
            "differential",
            entries(ANNA, known=False),
            set(),
            marks=pytest.mark.proves("TC_D_03_CSMS", ocpp="2.0.1"),
            id="remove",
        ),
        pytest.param(
            "full",
            None,
            set(),
            marks=pytest.mark.proves("TC_D_04_CSMS", ocpp="2.0.1"),
            id="empty",
        ),
    ],
)
async def test_a_list_is_sent(
    hass: HomeAssistant,
    everything: None,
    garage: HubCharger,
    two: Station,
    update: str,
    sent: list[dict[str, Any]] | None,
    left: set[str],
) -> None:
    await act(
        hass,
        garage,
        "send_local_list",
        version_number=4,
        update_type="full",
        local_authorization_list=entries(ANNA),
    )
    fields = {} if sent is None else {"local_authorization_list": sent}
    answer = await act(
        hass, garage, "send_local_list", version_number=5, update_type=update, **fields
    )
    assert answer == ACCEPTED
    request = requests(two, "SendLocalList")[-1]
    assert request["updateType"] == update.capitalize()
    assert request["versionNumber"] == 5
    assert request.get("localAuthorizationList") == sent
    assert set(two.state.local_list) == left
    await settled(hass, two)
    assert shown(hass, VERSION) == "5"


@pytest.mark.parametrize("status", ["Failed", "VersionMismatch"])
@pytest.mark.proves("D01", ocpp="2.0.1")
async def test_a_list_that_is_not_taken_is_an_error(
    hass: HomeAssistant, garage: HubCharger, two: Station, status: str
) -> None:
    two.answers["SendLocalList"] = {"status": status}
    with failure("command_rejected", command="SendLocalList", status=status):
        await act(
            hass,
            garage,
            "send_local_list",
            version_number=1,
            update_type="differential",
            local_authorization_list=entries(ANNA),
        )


@pytest.mark.parametrize(
    "version",
    [
        pytest.param(7, marks=pytest.mark.proves("TC_D_08_CSMS", ocpp="2.0.1")),
        pytest.param(0, marks=pytest.mark.proves("TC_D_09_CSMS", ocpp="2.0.1")),
    ],
)
async def test_people_ask_which_list_a_station_has(
    hass: HomeAssistant,
    everything: None,
    garage: HubCharger,
    two: Station,
    version: int,
) -> None:
    two.state.local_list_version = version
    answer = await act(hass, garage, "get_local_list_version")
    assert answer == {"versionNumber": version}
    await settled(hass, two)
    assert shown(hass, VERSION) == str(version)
