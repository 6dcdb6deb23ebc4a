"""Encryption in Home Assistant: the form about it, setting up, and what people are told."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
import os
from pathlib import Path
import socket
import ssl
from typing import Any, cast

from homeassistant.components.repairs.const import DOMAIN as REPAIRS
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.ocpp import async_remove_entry
from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.const import DOMAIN
from custom_components.ocpp.csms.authority import Authority, making
from custom_components.ocpp.csms.blocks.security import OwnCertificate
from custom_components.ocpp.csms.model import StationSettings
from custom_components.ocpp.diagnostics import async_get_config_entry_diagnostics
from custom_components.ocpp.hub import OcppHub
from custom_components.ocpp.repairs import RenewalFlow, async_create_fix_flow
from tests.conftest import eventually
from tests.csms.papers import Elsewhere, client_context, key_pem, new_key, request
from tests.simulator import Charger
from tests.simulator_v2 import Station as Two
from tests.simulator_v2.secure import SecureStation

CHOSEN = {"allow_plain": True, "tls_old_versions": False}


@pytest.fixture
def free_port(socket_enabled: None) -> int:
    """Return a port that nobody uses."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


async def choose(
    hass: HomeAssistant, entry: MockConfigEntry, **chosen: Any
) -> dict[str, Any]:
    """Fill in the form about encryption."""
    form: Any = await hass.config_entries.options.async_init(entry.entry_id)
    form = await hass.config_entries.options.async_configure(
        form["flow_id"], {"next_step_id": "security"}
    )
    assert form["type"] is FlowResultType.FORM
    assert form["description_placeholders"]["root"].endswith("ocpp/root.pem")
    result: Any = await hass.config_entries.options.async_configure(
        form["flow_id"], CHOSEN | chosen
    )
    await hass.async_block_till_done()
    return dict(result)


def hub_of(entry: MockConfigEntry) -> OcppHub:
    """Return the hub that the entry has now."""
    hub: OcppHub = entry.runtime_data
    return hub


def context(entry: MockConfigEntry, folder: Path, *shown: Any) -> ssl.SSLContext:
    """Return how a charger that has our root connects."""
    tls = hub_of(entry).central.tls
    assert tls is not None
    return client_context(tls.authority.root_file, folder, *shown)


def own_pair(folder: Path, **options: Any) -> dict[str, str]:
    """Return the names of files of somebody's own, from the configuration directory on."""
    key = new_key()
    issued = Elsewhere().issue(key, "localhost", hosts=("localhost",), **options)
    (folder / "own.pem").write_bytes(issued)
    (folder / "own.key").write_bytes(key_pem(key))
    return {"tls_certificate": "own.pem", "tls_key": "own.key"}


class TestForm:
    """What people choose, and what is wrong with it."""

    async def test_a_port_is_all_it_takes(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        free_port: int,
        tmp_path: Path,
    ) -> None:
        """Certificates are made, and chargers that trust the root connect."""
        result = await choose(hass, entry, tls_port=free_port)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert entry.state is ConfigEntryState.LOADED
        assert entry.options == CHOSEN | {"tls_port": free_port}
        url = f"wss://localhost:{free_port}"
        async with Charger(url, "CP1", tls=context(entry, tmp_path)) as charger:
            assert (await charger.boot())["status"] == "Accepted"
        assert (tmp_path / "ocpp" / "root.pem").exists()
        # The other listener is there as well.
        plain = f"ws://127.0.0.1:{hub_of(entry).central.port}"
        async with Charger(plain, "CP1") as charger:
            assert (await charger.boot())["status"] == "Accepted"

    @pytest.mark.parametrize(
        ("chosen", "errors"),
        [
            ({"allow_plain": False}, {"allow_plain": "no_listener"}),
            ({"tls_key": "own.key"}, {"tls_certificate": "certificate_missing"}),
            ({"tls_certificate": "own.pem"}, {"tls_key": "key_missing"}),
            (
                {"tls_certificate": "none.pem", "tls_key": "own.key"},
                {"tls_certificate": "unreadable_file"},
            ),
            (
                {"tls_certificate": "own.key", "tls_key": "own.key"},
                {"tls_certificate": "invalid_certificate"},
            ),
            (
                {"tls_certificate": "own.pem", "tls_key": "own.pem"},
                {"tls_key": "invalid_key"},
            ),
            (
                {
                    "tls_certificate": "own.pem",
                    "tls_key": "own.key",
                    "tls_key_rsa": "own.key",
                },
                {"tls_certificate_rsa": "certificate_missing"},
            ),
            (
                {
                    "tls_certificate": "own.pem",
                    "tls_key": "own.key",
                    "tls_certificate_rsa": "own.pem",
                    "tls_key_rsa": "other.key",
                },
                {"tls_key_rsa": "key_mismatch"},
            ),
            ({"tls_client_ca": "own.key"}, {"tls_client_ca": "invalid_certificate"}),
            (
                {"tls_client_ca": "own.pem"},
                {"tls_organisation": "organisation_missing"},
            ),
        ],
    )
    async def test_what_can_not_work_is_told(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        hub: OcppHub,
        free_port: int,
        tmp_path: Path,
        chosen: dict[str, Any],
        errors: dict[str, str],
    ) -> None:
        own_pair(tmp_path)
        (tmp_path / "other.key").write_bytes(key_pem(new_key()))
        if chosen != {"allow_plain": False}:
            chosen["tls_port"] = free_port
        result = await choose(hass, entry, **chosen)
        assert result["errors"] == errors
        assert entry.runtime_data is hub

    async def test_one_that_is_over_is_not_taken(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        free_port: int,
        tmp_path: Path,
    ) -> None:
        over = own_pair(tmp_path, holds=timedelta(days=-1))
        result = await choose(hass, entry, tls_port=free_port, **over)
        assert result["errors"] == {"tls_certificate": "certificate_expired"}

    async def test_a_key_with_a_password_is_not_taken(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        free_port: int,
        tmp_path: Path,
    ) -> None:
        own = own_pair(tmp_path)
        (tmp_path / "own.key").write_bytes(key_pem(new_key(), b"password"))
        result = await choose(hass, entry, tls_port=free_port, **own)
        assert result["errors"] == {"tls_key": "encrypted_key"}

    async def test_a_port_that_is_used_is_not_taken(
        self, hass: HomeAssistant, entry: MockConfigEntry, free_port: int
    ) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", free_port))
            other.listen()
            result = await choose(hass, entry, tls_port=free_port)
            assert result["errors"] == {"tls_port": "address_in_use"}
        hass.config_entries.async_update_entry(
            entry, data={"host": "127.0.0.1", "port": free_port}
        )
        await hass.async_block_till_done()
        result = await choose(hass, entry, tls_port=free_port)
        assert result["errors"] == {"tls_port": "same_port"}

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may use any port")
    async def test_a_port_that_is_not_allowed_is_not_taken(
        self, hass: HomeAssistant, entry: MockConfigEntry
    ) -> None:
        result = await choose(hass, entry, tls_port=1)
        assert result["errors"] == {"tls_port": "port_not_allowed"}


class TestCharger:
    """What a charger has to offer."""

    async def change(
        self, hass: HomeAssistant, entry: MockConfigEntry, profile: str
    ) -> dict[str, Any]:
        """Fill in the form of the charger."""
        result: Any = await entry.start_subentry_reconfigure_flow(hass, "subentry_CP1")
        if result["type"] is FlowResultType.MENU:
            result = await hass.config_entries.subentries.async_configure(
                result["flow_id"], {"next_step_id": "settings"}
            )
        result = await hass.config_entries.subentries.async_configure(
            result["flow_id"],
            {
                "name": "Garage",
                "maximum_current": 32,
                "phases": "3",
                "registration": "accepted",
                "security_profile": profile,
            },
        )
        await hass.async_block_till_done()
        return dict(result)

    async def test_nothing_is_asked_for_that_nobody_can_offer(
        self, hass: HomeAssistant, entry: MockConfigEntry
    ) -> None:
        result = await self.change(hass, entry, "2")
        assert result["errors"] == {"security_profile": "not_encrypted"}

    async def test_raising_it_closes_the_door_below(
        self, hass: HomeAssistant, entry: MockConfigEntry, free_port: int
    ) -> None:
        """And while it holds, the other door can't be taken away."""
        await choose(hass, entry, tls_port=free_port)
        hub = hub_of(entry)
        async with Charger(f"ws://127.0.0.1:{hub.central.port}", "CP1") as charger:
            await charger.boot()
            station = hub.chargers["CP1"].station
            assert station.connected
            result = await self.change(hass, entry, "3")
            assert result["reason"] == "reconfigure_successful"
            assert station.settings.security_profile == 3
            await eventually(hass, lambda: not station.connected)
        result = await choose(hass, entry)
        assert result["errors"] == {"tls_port": "encryption_needed"}
        diagnostics = await async_get_config_entry_diagnostics(hass, entry)
        assert diagnostics["certificate_expires"] is not None
        assert "PRIVATE" not in str(diagnostics)


class TestSettingUp:
    """Nothing listens with files that can't be used."""

    async def fails(
        self, hass: HomeAssistant, entry: MockConfigEntry, **options: Any
    ) -> ConfigEntryState:
        """Return how an entry that has other options is set up."""
        hass.config_entries.async_update_entry(entry, options=options)
        await hass.async_block_till_done()
        return entry.state

    async def test_a_file_that_is_gone_is_named(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        free_port: int,
        tmp_path: Path,
    ) -> None:
        state = await self.fails(
            hass,
            entry,
            tls_port=free_port,
            tls_certificate="gone.pem",
            tls_key="no.key",
        )
        assert state is ConfigEntryState.SETUP_ERROR
        assert entry.error_reason_translation_key == "tls_file_unusable"
        assert entry.error_reason_translation_placeholders == {
            "path": str(tmp_path / "gone.pem")
        }

    async def test_a_root_that_is_damaged_is_not_replaced(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        free_port: int,
        tmp_path: Path,
    ) -> None:
        """Chargers that trust it would not trust another."""
        (tmp_path / "ocpp").mkdir()
        (tmp_path / "ocpp" / "root.key").write_text("damaged")
        state = await self.fails(hass, entry, tls_port=free_port)
        assert state is ConfigEntryState.SETUP_ERROR
        assert entry.error_reason_translation_key == "authority_unusable"
        assert entry.error_reason_translation_placeholders == {"file": "root.key"}
        assert (tmp_path / "ocpp" / "root.key").read_text() == "damaged"

    async def test_a_port_that_is_taken_is_the_one_that_is_named(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        free_port: int,
        issue_registry: ir.IssueRegistry,
    ) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", free_port))
            other.listen()
            state = await self.fails(hass, entry, tls_port=free_port)
        assert state is ConfigEntryState.SETUP_RETRY
        issue = issue_registry.async_get_issue(
            DOMAIN, "port_unavailable_central_system"
        )
        assert issue is not None
        assert issue.translation_placeholders is not None
        assert issue.translation_placeholders["port"] == str(free_port)


class TestTold:
    """What people are told under repairs, and no more once it is mended."""

    @pytest.fixture
    def told(self, issue_registry: ir.IssueRegistry) -> Callable[[], set[str]]:
        """Return what there is to repair, by what it is about."""
        return lambda: {
            issue.translation_key or ""
            for (domain, _), issue in issue_registry.issues.items()
            if domain == DOMAIN and issue.active
        }

    async def test_outdated_encryption(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        free_port: int,
        told: Callable[[], set[str]],
    ) -> None:
        await choose(hass, entry, tls_port=free_port, tls_old_versions=True)
        assert told() == {"tls_old_versions"}
        await choose(hass, entry, tls_port=free_port)
        assert told() == set()
        await choose(hass, entry, tls_port=free_port, tls_old_versions=True)
        await choose(hass, entry)
        assert told() == set()
        await choose(hass, entry, tls_port=free_port, tls_old_versions=True)
        await async_remove_entry(hass, entry)
        assert told() == set()

    async def test_files_that_are_soon_over_or_break(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        free_port: int,
        tmp_path: Path,
        told: Callable[[], set[str]],
    ) -> None:
        soon = own_pair(tmp_path, holds=timedelta(days=29))
        await choose(hass, entry, tls_port=free_port, **soon)
        assert told() == {"tls_certificate_expires"}
        hub = hub_of(entry)

        async def half_a_day() -> None:
            async_fire_time_changed(hass, dt_util.utcnow() + timedelta(hours=13))
            await hass.async_block_till_done(wait_background_tasks=True)

        own_pair(tmp_path, holds=timedelta(days=60))
        await half_a_day()
        assert told() == set()
        assert entry.runtime_data is hub
        (tmp_path / "own.key").write_text("half")
        await half_a_day()
        assert told() == {"tls_file_unusable"}
        own_pair(tmp_path, holds=timedelta(days=60))
        await half_a_day()
        assert told() == set()

    async def test_the_certificate_of_a_charger(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        free_port: int,
        tmp_path: Path,
        told: Callable[[], set[str]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """It is shown from when it is known; people are told where it is needed."""
        await choose(hass, entry, tls_port=free_port)
        hub = hub_of(entry)
        charger: HubCharger = hub.chargers["CP1"]
        tls = hub.central.tls
        assert tls is not None
        key = new_key()
        monkeypatch.setattr(making, "STATION_HOLDS", timedelta(days=20))
        chain = await asyncio.to_thread(
            tls.authority.sign, request(key), station="CP1", names=["CP1"]
        )
        charger.station.apply_settings(StationSettings(security_profile=3))
        two = Two(
            f"wss://localhost:{free_port}",
            "CP1",
            tls=context(entry, tmp_path, chain, key),
        )
        async with two:
            await two.boot()
            await eventually(
                hass, lambda: hass.states.get("sensor.garage_certificate_expires")
            )
            shown = hass.states.get("sensor.garage_certificate_expires")
            assert shown is not None
            expires = dt_util.parse_datetime(shown.state)
            assert expires is not None
            assert timedelta(days=19) < expires - dt_util.utcnow() < timedelta(days=20)
            assert told() == {"charger_certificate_expires"}
            charger.station.apply_settings(StationSettings())
            assert told() == set()
        entities = er.async_get(hass)
        assert entities.async_get("sensor.garage_certificate_expires") is not None

    async def test_a_certificate_of_a_charger_that_is_over(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        free_port: int,
        told: Callable[[], set[str]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """People let it in by what they are told, and are told no more once it is back."""
        await choose(hass, entry, tls_port=free_port)
        hub = hub_of(entry)
        station = hub.chargers["CP1"].station
        tls = hub.central.tls
        assert tls is not None
        two = SecureStation(f"wss://localhost:{free_port}", "CP1")
        two.state.network_profiles[1]["securityProfile"] = 3
        two.trust.install(tls.authority.root_file.read_text())
        over = await asyncio.to_thread(expire, tls.authority, two, monkeypatch)
        subentry = entry.subentries["subentry_CP1"]
        hass.config_entries.async_update_subentry(
            entry, subentry, data={**subentry.data, "security_profile": "3"}
        )
        await hass.async_block_till_done()
        station.security.certificate = over
        station.apply_settings(station.settings)
        assert told() == {"charger_certificate_over"}
        with pytest.raises(ConnectionError):
            await two.connect()
        assert await async_setup_component(hass, REPAIRS, {})
        await hass.async_block_till_done()
        flows = hass.data[REPAIRS]["flow_manager"]
        issue = "charger_certificate_over_subentry_CP1"
        form = await flows.async_init(DOMAIN, data={"issue_id": issue})
        assert form["step_id"] == "confirm"
        assert set(form["description_placeholders"]) == {"title", "date"}
        gone = await async_create_fix_flow(hass, issue, {"subentry_id": "another"})
        gone.hass, gone.issue_id = hass, issue
        late: Any = await gone.async_step_init()
        assert late["type"] is FlowResultType.FORM
        late = await cast("RenewalFlow", gone).async_step_confirm({})
        assert late["reason"] == "gone"
        done = await flows.async_configure(form["flow_id"], {})
        assert done["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done()
        assert entry.subentries["subentry_CP1"].data["renew_expired"] is True
        assert station.settings.renew_expired
        # People are told as long as the charger is out.
        assert told() == {"charger_certificate_renewing"}
        late = await cast("RenewalFlow", gone).async_step_confirm({})
        assert late["reason"] == "gone"
        async with two:
            assert (await two.boot())["status"] == "Pending"
            await two.wait_for_call("CertificateSigned")
            await eventually(hass, lambda: not station.connected)
            await two.disconnect()
            assert told() == set()
            await two.connect()
            assert (await two.boot())["status"] == "Accepted"
        assert hub_of(entry) is hub

    async def test_a_charger_that_is_awaited_for_a_new_certificate(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        told: Callable[[], set[str]],
    ) -> None:
        station = hub_of(entry).chargers["CP1"].station
        over = dt_util.utcnow() - timedelta(days=3)
        station.security.certificate = OwnCertificate(
            serial="1f", expires=over, ours=True
        )
        station.apply_settings(StationSettings(security_profile=3, renew_expired=True))
        assert told() == {"charger_certificate_renewing"}
        station.security.certificate = OwnCertificate(
            serial="1f", expires=over, ours=False
        )
        station.apply_settings(StationSettings(security_profile=3))
        assert told() == {"charger_certificate_expires"}

    async def test_a_certificate_is_told_of_no_more_once_that_is_not_so(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        told: Callable[[], set[str]],
    ) -> None:
        station = hub_of(entry).chargers["CP1"].station
        strict = StationSettings(security_profile=3)
        renews = StationSettings(security_profile=3, renew_expired=True)
        over, holds = (
            OwnCertificate(serial="1f", expires=dt_util.utcnow() + since, ours=True)
            for since in (timedelta(days=-3), timedelta(days=300))
        )
        for settings, key in (
            (strict, "charger_certificate_over"),
            (renews, "charger_certificate_renewing"),
        ):
            station.security.certificate = over
            station.apply_settings(settings)
            assert told() == {key}
            station.apply_settings(StationSettings())
            assert told() == set()
            station.apply_settings(settings)
            assert told() == {key}
            station.security.certificate = holds
            station.apply_settings(settings)
            assert told() == set()
        station.security.certificate = over
        station.apply_settings(renews)
        station.apply_settings(strict)
        assert told() == {"charger_certificate_over"}
        station.apply_settings(renews)
        hass.config_entries.async_remove_subentry(entry, "subentry_CP1")
        await hass.async_block_till_done()
        assert told() == set()

    async def test_a_charger_that_only_gets_a_new_certificate_is_away(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        free_port: int,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Nothing is shown or offered until it is back with that."""
        await choose(hass, entry, tls_port=free_port)
        hub = hub_of(entry)
        station = hub.chargers["CP1"].station
        tls = hub.central.tls
        assert tls is not None
        station.apply_settings(StationSettings(security_profile=3, renew_expired=True))
        two = SecureStation(f"wss://localhost:{free_port}", "CP1")
        two.state.network_profiles[1]["securityProfile"] = 3
        two.trust.install(tls.authority.root_file.read_text())
        await asyncio.to_thread(expire, tls.authority, two, monkeypatch)
        may_take = asyncio.Event()

        async def later(_: Any) -> dict[str, str]:
            await may_take.wait()
            return {"status": "Accepted"}

        two.answers["CertificateSigned"] = later

        def shown(*entities: str) -> set[str]:
            found = (hass.states.get(entity) for entity in entities)
            return {state.state if state is not None else "" for state in found}

        needing = ("button.garage_restart", "switch.garage_available")
        await two.connect()
        assert (await two.boot())["status"] == "Pending"
        await two.until(lambda: two.sent_calls("SignCertificate"))
        await hass.async_block_till_done()
        assert station.connected
        assert shown(*needing) == {"unavailable"}
        assert shown("binary_sensor.garage_connected") == {"off"}
        del two.answers["CertificateSigned"]
        may_take.set()
        await eventually(hass, lambda: not station.connected)
        await two.disconnect()
        assert shown(*needing) == {"unavailable"}
        await two.connect()
        assert (await two.boot())["status"] == "Accepted"
        await eventually(
            hass, lambda: shown("binary_sensor.garage_connected") == {"on"}
        )
        assert "unavailable" not in shown(*needing)
        await two.disconnect()


def expire(
    authority: Authority, two: SecureStation, monkeypatch: pytest.MonkeyPatch
) -> OwnCertificate:
    """Have a station show a certificate that is over; return what is known of it. Blocks."""
    with monkeypatch.context() as patch:
        patch.setattr(making, "STATION_HOLDS", timedelta(hours=-1))
        asked = two.trust.ask("CP1")
        chain = authority.sign(asked, station="CP1", names=["CP1"])
    two.trust.take(chain)
    over = dt_util.utcnow() - timedelta(hours=1)
    return OwnCertificate(serial="1f", expires=over, ours=True)
