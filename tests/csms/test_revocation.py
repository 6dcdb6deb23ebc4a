"""Certificates of stations that whoever issued them took back, with real sockets (A00)."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import datetime, timedelta
import logging
from pathlib import Path
import socket
import ssl
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
import pytest
from websockets.exceptions import InvalidStatus

from custom_components.ocpp.csms import revocation
from custom_components.ocpp.csms.admission import Refusal
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.model import Part, StationSettings, Topic, utcnow
from custom_components.ocpp.csms.revocation import ShownCertificates
from tests.csms.conftest import IDENTITY, PATIENCE, Listen, until
from tests.csms.papers import Elsewhere, Key, client_context, name, new_key, request
from tests.csms.responder import Responder, responding
from tests.csms.test_tls import knock
from tests.simulator import Charger

GOOD, REVOKED = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED
UNTOLD = "certificate: nobody tells whether it was revoked"
CONNECTED = Part(Topic.CONNECTION)
_DIGEST = SHA256()

type Come = Callable[..., Charger]


def answer(
    elsewhere: Elsewhere,
    leaf: bytes,
    status: ocsp.OCSPCertStatus = REVOKED,
    *,
    signer: tuple[Any, x509.Certificate] | None = None,
    issuer: x509.Certificate | None = None,
    since: timedelta = timedelta(hours=1),
    until: timedelta | None = timedelta(hours=1),
    digest: Any = _DIGEST,
) -> bytes:
    """Return what whoever issued a certificate says of it, or somebody for them."""
    now = utcnow()
    key, certificate = signer or (elsewhere.key, elsewhere.root)
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=x509.load_pem_x509_certificate(leaf),
            issuer=issuer or elsewhere.root,
            algorithm=SHA1(),
            cert_status=status,
            this_update=now - since,
            next_update=now + until if until is not None else None,
            revocation_time=now - since if status is REVOKED else None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, certificate)
    )
    if signer is not None:
        builder = builder.certificates([certificate])
    return builder.sign(key, digest).public_bytes(Encoding.DER)


def deputy(
    elsewhere: Elsewhere,
    *,
    use: x509.ObjectIdentifier = ExtendedKeyUsageOID.OCSP_SIGNING,
    by: Elsewhere | None = None,
    ended: timedelta = timedelta(days=-1),
    key: Any = None,
) -> tuple[Any, x509.Certificate]:
    """Return the key and the certificate of somebody who signs answers for an authority."""
    key, now = key or ec.generate_private_key(ec.SECP256R1()), utcnow()
    made = (
        x509.CertificateBuilder()
        .subject_name(name("Deputy"))
        .issuer_name(elsewhere.root.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now - ended)
        .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        .sign((by or elsewhere).key, SHA256())
    )
    return key, made


@pytest.fixture
async def responder() -> AsyncGenerator[Responder]:
    """Return somebody to ask."""
    async with responding() as responder:
        yield responder


@pytest.fixture
def elsewhere() -> Elsewhere:
    """Return another authority."""
    return Elsewhere()


@pytest.fixture
async def central(
    listen: Listen, tmp_path: Path, elsewhere: Elsewhere
) -> CentralSystem:
    """Return a central system that trusts it."""
    (tmp_path / "ca.pem").write_bytes(elsewhere.pem())
    return await listen(client_ca=tmp_path / "ca.pem", organisation="Elsewhere")


@pytest.fixture
async def station(central: CentralSystem) -> ChargingStation:
    """Return a station at profile 3."""
    return await central.add_station(IDENTITY, StationSettings(security_profile=3))


@pytest.fixture
def key() -> Key:
    """Return the key of the station."""
    return new_key()


@pytest.fixture
def leaf(elsewhere: Elsewhere, responder: Responder, key: Key) -> bytes:
    """Return the certificate of the station, which names whom to ask."""
    return elsewhere.issue(key, asked_at=(responder.url,))


def context_of(
    central: CentralSystem, folder: Path, leaf: bytes, key: Key
) -> ssl.SSLContext:
    """Return how the station connects."""
    assert central.tls is not None
    return client_context(central.tls.authority.root_file, folder, leaf, key)


@pytest.fixture
def come(
    central: CentralSystem,
    station: ChargingStation,
    tmp_path: Path,
    leaf: bytes,
    key: Key,
) -> Come:
    """Return what makes a charger that shows the certificate, or another."""

    def come(shown: bytes = leaf) -> Charger:
        url = f"wss://localhost:{central.tls_port}"
        return Charger(url, IDENTITY, tls=context_of(central, tmp_path, shown, key))

    return come


async def refused(charger: Charger) -> int:
    """Return with which status a charger is turned away."""
    with pytest.raises(InvalidStatus) as turned_away:
        await charger.connect()
    return turned_away.value.response.status_code


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nobody wait for long at the door."""
    monkeypatch.setattr(revocation, "DOOR_WAITS", 0.2)


class TestAsking:
    """Whoever issued it is asked, once, before the station is let in."""

    async def test_one_that_holds_gets_in(
        self,
        central: CentralSystem,
        station: ChargingStation,
        elsewhere: Elsewhere,
        responder: Responder,
        leaf: bytes,
        come: Come,
    ) -> None:
        responder.body = answer(elsewhere, leaf, GOOD)
        for _ in range(2):
            async with come() as charger:
                assert (await charger.boot())["status"] == "Accepted"
        (asked,) = responder.asked
        assert asked.serial_number == x509.load_pem_x509_certificate(leaf).serial_number
        assert UNTOLD not in station.notes
        assert not central.refused

    async def test_one_that_was_revoked_stays_out(
        self,
        central: CentralSystem,
        station: ChargingStation,
        elsewhere: Elsewhere,
        responder: Responder,
        leaf: bytes,
        come: Come,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        responder.body = answer(elsewhere, leaf)
        with caplog.at_level(logging.WARNING):
            for _ in range(2):
                assert await refused(come()) == 403
        assert central.refused == {Refusal.REVOKED_CERTIFICATE: 2}
        assert not station.connected
        assert len(responder.asked) == 1
        assert [it.getMessage() for it in caplog.records] == [
            f"CP1 was turned away: {Refusal.REVOKED_CERTIFICATE}"
        ]

    async def test_another_one_of_the_same_station_gets_in(
        self,
        elsewhere: Elsewhere,
        responder: Responder,
        leaf: bytes,
        key: Key,
        come: Come,
    ) -> None:
        responder.body = answer(elsewhere, leaf)
        assert await refused(come()) == 403
        other = elsewhere.issue(key, asked_at=(responder.url,))
        responder.body = answer(elsewhere, other, GOOD)
        async with come(other) as charger:
            assert (await charger.boot())["status"] == "Accepted"

    async def test_many_who_show_it_wait_for_one_answer(
        self,
        central: CentralSystem,
        elsewhere: Elsewhere,
        responder: Responder,
        leaf: bytes,
        come: Come,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        responder.body = answer(elsewhere, leaf)
        responder.may_answer.clear()
        look, looked = central.door._shown.look, []

        async def counted(*shown: Any) -> bool:
            looked.append(shown)
            if len(looked) == 5:
                responder.may_answer.set()
            return await look(*shown)

        monkeypatch.setattr(central.door._shown, "look", counted)
        attempts = [asyncio.create_task(refused(come())) for _ in range(5)]
        assert await asyncio.gather(*attempts) == [403] * 5
        assert len(responder.asked) == 1

    @pytest.mark.usefixtures("impatient")
    async def test_others_get_in_while_somebody_waits(
        self, central: CentralSystem, responder: Responder, come: Come
    ) -> None:
        responder.may_answer.clear()
        await central.add_station("CP2", StationSettings())
        waits = asyncio.create_task(come().connect())
        async with asyncio.timeout(PATIENCE):
            while not responder.asked:
                await asyncio.sleep(0.01)
        async with Charger(f"ws://127.0.0.1:{central.port}", "CP2") as other:
            assert (await other.boot())["status"] == "Accepted"
            assert not waits.done()
        await waits

    async def test_a_session_that_is_taken_up_again_is_looked_at_too(
        self,
        central: CentralSystem,
        station: ChargingStation,
        elsewhere: Elsewhere,
        responder: Responder,
        leaf: bytes,
        key: Key,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Who issued the certificate is not shown then, but is known from before."""
        assert central.tls_port is not None
        context = context_of(central, tmp_path, leaf, key)
        # Newer ones show theirs each time.
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        responder.body = answer(elsewhere, leaf, GOOD)
        first = await asyncio.to_thread(knock, central.tls_port, context)
        assert first[0] == "101"
        later(monkeypatch)
        responder.body = answer(elsewhere, leaf, until=timedelta(days=3))
        second = await asyncio.to_thread(knock, central.tls_port, context, first[2])
        assert second[:2] == ("403", True)
        assert len(responder.asked) == 2

    async def test_below_profile_3_it_says_nothing_of_who_somebody_is(
        self,
        station: ChargingStation,
        elsewhere: Elsewhere,
        responder: Responder,
        leaf: bytes,
        come: Come,
    ) -> None:
        """But the station is not moved to profile 3 by it."""
        responder.body = answer(elsewhere, leaf)
        station.apply_settings(StationSettings(security_profile=2))
        async with come() as charger:
            assert (await charger.boot())["status"] == "Accepted"
            arrival = station.security.arrival
            assert arrival is not None
            assert arrival.certificate is not None
            assert arrival.certificate.revoked
            assert not station.security_profile._is_at(arrival, 3, "Elsewhere")

    async def test_one_that_is_over_stays_out_whatever_may_be_renewed(
        self,
        central: CentralSystem,
        station: ChargingStation,
        elsewhere: Elsewhere,
        responder: Responder,
        key: Key,
        come: Come,
    ) -> None:
        """It is not issued here, so there is nothing to give."""
        station.apply_settings(StationSettings(security_profile=3, renew_expired=True))
        over = elsewhere.issue(
            key, holds=timedelta(hours=-1), asked_at=(responder.url,)
        )
        assert await refused(come(over)) == 403
        assert central.refused == {Refusal.INVALID_CERTIFICATE: 1}
        assert not responder.asked

    async def test_our_own_are_known_here(
        self,
        central: CentralSystem,
        station: ChargingStation,
        responder: Responder,
        key: Key,
        come: Come,
    ) -> None:
        assert central.tls is not None
        chain = central.tls.authority.sign(
            request(key), station=IDENTITY, names=[IDENTITY]
        )
        async with come(chain.encode()) as charger:
            assert (await charger.boot())["status"] == "Accepted"
        assert not responder.asked
        assert UNTOLD not in station.notes


def later(monkeypatch: pytest.MonkeyPatch, days: int = 2) -> None:
    """Have what is known be out of date."""
    now: datetime = utcnow() + timedelta(days=days)
    monkeypatch.setattr(revocation, "utcnow", lambda: now)


class TestNobodyTells:
    """Where it can't be found out, the station is let in, and that is counted."""

    @pytest.fixture
    def forged(self, elsewhere: Elsewhere, leaf: bytes, key: Key) -> dict[str, bytes]:
        """Return answers that say that it was revoked, and do not count."""
        other = Elsewhere()
        another = elsewhere.issue(key)
        day = timedelta(days=1)
        return {
            "signed by somebody else": answer(other, leaf, issuer=elsewhere.root),
            "of another authority": answer(elsewhere, leaf, issuer=other.root),
            "of another certificate": answer(elsewhere, another),
            "signed with the key of the station": answer(
                elsewhere,
                leaf,
                signer=(key, x509.load_pem_x509_certificate(leaf)),
            ),
            "signed by whom nobody let": answer(
                elsewhere,
                leaf,
                signer=deputy(elsewhere, use=ExtendedKeyUsageOID.CLIENT_AUTH),
            ),
            "signed by whom another let": answer(
                elsewhere, leaf, signer=deputy(elsewhere, by=other)
            ),
            "signed by who may not any more": answer(
                elsewhere, leaf, signer=deputy(elsewhere, ended=day)
            ),
            "signed with a key of another kind": answer(
                elsewhere,
                leaf,
                signer=deputy(elsewhere, key=Ed25519PrivateKey.generate()),
                digest=None,
            ),
            "out of date": answer(elsewhere, leaf, since=2 * day, until=-day),
            "without an end, and old": answer(
                elsewhere, leaf, since=2 * day, until=None
            ),
            "from the future": answer(elsewhere, leaf, since=-day, until=2 * day),
            "unknown": answer(elsewhere, leaf, ocsp.OCSPCertStatus.UNKNOWN),
            "no answer at all": b"nonsense",
            "a refusal": ocsp.OCSPResponseBuilder.build_unsuccessful(
                ocsp.OCSPResponseStatus.TRY_LATER
            ).public_bytes(Encoding.DER),
            "too long": answer(elsewhere, leaf) + bytes(70_000),
        }

    @pytest.mark.parametrize(
        "which",
        [
            "signed by somebody else",
            "of another authority",
            "of another certificate",
            "signed with the key of the station",
            "signed by whom nobody let",
            "signed by whom another let",
            "signed by who may not any more",
            "signed with a key of another kind",
            "out of date",
            "without an end, and old",
            "from the future",
            "unknown",
            "no answer at all",
            "a refusal",
            "too long",
        ],
    )
    async def test_what_does_not_count_keeps_nobody_out(
        self,
        station: ChargingStation,
        responder: Responder,
        forged: dict[str, bytes],
        come: Come,
        which: str,
    ) -> None:
        responder.body = forged[which]
        async with come() as charger:
            assert (await charger.boot())["status"] == "Accepted"
        assert station.notes[UNTOLD] == 1
        assert len(responder.asked) == 1

    @pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
    @pytest.mark.parametrize("until", [timedelta(hours=1), None])
    async def test_what_a_deputy_signs_counts(
        self,
        elsewhere: Elsewhere,
        responder: Responder,
        leaf: bytes,
        come: Come,
        until: timedelta | None,
        kind: str,
    ) -> None:
        signer = deputy(elsewhere, key=new_key(kind))
        responder.body = answer(elsewhere, leaf, signer=signer, until=until)
        assert await refused(come()) == 403

    @pytest.mark.parametrize(
        "address", ["file:///etc/passwd", "ldap://127.0.0.1/x", "ftp://127.0.0.1/x"]
    )
    async def test_other_addresses_are_not_asked(
        self,
        station: ChargingStation,
        elsewhere: Elsewhere,
        key: Key,
        come: Come,
        address: str,
    ) -> None:
        async with come(elsewhere.issue(key, asked_at=(address,))) as charger:
            assert (await charger.boot())["status"] == "Accepted"
        assert station.notes[UNTOLD] == 1

    async def test_the_next_address_is_asked_where_the_first_is_silent(
        self,
        station: ChargingStation,
        elsewhere: Elsewhere,
        responder: Responder,
        key: Key,
        come: Come,
    ) -> None:
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            silent = f"http://127.0.0.1:{nobody.getsockname()[1]}/"
            shown = elsewhere.issue(key, asked_at=(silent, responder.url))
            responder.body = answer(elsewhere, shown)
            assert await refused(come(shown)) == 403

    async def test_one_that_names_nobody_to_ask_is_fine(
        self, station: ChargingStation, elsewhere: Elsewhere, key: Key, come: Come
    ) -> None:
        async with come(elsewhere.issue(key)) as charger:
            assert (await charger.boot())["status"] == "Accepted"
        assert UNTOLD not in station.notes

    @pytest.mark.usefixtures("impatient")
    async def test_what_comes_too_late_still_counts(
        self,
        central: CentralSystem,
        station: ChargingStation,
        elsewhere: Elsewhere,
        responder: Responder,
        leaf: bytes,
        come: Come,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        responder.body = answer(elsewhere, leaf)
        responder.may_answer.clear()
        with caplog.at_level(logging.WARNING):
            for _ in range(2):
                async with come() as charger:
                    assert (await charger.boot())["status"] == "Accepted"
        assert station.notes[UNTOLD] == 2
        assert caplog.text.count("Nobody tells whether") == 1
        charger = come()
        await charger.connect()
        await charger.boot()
        responder.may_answer.set()
        await until(station, CONNECTED, lambda: not station.connected)
        await charger.disconnect()
        assert await refused(come()) == 403
        assert len(responder.asked) == 1

    async def test_once_revoked_it_stays_so_while_nobody_tells(
        self,
        elsewhere: Elsewhere,
        responder: Responder,
        leaf: bytes,
        come: Come,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        responder.body = answer(elsewhere, leaf)
        assert await refused(come()) == 403
        later(monkeypatch)
        responder.status = "500 Oh"
        assert await refused(come()) == 403
        assert len(responder.asked) == 2
        later(monkeypatch, 4)
        responder.status = "200 OK"
        responder.body = answer(elsewhere, leaf, GOOD, until=timedelta(days=6))
        async with come() as charger:
            assert (await charger.boot())["status"] == "Accepted"

    async def test_somebody_who_is_not_there_is_not_asked_each_time(
        self, station: ChargingStation, responder: Responder, come: Come
    ) -> None:
        responder.status = "500 Oh"
        for _ in range(3):
            async with come() as charger:
                assert (await charger.boot())["status"] == "Accepted"
        assert len(responder.asked) == 1
        assert station.notes[UNTOLD] == 3


async def test_only_so_many_certificates_are_known(
    elsewhere: Elsewhere, responder: Responder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocation, "_MOST_SHOWN", 2)
    known, shown = ShownCertificates(), []
    for _ in range(3):
        issued = elsewhere.issue(new_key(), asked_at=(responder.url,))
        responder.body = answer(elsewhere, issued)
        leaf = x509.load_pem_x509_certificate(issued)
        shown.append(leaf)
        assert await known.look(leaf, elsewhere.root)
    assert [known.is_revoked(leaf) for leaf in shown] == [False, True, True]


async def test_one_that_gives_way_is_not_asked_about_any_more(
    elsewhere: Elsewhere,
    responder: Responder,
    leaf: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(revocation, "_MOST_SHOWN", 1)
    known = ShownCertificates()
    responder.may_answer.clear()
    looking = asyncio.create_task(
        known.look(x509.load_pem_x509_certificate(leaf), elsewhere.root)
    )
    async with asyncio.timeout(PATIENCE):
        while not responder.asked:
            await asyncio.sleep(0.01)
    other = elsewhere.issue(new_key(), asked_at=(responder.url,))
    responder.body = answer(elsewhere, other)
    responder.may_answer.set()
    assert await known.look(x509.load_pem_x509_certificate(other), elsewhere.root)
    assert not await looking


async def test_closing_ends_what_is_asked(
    elsewhere: Elsewhere, responder: Responder, leaf: bytes
) -> None:
    responder.may_answer.clear()
    known = ShownCertificates()
    looking = asyncio.create_task(
        known.look(x509.load_pem_x509_certificate(leaf), elsewhere.root)
    )
    async with asyncio.timeout(PATIENCE):
        while not responder.asked:
            await asyncio.sleep(0.01)
        known.close()
        assert not await looking
