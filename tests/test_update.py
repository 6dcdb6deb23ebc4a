"""The firmware of a charger, and how far a new one is."""

from typing import Any

from homeassistant.components.update import UpdateEntityFeature
from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.csms.blocks.firmware import STATUSES
from tests.simulator import CallError, Charger

from .conftest import charger_subentry, eventually, ready
from .test_translations import at

ENTITY = "update.garage_firmware"
URL = "ftp://user:Sesame42@192.0.2.20/new/wallbox%202.0.bin"


@pytest.fixture
def url() -> str:
    """Return the address that people entered."""
    return URL


@pytest.fixture
def subentries(url: str) -> list[ConfigSubentryDataWithId]:
    """Have a charger with an address of new firmware."""
    return [charger_subentry(firmware_url=url)]


def shown(hass: HomeAssistant) -> State:
    """Return what the entity shows."""
    found = hass.states.get(ENTITY)
    assert found is not None
    return found


def progress(hass: HomeAssistant) -> tuple[bool, str | None, str]:
    """Return whether it is at it, how far, and which version it has."""
    attributes = shown(hass).attributes
    return (
        attributes["in_progress"],
        attributes["status"],
        attributes["installed_version"],
    )


async def install(hass: HomeAssistant) -> None:
    """Install it as a person does."""
    await hass.services.async_call(
        "update", "install", {"entity_id": ENTITY}, blocking=True
    )


async def report(hass: HomeAssistant, charger: Charger, status: str) -> None:
    """Have the charger say how far it is."""
    await charger.call("FirmwareStatusNotification", {"status": status})
    await hass.async_block_till_done()


async def settled(hass: HomeAssistant, charger: Charger) -> None:
    """Wait until everything that the charger sent is shown."""
    await charger.settle()
    await hass.async_block_till_done()


class TestWithoutAnAddress:
    """Nobody said where there is something new."""

    @pytest.fixture
    def url(self) -> str:
        """Have none."""
        return ""

    async def test_it_shows_the_version_and_offers_nothing(
        self, hass: HomeAssistant, charger: Charger
    ) -> None:
        found = shown(hass)
        assert found.state == "off"
        assert found.attributes["installed_version"] == "1.0.0"
        assert found.attributes["latest_version"] == "1.0.0"
        assert found.attributes["supported_features"] == UpdateEntityFeature.PROGRESS

    async def test_an_address_offers_it_at_once(
        self, hass: HomeAssistant, entry: MockConfigEntry, charger: Charger
    ) -> None:
        subentry = entry.subentries["subentry_CP1"]
        hass.config_entries.async_update_subentry(
            entry, subentry, data={**subentry.data, "firmware_url": URL}
        )
        await eventually(hass, lambda: shown(hass).state == "on")
        assert shown(hass).attributes["latest_version"] == "wallbox 2.0.bin"

    async def test_an_update_by_action_shows_its_progress(
        self, hass: HomeAssistant, charger: Charger, garage: HubCharger
    ) -> None:
        charger.answers["UpdateFirmware"] = {}
        await hass.services.async_call(
            "ocpp",
            "update_firmware",
            {
                "device_id": garage.device_id,
                "location": URL,
                "retrieve_date": "2026-10-20T08:00:00Z",
            },
            blocking=True,
        )
        await report(hass, charger, "Downloading")
        assert progress(hass) == (True, "downloading", "1.0.0")

    async def test_a_charger_that_does_not_tell_its_version(
        self, hass: HomeAssistant, connect: Any
    ) -> None:
        charger = await connect(firmware=None)
        await charger.power_up()
        await ready(hass, charger)
        assert shown(hass).state == "unknown"


async def test_it_goes_as_far_as_the_charger_says(
    hass: HomeAssistant, charger: Charger
) -> None:
    charger.answers["UpdateFirmware"] = {}
    assert shown(hass).state == "on"
    await install(hass)
    sent = await charger.wait_for_call("UpdateFirmware")
    assert sent["location"] == URL
    # That it agreed is no progress.
    assert progress(hass) == (False, None, "1.0.0")
    for status, busy in (
        ("Downloading", True),
        ("Downloaded", True),
        ("Installing", True),
        ("Installed", False),
    ):
        await report(hass, charger, status)
        assert progress(hass) == (busy, status.lower(), "1.0.0")
    assert shown(hass).state == "off"

    # Which version it has now only its next boot tells.
    charger.boot_fields["firmwareVersion"] = "2.0"
    await charger.boot()
    await hass.async_block_till_done()
    assert progress(hass) == (False, "installed", "2.0")
    assert shown(hass).state == "off"
    assert shown(hass).attributes["latest_version"] == "2.0"
    assert charger.violations == []


@pytest.mark.parametrize(
    "status", ["DownloadFailed", "InstallationFailed"], ids=["download", "install"]
)
async def test_a_failure_is_told_with_its_reason_and_can_be_tried_again(
    hass: HomeAssistant, charger: Charger, status: str
) -> None:
    charger.answers["UpdateFirmware"] = {}
    await install(hass)
    await report(hass, charger, "Downloading")
    with pytest.raises(HomeAssistantError):
        await install(hass)
    await report(hass, charger, status)
    slug = {
        "DownloadFailed": "download_failed",
        "InstallationFailed": "installation_failed",
    }[status]
    assert progress(hass) == (False, slug, "1.0.0")
    assert shown(hass).state == "on"
    # Whoever is asked now does nothing, which is no other end.
    await report(hass, charger, "Idle")
    assert progress(hass) == (False, slug, "1.0.0")
    await install(hass)
    assert progress(hass) == (False, None, "1.0.0")


async def test_a_charger_that_starts_before_it_answers(
    hass: HomeAssistant, charger: Charger
) -> None:
    async def answer(_: dict[str, Any]) -> dict[str, Any]:
        await charger.call("FirmwareStatusNotification", {"status": "Downloading"})
        return {}

    charger.answers["UpdateFirmware"] = answer
    await install(hass)
    assert progress(hass) == (True, "downloading", "1.0.0")
    await report(hass, charger, "Installed")
    assert shown(hass).state == "off"


async def test_a_charger_that_does_not_want_to(
    hass: HomeAssistant, charger: Charger
) -> None:
    charger.answers["UpdateFirmware"] = CallError("NotSupported")
    with pytest.raises(ServiceValidationError) as error:
        await install(hass)
    assert error.value.translation_key == "not_supported"
    assert shown(hass).state == "on"
    assert progress(hass) == (False, None, "1.0.0")


async def test_home_assistant_restarts_in_the_middle(
    hass: HomeAssistant, entry: MockConfigEntry, charger: Charger
) -> None:
    charger.answers["UpdateFirmware"] = {}
    await install(hass)
    await report(hass, charger, "Installing")
    charger.maintenance.firmware = "Installing"
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    charger.url = f"ws://127.0.0.1:{entry.runtime_data.central.port}/CP1"
    await charger.connect()
    charger.received.clear()
    # It is asked how far it is, since it may have ended meanwhile.
    while (await charger.wait_for_call("TriggerMessage"))["requestedMessage"] != (
        "FirmwareStatusNotification"
    ):
        pass
    await settled(hass, charger)
    assert progress(hass) == (True, "installing", "1.0.0")
    charger.boot_fields["firmwareVersion"] = "2.0"
    await charger.boot()
    await report(hass, charger, "Installed")
    assert progress(hass) == (False, "installed", "2.0")
    assert shown(hass).state == "off"


async def test_a_restarted_charger_that_cannot_be_asked_is_not_at_it(
    hass: HomeAssistant, charger: Charger
) -> None:
    charger.answers["UpdateFirmware"] = {}
    await install(hass)
    await report(hass, charger, "Installing")
    charger.answers["TriggerMessage"] = {"status": "NotImplemented"}
    await charger.boot()
    await eventually(hass, lambda: progress(hass) == (False, None, "1.0.0"))
    # It did not say that it worked, either.
    assert shown(hass).state == "on"


async def test_the_address_is_shown_nowhere(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    charger: Charger,
    garage: HubCharger,
    hass_client: ClientSessionGenerator,
) -> None:
    await install(hass)
    await settled(hass, charger)
    found = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    kept = garage.station.firmware.facts()
    for where in (found, shown(hass).attributes, kept):
        assert "Sesame42" not in str(where)
        assert "192.0.2.20" not in str(where)


def test_every_status_is_translated() -> None:
    words = at("entity.update.firmware.state_attributes.status.state")
    assert set(words) == set(STATUSES.values())
