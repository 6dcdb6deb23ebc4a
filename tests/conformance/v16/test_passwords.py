"""Security: HTTP Basic authentication, and another password for it."""

from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
import pytest
from websockets.exceptions import InvalidStatus

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.csms.passwords import hash_of
from tests.conftest import Connect, charger_subentry

from .conversation import act

PASSWORD = "0123456789abcdefghij"


@pytest.fixture
def subentries() -> list[ConfigSubentryDataWithId]:
    """Return a charger that has to show a password."""
    return [charger_subentry(password_hash=hash_of(PASSWORD.encode()))]


@pytest.mark.proves("TC_085_CSMS")
async def test_a_charger_with_the_right_password_is_accepted(
    garage: HubCharger, connect: Connect
) -> None:
    """And none without it."""
    for wrong in (None, PASSWORD[:-1]):
        with pytest.raises(InvalidStatus) as refused:
            await connect(password=wrong)
        assert refused.value.response.status_code == 401
    charger = await connect(password=PASSWORD)
    assert (await charger.boot())["status"] == "Accepted"


@pytest.mark.proves("TC_073_CSMS")
async def test_people_give_a_charger_another_password(
    hass: HomeAssistant, garage: HubCharger, connect: Connect
) -> None:
    """It connects with that from then on, and can't with the old one any more."""
    charger = await connect(password=PASSWORD)
    await charger.power_up()
    charger.answers["ChangeConfiguration"] = {"status": "Accepted"}
    answer = await act(hass, garage, "update_password")
    assert answer["status"] == "Accepted"
    keys = [
        frame[3]
        for frame in charger.received
        if frame[0] == 2 and frame[2] == "ChangeConfiguration"
    ]
    digits = answer["password"].encode().hex().upper()
    assert keys[-1] == {"key": "AuthorizationKey", "value": digits}
    await charger.disconnect()
    with pytest.raises(InvalidStatus):
        await connect(password=PASSWORD)
    again = await connect(password=answer["password"])
    assert (await again.boot())["status"] == "Accepted"
