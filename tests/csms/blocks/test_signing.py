"""Certificates that stations ask for, and until when they hold (A02, A03)."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import ocsp
import pytest

from custom_components.ocpp.csms.authority import Authority, making
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.model import Part, StationSettings, Topic, utcnow
from tests.csms.conftest import IDENTITY, PATIENCE, MakeTwo, until
from tests.csms.papers import Elsewhere, Key, new_key, request
from tests.simulator import Charger
from tests.simulator.link import Silence
from tests.simulator_v2 import Station as Two


@pytest.fixture
def authority(central: CentralSystem, tmp_path: Path) -> Authority:
    """Return the authority of the central system."""
    authority = Authority(tmp_path / "ocpp")
    authority.open()
    central.shared.authority = authority
    return authority


@pytest.fixture
def key() -> Key:
    """Return the key of a station."""
    return new_key()


async def signed(peer: Charger | Two) -> dict[str, Any]:
    """Return the next certificate that comes."""
    return await peer.wait_for_call("CertificateSigned")


def calls(peer: Charger | Two, action: str) -> list[dict[str, Any]]:
    """Return the commands of an action that came."""
    return [frame[3] for frame in peer.received if frame[0] == 2 and frame[2] == action]


def leaf(payload: dict[str, Any]) -> x509.Certificate:
    """Return the certificate of the station, which is the first of the chain."""
    return x509.load_pem_x509_certificate(payload["certificateChain"].encode())


def answer_came_first(peer: Charger | Two) -> bool:
    """Return whether the request was answered before the certificate came."""
    (asked,) = [frame[1] for frame in peer.sent if frame[2:3] == ["SignCertificate"]]
    order = [
        "answer" if frame[0] == 3 else frame[2]
        for frame in peer.received
        if frame[1] == asked or frame[2:3] == ["CertificateSigned"]
    ]
    return order == ["answer", "CertificateSigned"]


class TestSigning:
    """The answer comes first, and then the certificate, in its own message."""

    async def test_a_station_of_1_6(
        self,
        station: ChargingStation,
        authority: Authority,
        charger: Charger,
        key: Key,
    ) -> None:
        asked = {"csr": request(key, "SIM0001", "My chargers")}
        assert await charger.call("SignCertificate", asked) == {"status": "Accepted"}
        payload = await signed(charger)
        assert answer_came_first(charger)
        assert set(payload) == {"certificateChain"}
        assert leaf(payload).public_key() == key.public_key()
        assert authority.issued(leaf(payload))
        await until(
            station, Part(Topic.CERTIFICATES), lambda: station.security.certificate
        )
        known = station.security.certificate
        assert known is not None
        assert known.ours
        assert known.expires == leaf(payload).not_valid_after_utc

    async def test_a_station_of_2_0_1(
        self, station: ChargingStation, authority: Authority, two: Two, key: Key
    ) -> None:
        """Nothing that 2.1 has is echoed, and the kind only where the station said it."""
        kind = {"certificateType": "ChargingStationCertificate"}
        asked = {"csr": request(key), **kind}
        assert await two.call("SignCertificate", asked) == {"status": "Accepted"}
        payload = await signed(two)
        assert answer_came_first(two)
        assert payload == {"certificateChain": payload["certificateChain"], **kind}
        assert leaf(payload).public_key() == key.public_key()
        assert two.state.chains == [payload]
        await two.call("SignCertificate", {"csr": request(new_key())})
        assert set(await signed(two)) == {"certificateChain"}

    @pytest.mark.proves("A02.FR.25", ocpp="2.1")
    @pytest.mark.proves("A03.FR.21", ocpp="2.1")
    async def test_a_station_of_2_1_knows_its_request_again(
        self,
        station: ChargingStation,
        authority: Authority,
        connect_station: MakeTwo,
        key: Key,
    ) -> None:
        two = await connect_station(version="ocpp2.1")
        await two.power_up()
        asked = {"csr": request(key), "requestId": 77}
        assert (await two.call("SignCertificate", asked))["status"] == "Accepted"
        assert (await signed(two))["requestId"] == 77

    async def test_it_names_the_serial_number_that_the_station_booted_with(
        self, station: ChargingStation, authority: Authority, two: Two
    ) -> None:
        """Whatever the request says, and with an organisation where it says none."""
        await two.call("SignCertificate", {"csr": request(new_key(), "CP9")})
        made = leaf(await signed(two))
        assert made.subject.rfc4514_string() == "O=Home Assistant,CN=SIM0002"

    async def test_the_same_request_is_answered_with_the_same(
        self, station: ChargingStation, authority: Authority, two: Two, key: Key
    ) -> None:
        """As stations ask again when the certificate does not come."""
        asked = {"csr": request(key)}
        two.answers["CertificateSigned"] = Silence
        await two.call("SignCertificate", asked)
        first = await signed(two)
        async with asyncio.timeout(PATIENCE):
            while not station.notes.get("CertificateSigned: CommandTimedOut"):
                # There is no event for what does not come.
                await asyncio.sleep(0.05)
        assert station.security.certificate is None
        del two.answers["CertificateSigned"]
        await two.call("SignCertificate", asked)
        assert await signed(two) == first
        await until(
            station, Part(Topic.CERTIFICATES), lambda: station.security.certificate
        )

    async def test_one_that_is_repeated_while_it_is_signed_is_signed_once(
        self, station: ChargingStation, authority: Authority, two: Two, key: Key
    ) -> None:
        may_answer = asyncio.Event()

        async def later(_: Any) -> dict[str, str]:
            await may_answer.wait()
            return {"status": "Accepted"}

        two.answers["CertificateSigned"] = later
        asked = {"csr": request(key)}
        await two.call("SignCertificate", asked)
        await two.call("SignCertificate", asked)
        may_answer.set()
        await signed(two)
        await until(
            station, Part(Topic.CERTIFICATES), lambda: station.security.certificate
        )
        assert len(calls(two, "CertificateSigned")) == 1

    async def test_a_station_that_does_not_take_it_keeps_what_it_has(
        self, station: ChargingStation, authority: Authority, two: Two, key: Key
    ) -> None:
        two.answers["CertificateSigned"] = {"status": "Rejected"}
        await two.call("SignCertificate", {"csr": request(key)})
        await signed(two)
        async with asyncio.timeout(PATIENCE):
            while not station.notes.get("CertificateSigned: rejected"):
                await asyncio.sleep(0.01)
        assert station.security.certificate is None

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            ({"csr": "no request"}, "InvalidCSR"),
            (
                {"csr": request(new_key()), "certificateType": "V2GCertificate"},
                "NotEnabled",
            ),
        ],
    )
    async def test_what_is_not_signed_is_rejected_with_the_reason(
        self,
        station: ChargingStation,
        authority: Authority,
        two: Two,
        asked: dict[str, Any],
        code: str,
    ) -> None:
        """A car would not trust our root."""
        answer = await two.call("SignCertificate", asked)
        assert answer["status"] == "Rejected"
        assert answer["statusInfo"]["reasonCode"] == code
        # What is answered next comes after anything that had been set off.
        await two.call("Heartbeat", {})
        assert not calls(two, "CertificateSigned")

    async def test_one_that_can_not_be_kept_is_not_sent(
        self, station: ChargingStation, authority: Authority, two: Two, key: Key
    ) -> None:
        (authority.folder / "issued.json.new").mkdir()
        await two.call("SignCertificate", {"csr": request(key)})
        async with asyncio.timeout(PATIENCE):
            while not station.notes.get(
                "SignCertificate: the certificate could not be kept"
            ):
                await asyncio.sleep(0.01)
        assert not calls(two, "CertificateSigned")


class TestRenewing:
    """Certificates of ours are renewed before they are over."""

    @pytest.fixture
    def soon_over(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Issue certificates that hold for a month and a half."""
        monkeypatch.setattr(making, "STATION_HOLDS", timedelta(days=45))

    async def test_a_station_of_2_0_1_is_asked_when_it_connects(
        self,
        soon_over: None,
        station: ChargingStation,
        authority: Authority,
        two: Two,
        key: Key,
    ) -> None:
        await two.call("SignCertificate", {"csr": request(key)})
        await signed(two)
        await until(
            station, Part(Topic.CERTIFICATES), lambda: station.security.certificate
        )
        await station.security.renew()
        await station.security.renew()
        (asked,) = [
            it
            for it in calls(two, "TriggerMessage")
            if it["requestedMessage"].startswith("Sign")
        ]
        assert asked == {"requestedMessage": "SignChargingStationCertificate"}

    async def test_a_station_of_1_6_is_asked_while_it_stays_connected(
        self,
        soon_over: None,
        station: ChargingStation,
        authority: Authority,
        charger: Charger,
        key: Key,
    ) -> None:
        await charger.call("SignCertificate", {"csr": request(key)})
        await signed(charger)
        await until(
            station, Part(Topic.CERTIFICATES), lambda: station.security.certificate
        )
        station.security.look_after()
        asked = await charger.wait_for_call("ExtendedTriggerMessage")
        assert asked == {"requestedMessage": "SignChargePointCertificate"}

    async def test_one_that_does_not_know_how_is_left_alone(
        self,
        soon_over: None,
        station: ChargingStation,
        authority: Authority,
        charger: Charger,
        key: Key,
    ) -> None:
        await charger.call("SignCertificate", {"csr": request(key)})
        await signed(charger)
        await until(
            station, Part(Topic.CERTIFICATES), lambda: station.security.certificate
        )
        charger.answers["ExtendedTriggerMessage"] = {"status": "NotImplemented"}
        station.security.look_after()
        async with asyncio.timeout(PATIENCE):
            while not any("renewing" in note for note in station.notes):
                await asyncio.sleep(0.01)

    async def test_others_are_not(
        self, station: ChargingStation, authority: Authority, two: Two, key: Key
    ) -> None:
        """Those that hold for long, those of others, and none at all."""
        await station.security.renew()
        await two.call("SignCertificate", {"csr": request(key)})
        await signed(two)
        await until(
            station, Part(Topic.CERTIFICATES), lambda: station.security.certificate
        )
        await station.security.renew()
        foreign = Elsewhere().issue(key, holds=timedelta(days=5)).decode()
        await station.sending.command(
            "CertificateSigned", {"certificateChain": foreign}
        )
        known = station.security.certificate
        assert known is not None
        assert known.expires < utcnow() + timedelta(days=6)
        assert not known.ours
        await station.security.renew()
        assert not [
            it
            for it in calls(two, "TriggerMessage")
            if it["requestedMessage"].startswith("Sign")
        ]

    async def test_it_is_known_after_a_restart(
        self,
        central: CentralSystem,
        station: ChargingStation,
        authority: Authority,
        two: Two,
        key: Key,
    ) -> None:
        await two.call("SignCertificate", {"csr": request(key)})
        await signed(two)
        await until(
            station, Part(Topic.CERTIFICATES), lambda: station.security.certificate
        )
        await station.save()
        again = ChargingStation(
            IDENTITY, settings=StationSettings(), shared=central.shared
        )
        await again.load()
        assert again.security.certificate == station.security.certificate
        await again.stop()


def hashes_of(made: x509.Certificate, authority: Authority) -> dict[str, Any]:
    """Return by what stations name a certificate when they ask about it."""
    asked = ocsp.OCSPRequestBuilder().add_certificate(made, authority.root, SHA256())
    hashes = asked.build()
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": hashes.issuer_name_hash.hex(),
        "issuerKeyHash": hashes.issuer_key_hash.hex(),
        "serialNumber": f"{made.serial_number:x}",
    }


@pytest.mark.parametrize("source", ["OCSP", "CRL"])
async def test_of_a_chain_too_and_what_was_taken_back_is_so_at_once(
    station: ChargingStation,
    authority: Authority,
    connect_station: MakeTwo,
    key: Key,
    source: str,
) -> None:
    """Nobody listens at the address that the station names (M07)."""
    two = await connect_station(version="ocpp2.1")
    await two.power_up()
    made = x509.load_pem_x509_certificate(
        authority.sign(request(key), station=IDENTITY, names=[IDENTITY]).encode()
    )
    asked = {
        "certificateHashData": hashes_of(made, authority),
        "source": source,
        "urls": ["http://127.0.0.1:1/"],
    }
    message = {"certificateStatusRequests": [asked]}
    for expected in ("Good", "Revoked"):
        answer = await two.call("GetCertificateChainStatus", message)
        (told,) = answer["certificateStatus"]
        assert told["status"] == expected
        assert told["source"] == source
        authority.revoke(IDENTITY)


async def test_what_holds_of_ours_is_told_without_asking_anybody(
    station: ChargingStation, authority: Authority, two: Two, key: Key
) -> None:
    """Whatever address the certificate names (M06)."""
    made = x509.load_pem_x509_certificate(
        authority.sign(request(key), station=IDENTITY, names=[IDENTITY]).encode()
    )
    asked = ocsp.OCSPRequestBuilder().add_certificate(made, authority.root, SHA256())
    hashes = asked.build()
    answer = await two.call(
        "GetCertificateStatus",
        {
            "ocspRequestData": {
                "hashAlgorithm": "SHA256",
                "issuerNameHash": hashes.issuer_name_hash.hex(),
                "issuerKeyHash": hashes.issuer_key_hash.hex(),
                "serialNumber": f"{made.serial_number:x}",
                "responderURL": "http://127.0.0.1:1/ocsp",
            }
        },
    )
    assert answer["status"] == "Accepted"
    assert answer["ocspResult"]
