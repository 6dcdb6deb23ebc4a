"""Security: encrypted connections, and the certificates that charge points show."""

from pathlib import Path
import socket
import ssl
from typing import Any

from cryptography import x509
from homeassistant.core import HomeAssistant
import pytest
from websockets.exceptions import InvalidStatus

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.csms.authority import Authority
from custom_components.ocpp.csms.model import StationSettings
from custom_components.ocpp.hub import OcppHub
from tests.csms.papers import Key, client_context, new_key, request
from tests.simulator import Charger

from .conversation import act, found, settled

ACCEPTED = {"status": "Accepted"}


@pytest.fixture
def options(socket_enabled: None) -> dict[str, Any]:
    """Have an encrypted listener beside the other."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return {"tls_port": tried.getsockname()[1]}


@pytest.fixture
def authority(hub: OcppHub) -> Authority:
    """Return the authority that signs for charge points."""
    assert hub.central.tls is not None
    return hub.central.tls.authority


@pytest.fixture
def key() -> Key:
    """Return the key of the charge point."""
    return new_key("rsa")


def secure(hub: OcppHub, context: ssl.SSLContext) -> Charger:
    """Return the charge point, as it connects encrypted."""
    return Charger(f"wss://localhost:{hub.central.tls_port}/", "CP1", tls=context)


@pytest.mark.proves("TC_086_CSMS")
async def test_a_charger_that_trusts_the_root_connects_encrypted(
    hub: OcppHub, garage: HubCharger, authority: Authority, tmp_path: Path
) -> None:
    context = client_context(authority.root_file, tmp_path)
    async with secure(hub, context) as charger:
        assert (await charger.boot())["status"] == "Accepted"
        assert garage.station.security.arrival is not None
        assert garage.station.security.arrival.encrypted


@pytest.mark.proves("TC_087_CSMS")
async def test_at_profile_3_a_charger_shows_its_certificate(
    hub: OcppHub, garage: HubCharger, authority: Authority, tmp_path: Path, key: Key
) -> None:
    garage.station.apply_settings(StationSettings(security_profile=3))
    with pytest.raises(InvalidStatus):
        await secure(hub, client_context(authority.root_file, tmp_path)).connect()
    chain = authority.sign(request(key), station="CP1", names=["CP1"])
    context = client_context(authority.root_file, tmp_path, chain, key)
    async with secure(hub, context) as charger:
        assert (await charger.boot())["status"] == "Accepted"


@pytest.mark.proves("TC_074_CSMS")
async def test_people_have_a_charger_ask_for_a_certificate(
    hass: HomeAssistant,
    garage: HubCharger,
    authority: Authority,
    charger: Charger,
    key: Key,
) -> None:
    charger.answers["ExtendedTriggerMessage"] = ACCEPTED
    answer = await act(
        hass,
        garage,
        "extended_trigger_message",
        requested_message="sign_charging_station_certificate",
    )
    assert answer == ACCEPTED
    assert await charger.call("SignCertificate", {"csr": request(key)}) == ACCEPTED
    sent = await charger.wait_for_call("CertificateSigned")
    made = x509.load_pem_x509_certificate(sent["certificateChain"].encode())
    assert made.public_key() == key.public_key()
    assert authority.issued(made)
    await settled(hass, charger)


@pytest.mark.proves("TC_077_CSMS")
async def test_a_certificate_that_the_charger_does_not_take_is_not_its_own(
    hass: HomeAssistant,
    garage: HubCharger,
    authority: Authority,
    charger: Charger,
    key: Key,
) -> None:
    charger.answers["CertificateSigned"] = {"status": "Rejected"}
    assert await charger.call("SignCertificate", {"csr": request(key)}) == ACCEPTED
    await charger.wait_for_call("CertificateSigned")
    await charger.call(
        "SecurityEventNotification",
        {
            "type": "InvalidChargePointCertificate",
            "timestamp": charger.timestamp(),
        },
    )
    await settled(hass, charger)
    kind = found(hass, "event.garage_security_event").attributes["type"]
    assert kind == "InvalidChargePointCertificate"
    assert garage.station.security.certificate is None
