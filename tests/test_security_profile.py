"""Moving a charger to another security profile, in Home Assistant."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
import socket
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_RECONFIGURE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import issue_registry as ir
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from websockets.exceptions import InvalidStatus

from custom_components.ocpp import security_profile
from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.const import DOMAIN
from custom_components.ocpp.csms.blocks.security_profile import SecurityProfiles
from custom_components.ocpp.hub import OcppHub
from tests.conftest import eventually
from tests.csms.conftest import prepared
from tests.csms.papers import Elsewhere, key_pem, new_key
from tests.simulator import Charger
from tests.simulator.secure import SecureCharger
from tests.simulator_v2.secure import SecureStation

KINDS = ("ocpp1.6", "ocpp2.0.1", "ocpp2.1")
ISSUE = "charger_not_moved_subentry_CP1"

type Make = Callable[..., Awaitable[Any]]


@pytest.fixture
def options(socket_enabled: None) -> dict[str, Any]:
    """Have an encrypted listener beside the other."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return {"tls_port": tried.getsockname()[1]}


@pytest.fixture(autouse=True)
def loopback() -> Any:
    """Have chargers come in by this machine's own address."""
    with patch.object(security_profile, "async_own_address", return_value="127.0.0.1"):
        yield


@pytest.fixture
async def make(
    hass: HomeAssistant, hub: OcppHub, garage: HubCharger
) -> AsyncIterator[Make]:
    """Return what connects a charger of some version at profile 0."""
    async with AsyncExitStack() as stack:

        async def make(version: str = KINDS[0], **options: Any) -> Any:
            url = f"ws://127.0.0.1:{hub.central.port}"
            peer: SecureCharger | SecureStation
            if version == "ocpp1.6":
                secure = f"wss://127.0.0.1:{hub.central.tls_port}"
                peer = SecureCharger(url, "CP1", secure_url=secure, **options)
            else:
                peer = SecureStation(url, "CP1", version=version, **options)
            await stack.enter_async_context(peer)
            await peer.power_up()
            await prepared(garage.station)
            await peer.settle()
            await hass.async_block_till_done()
            return peer

        yield make


async def act(hass: HomeAssistant, garage: HubCharger, **data: Any) -> Any:
    """Run the action and return its response."""
    return await hass.services.async_call(
        DOMAIN,
        "set_security_profile",
        {"device_id": garage.device_id, **data},
        blocking=True,
        return_response=True,
    )


def kept(entry: MockConfigEntry) -> dict[str, Any]:
    """Return what is kept of the charger."""
    return dict(entry.subentries["subentry_CP1"].data)


class TestAction:
    """The action ends when the charger is back."""

    @pytest.mark.parametrize("version", KINDS)
    async def test_it_returns_what_was_done_and_less_is_refused_from_then_on(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        hub: OcppHub,
        garage: HubCharger,
        make: Make,
        version: str,
    ) -> None:
        peer = await make(version)
        answer = await act(hass, garage, profile=2)
        await hass.async_block_till_done()
        assert answer["status"] == "done"
        assert answer["profile"] == 2
        assert answer["steps"][:2] == ["password", "install_root"]
        await eventually(hass, lambda: "password_hash" in kept(entry))
        assert kept(entry)["security_profile"] == "2"
        assert garage.station.settings.security_profile == 2
        assert garage.station.connected
        await peer.disconnect()
        with pytest.raises(InvalidStatus):
            await Charger(f"ws://127.0.0.1:{hub.central.port}", "CP1").connect()
        await peer.connect()
        answer = await act(hass, garage, profile=3)
        assert "sign_certificate" in answer["steps"]
        await hass.async_block_till_done()
        assert kept(entry)["security_profile"] == "3"
        assert garage.station.connected
        await peer.settle()

    async def test_one_that_never_returns_is_told_of_and_nothing_is_locked(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        hub: OcppHub,
        garage: HubCharger,
        make: Make,
    ) -> None:
        peer = await make(stays_away=True)
        with pytest.raises(HomeAssistantError) as failed:
            await moved_within(hass, garage, 0.1)
        assert failed.value.translation_key == "move_not_returned"
        issues = ir.async_get(hass)
        issue = issues.async_get_issue(DOMAIN, ISSUE)
        assert issue is not None
        assert issue.translation_placeholders == {"title": "Garage", "profile": "2"}
        assert "security_profile" not in kept(entry)
        async with Charger(f"ws://127.0.0.1:{hub.central.port}", "CP1") as back:
            assert (await back.boot())["status"] == "Accepted"
        # The next attempt is another story.
        peer.stays_away = False
        peer.trust.use(0, f"ws://127.0.0.1:{hub.central.port}")
        await peer.connect()
        await act(hass, garage, profile=2)
        await hass.async_block_till_done()
        assert issues.async_get_issue(DOMAIN, ISSUE) is None

    @pytest.mark.parametrize(
        ("version", "action", "key"),
        [
            ("ocpp1.6", "InstallCertificate", "move_install_root"),
            ("ocpp1.6", "CertificateSigned", "move_sign_certificate"),
            ("ocpp1.6", "ChangeConfiguration", "move_change_profile"),
            ("ocpp2.0.1", "SetNetworkProfile", "move_set_connection"),
            ("ocpp2.0.1", "Reset", "move_restart"),
        ],
    )
    async def test_a_refusal_is_told_with_its_step(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        garage: HubCharger,
        make: Make,
        version: str,
        action: str,
        key: str,
    ) -> None:
        peer = await make(version)
        peer.answers[action] = {"status": "Rejected"}
        with pytest.raises(HomeAssistantError) as failed:
            await act(hass, garage, profile=3)
        assert failed.value.translation_key == key
        assert failed.value.translation_placeholders == {
            "charger": "Garage",
            "error": f"{action} was answered Rejected",
        }
        assert "security_profile" not in kept(entry)
        assert ir.async_get(hass).async_get_issue(DOMAIN, ISSUE) is None

    async def test_going_down_is_the_chargers_own_business(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        garage: HubCharger,
        make: Make,
    ) -> None:
        peer = await make()
        await act(hass, garage, profile=3)
        await hass.async_block_till_done()
        await peer.settle()
        with pytest.raises(HomeAssistantError) as failed:
            await act(hass, garage, profile=2)
        assert failed.value.translation_key == "move_down_refused"
        assert kept(entry)["security_profile"] == "3"

    async def test_a_charger_that_is_away_can_not_be_moved(
        self, hass: HomeAssistant, garage: HubCharger
    ) -> None:
        with pytest.raises(ServiceValidationError) as failed:
            await act(hass, garage, profile=2)
        assert failed.value.translation_key == "station_offline"

    @pytest.mark.parametrize(
        "wrong",
        [{"profile": 0}, {"profile": 2, "url": "https://localhost"}, {"profile": 4}],
    )
    async def test_what_is_no_profile_or_no_address_is_not_taken(
        self, hass: HomeAssistant, garage: HubCharger, wrong: dict[str, Any]
    ) -> None:
        with pytest.raises(probatio.Invalid):
            await act(hass, garage, **wrong)

    async def test_the_address_and_the_network_can_be_named(
        self, hass: HomeAssistant, hub: OcppHub, garage: HubCharger, make: Make
    ) -> None:
        peer = await make("ocpp2.0.1")
        url = f"wss://localhost:{hub.central.tls_port}"
        await act(hass, garage, profile=2, url=url, interface="Wireless0")
        slot = peer.state.network_profiles[2]
        assert (slot["ocppCsmsUrl"], slot["ocppInterface"]) == (url, "Wireless0")


async def moved_within(hass: HomeAssistant, garage: HubCharger, seconds: float) -> Any:
    """Move a charger that may be away for less time than people can choose."""
    change = SecurityProfiles.change

    async def quickly(self: Any, target: int, entrance: Any, **_: Any) -> Any:
        return await change(self, target, entrance, patience=seconds)

    with patch.object(SecurityProfiles, "change", quickly):
        return await act(hass, garage, profile=2)


class TestWithoutEncryption:
    """There is nothing to move to but a password."""

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        """Listen without encryption only."""
        return {}

    async def test_people_are_told_to_turn_it_on_first(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        with pytest.raises(ServiceValidationError) as failed:
            await act(hass, garage, profile=2)
        assert failed.value.translation_key == "move_no_encryption"

    async def test_changing_a_charger_asks_for_nothing_else(
        self, hass: HomeAssistant, entry: MockConfigEntry
    ) -> None:
        form = await entry.start_subentry_reconfigure_flow(hass, "subentry_CP1")
        assert form["step_id"] == "reconfigure"


class TestFlow:
    """The same, step by step, from the charger's own menu."""

    async def choose(self, hass: HomeAssistant, entry: MockConfigEntry) -> Any:
        """Choose moving from the menu; return the form."""
        flows = hass.config_entries.subentries
        menu = await flows.async_init(
            (entry.entry_id, "charger"),
            context={"source": SOURCE_RECONFIGURE, "subentry_id": "subentry_CP1"},
        )
        assert menu["type"] is FlowResultType.MENU
        assert menu["menu_options"] == ["settings", "security_profile"]
        form: Any = await flows.async_configure(
            menu["flow_id"], {"next_step_id": "security_profile"}
        )
        return form

    @pytest.mark.parametrize("version", KINDS)
    async def test_it_shows_what_is_being_done_and_how_it_ended(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        hub: OcppHub,
        garage: HubCharger,
        make: Make,
        version: str,
    ) -> None:
        await make(version)
        flows = hass.config_entries.subentries
        form = await self.choose(hass, entry)
        assert form["description_placeholders"] == {
            "charger": "Garage",
            "url": f"wss://127.0.0.1:{hub.central.tls_port}/",
        }
        wrong = {"security_profile": "3", "url": "localhost"}
        form = await flows.async_configure(form["flow_id"], wrong)
        assert form["errors"] == {"url": "invalid_charger_url"}
        shown = await flows.async_configure(form["flow_id"], {"security_profile": "3"})
        told = []
        while shown["type"] is FlowResultType.SHOW_PROGRESS:
            told.append(shown["progress_action"])
            await hass.async_block_till_done(wait_background_tasks=True)
            shown = await flows.async_configure(form["flow_id"])
        assert shown["type"] is FlowResultType.ABORT
        assert shown["reason"] == "moved"
        assert told
        assert kept(entry)["security_profile"] == "3"

    async def test_it_tells_why_not(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        make: Make,
    ) -> None:
        peer = await make()
        peer.answers["InstallCertificate"] = {"status": "Rejected"}
        flows = hass.config_entries.subentries
        form = await self.choose(hass, entry)
        shown = await flows.async_configure(form["flow_id"], {"security_profile": "3"})
        while shown["type"] is FlowResultType.SHOW_PROGRESS:
            await hass.async_block_till_done(wait_background_tasks=True)
            shown = await flows.async_configure(form["flow_id"])
        assert shown["reason"] == "move_install_root"
        assert shown["description_placeholders"]["charger"] == "Garage"

    async def test_the_settings_are_behind_the_menu(
        self, hass: HomeAssistant, entry: MockConfigEntry
    ) -> None:
        menu = await entry.start_subentry_reconfigure_flow(hass, "subentry_CP1")
        flows = hass.config_entries.subentries
        form = await flows.async_configure(
            menu["flow_id"], {"next_step_id": "settings"}
        )
        assert form["type"] is FlowResultType.FORM
        assert form["step_id"] == "reconfigure"
        done = await flows.async_configure(
            form["flow_id"],
            {"name": "Drive", "maximum_current": 16, "security_profile": "0"},
        )
        assert done["reason"] == "reconfigure_successful"


@pytest.mark.parametrize("whole", [True, False])
async def test_of_own_files_the_root_is_installed_where_they_have_it(
    hass: HomeAssistant, hub: OcppHub, tmp_path: Any, whole: bool
) -> None:
    elsewhere, key = Elsewhere(), new_key()
    chain = tmp_path / "own.pem"
    issued = elsewhere.issue(key, "localhost", hosts=("localhost",))
    chain.write_bytes(issued + (elsewhere.pem() if whole else b""))
    (tmp_path / "own.key").write_bytes(key_pem(key))
    tls = hub.central.tls
    assert tls is not None
    settings = type(tls.settings)(
        port=1, certificate=chain, key=tmp_path / "own.key", organisation="Elsewhere"
    )
    with patch.object(tls, "settings", settings):
        entrance = await security_profile.async_entrance(hass, hub.central, 2)
    assert entrance.root == (elsewhere.pem().decode() if whole else "")
    assert entrance.organisation == "Elsewhere"
