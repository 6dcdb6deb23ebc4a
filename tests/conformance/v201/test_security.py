"""A: encrypted connections, and the certificates that stations show."""

from datetime import timedelta
from pathlib import Path
import socket
import ssl
from typing import Any

from cryptography import x509
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from websockets.exceptions import InvalidHandshake, InvalidStatus

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.csms.authority import Authority, making
from custom_components.ocpp.csms.model import StationSettings
from custom_components.ocpp.hub import OcppHub
from tests.csms.papers import Elsewhere, Key, client_context, new_key, request
from tests.simulator.link import CallError
from tests.simulator_v2 import Station
from tests.simulator_v2.secure import SecureStation

from .conversation import act, eventually, found, requests, settled

ACCEPTED = {"status": "Accepted"}
EXPIRES = "sensor.garage_certificate_expires"


@pytest.fixture
def options(socket_enabled: None) -> dict[str, Any]:
    """Have an encrypted listener beside the other."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return {"tls_port": tried.getsockname()[1]}


@pytest.fixture
def authority(hub: OcppHub) -> Authority:
    """Return the authority that signs for stations."""
    assert hub.central.tls is not None
    return hub.central.tls.authority


@pytest.fixture
def key() -> Key:
    """Return the key of the station."""
    return new_key()


def secure(hub: OcppHub, context: ssl.SSLContext) -> Station:
    """Return the station, as it connects encrypted."""
    return Station(f"wss://localhost:{hub.central.tls_port}/", "CP1", tls=context)


def trusting(authority: Authority, folder: Path, *shown: Any) -> ssl.SSLContext:
    """Return how a station connects that has our root."""
    return client_context(authority.root_file, folder, *shown)


@pytest.mark.proves("TC_A_04_CSMS", ocpp="2.0.1")
async def test_a_station_that_trusts_the_root_connects_encrypted(
    hub: OcppHub, garage: HubCharger, authority: Authority, tmp_path: Path
) -> None:
    async with secure(hub, trusting(authority, tmp_path)) as two:
        assert (await two.boot())["status"] == "Accepted"
        assert garage.station.security.arrival is not None
        assert garage.station.security.arrival.encrypted


@pytest.mark.proves("TC_A_06_CSMS", ocpp="2.0.1")
async def test_a_station_that_only_knows_tls_1_1_does_not(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hub: OcppHub,
    garage: HubCharger,
    authority: Authority,
    tmp_path: Path,
) -> None:
    """Unless people allow it."""
    context = trusting(authority, tmp_path)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((OSError, InvalidHandshake)):
        await secure(hub, context).connect()
    assert not garage.station.connected
    allowed = {**entry.options, "tls_old_versions": True}
    hass.config_entries.async_update_entry(entry, options=allowed)
    await hass.async_block_till_done()
    async with secure(entry.runtime_data, context) as two:
        assert (await two.boot())["status"] == "Accepted"


@pytest.mark.proves("TC_A_07_CSMS", ocpp="2.0.1")
async def test_at_profile_3_a_station_shows_its_certificate(
    hub: OcppHub, garage: HubCharger, authority: Authority, tmp_path: Path, key: Key
) -> None:
    garage.station.apply_settings(StationSettings(security_profile=3))
    chain = authority.sign(request(key), station="CP1", names=["SIM0002", "CP1"])
    async with secure(hub, trusting(authority, tmp_path, chain, key)) as two:
        assert (await two.boot())["status"] == "Accepted"


@pytest.mark.proves("TC_A_08_CSMS", ocpp="2.0.1")
async def test_at_profile_3_nothing_else_will_do(
    hub: OcppHub,
    garage: HubCharger,
    authority: Authority,
    tmp_path: Path,
    key: Key,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    garage.station.apply_settings(StationSettings(security_profile=3))
    foreign = trusting(authority, tmp_path, Elsewhere().issue(key), key)
    with pytest.raises((OSError, InvalidHandshake)):
        await secure(hub, foreign).connect()
    of_another = authority.sign(request(key), station="CP2", names=["CP2"])
    monkeypatch.setattr(making, "STATION_HOLDS", timedelta(hours=-1))
    expired = authority.sign(request(key), station="CP1", names=["CP1"])
    for shown in ((), (of_another, key), (expired, key)):
        with pytest.raises(InvalidStatus):
            await secure(hub, trusting(authority, tmp_path, *shown)).connect()
    assert not garage.station.connected


@pytest.mark.proves("A02", ocpp="2.0.1")
async def test_one_whose_certificate_is_over_is_let_in_for_a_new_one(
    hass: HomeAssistant,
    hub: OcppHub,
    garage: HubCharger,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where people want that, and for nothing else (A00.FR.429)."""
    station = garage.station
    station.apply_settings(StationSettings(security_profile=3, renew_expired=True))
    url = f"wss://localhost:{hub.central.tls_port}/"
    two = SecureStation(url, "CP1")
    two.state.network_profiles[1]["securityProfile"] = 3
    two.trust.install(authority.root_file.read_text())
    with monkeypatch.context() as patch:
        patch.setattr(making, "STATION_HOLDS", timedelta(hours=-1))
        asked = two.trust.ask("CP1")
        two.trust.take(authority.sign(asked, station="CP1", names=["CP1"]))
    async with two:
        assert (await two.boot())["status"] == "Pending"
        with pytest.raises(CallError, match="SecurityError"):
            await two.call("Heartbeat", {})
        with pytest.raises(ServiceValidationError) as refused:
            await act(hass, garage, "clear_cache")
        assert refused.value.translation_key == "only_renews"
        await two.wait_for_call("CertificateSigned")
        await eventually(hass, lambda: not station.connected)
        await two.disconnect()
        await two.connect()
        assert (await two.boot())["status"] == "Accepted"
        assert hub.central.refused == {}


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        pytest.param(
            "sign_charging_station_certificate",
            {"certificateType": "ChargingStationCertificate"},
            marks=[
                pytest.mark.proves("TC_A_11_CSMS", ocpp="2.0.1"),
                pytest.mark.proves("A02", ocpp="2.0.1"),
            ],
        ),
        pytest.param(
            "sign_combined_certificate",
            {},
            marks=pytest.mark.proves("TC_A_13_CSMS", ocpp="2.0.1"),
        ),
    ],
)
async def test_people_have_a_station_ask_for_a_certificate(
    hass: HomeAssistant,
    hub: OcppHub,
    garage: HubCharger,
    authority: Authority,
    two: Station,
    key: Key,
    tmp_path: Path,
    message: str,
    kind: dict[str, str],
) -> None:
    """And then it connects with that."""
    two.answers["TriggerMessage"] = ACCEPTED
    answer = await act(hass, garage, "trigger_message", requested_message=message)
    assert answer == ACCEPTED
    asked = {"csr": request(key, "SIM0002"), **kind}
    assert await two.call("SignCertificate", asked) == ACCEPTED
    sent = await two.wait_for_call("CertificateSigned")
    assert sent == {"certificateChain": sent["certificateChain"], **kind}
    made = x509.load_pem_x509_certificate(sent["certificateChain"].encode())
    assert made.public_key() == key.public_key()
    await settled(hass, two)
    await hass.async_block_till_done()
    await eventually(hass, lambda: hass.states.get(EXPIRES))
    assert found(hass, EXPIRES).state == made.not_valid_after_utc.isoformat()
    await two.disconnect()
    garage.station.apply_settings(StationSettings(security_profile=3))
    chain = sent["certificateChain"]
    async with secure(hub, trusting(authority, tmp_path, chain, key)) as again:
        assert (await again.boot())["status"] == "Accepted"


@pytest.mark.proves("TC_A_14_CSMS", ocpp="2.0.1")
async def test_a_certificate_that_the_station_does_not_take_is_not_its_own(
    hass: HomeAssistant,
    garage: HubCharger,
    authority: Authority,
    two: Station,
    key: Key,
) -> None:
    two.answers["CertificateSigned"] = {"status": "Rejected"}
    assert await two.call("SignCertificate", {"csr": request(key)}) == ACCEPTED
    await two.wait_for_call("CertificateSigned")
    await two.security_event("InvalidChargingStationCertificate")
    await settled(hass, two)
    event = found(hass, "event.garage_security_event").attributes
    assert event["event_type"] == "invalid_charging_station_certificate"
    assert garage.station.security.certificate is None
    assert hass.states.get(EXPIRES) is None


@pytest.mark.proves("A03", ocpp="2.0.1")
async def test_a_station_asks_by_itself(
    hass: HomeAssistant,
    garage: HubCharger,
    authority: Authority,
    two: Station,
    key: Key,
) -> None:
    """And again with the same request, as long as nothing has come."""
    broken = await two.call("SignCertificate", {"csr": "broken"})
    assert broken["status"] == "Rejected"
    for _ in range(2):
        assert await two.call("SignCertificate", {"csr": request(key)}) == ACCEPTED
        await two.wait_for_call("CertificateSigned")
    first, second = requests(two, "CertificateSigned")
    public = [
        x509.load_pem_x509_certificate(it["certificateChain"].encode()).public_key()
        for it in (first, second)
    ]
    assert public == [key.public_key()] * 2
