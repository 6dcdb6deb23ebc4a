"""The encrypted listener, with real sockets and OpenSSL's own client."""

import asyncio
from datetime import timedelta
from pathlib import Path
import shutil
import socket
import ssl
from typing import Any

from cryptography import x509
import pytest
from websockets.exceptions import InvalidHandshake, InvalidStatus

from custom_components.ocpp.csms import tls as tls_module
from custom_components.ocpp.csms.admission import Refusal
from custom_components.ocpp.csms.authority import Authority, making
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.errors import PortUnavailable
from custom_components.ocpp.csms.model import (
    Options,
    Part,
    StationSettings,
    Topic,
    utcnow,
)
from custom_components.ocpp.csms.store import Store
from custom_components.ocpp.csms.tls import (
    REQUIRED,
    Tls,
    TlsError,
    TlsSettings,
    check_pair,
)
from tests.csms.conftest import IDENTITY, NAMES, PATIENCE, Listen, prepared, until
from tests.csms.papers import Elsewhere, client_context, key_pem, new_key, request
from tests.simulator import Charger
from tests.simulator_v2 import Station as Two

OPENSSL = shutil.which("openssl")
# Stands for the key of somebody else.
OTHERS = b"others"


@pytest.fixture
async def secure(listen: Listen) -> CentralSystem:
    """Return a central system with both listeners and an authority of its own."""
    return await listen()


def authority_of(central: CentralSystem) -> Authority:
    """Return the authority of a central system."""
    assert central.tls is not None
    return central.tls.authority


def over_tls(
    central: CentralSystem, context: ssl.SSLContext, identity: str = IDENTITY
) -> Charger:
    """Return a charger that knows the encrypted port."""
    return Charger(f"wss://localhost:{central.tls_port}", identity, tls=context)


def plainly(central: CentralSystem, identity: str = IDENTITY) -> Charger:
    """Return a charger that knows the other port."""
    return Charger(f"ws://127.0.0.1:{central.port}", identity)


async def refused(charger: Charger) -> int:
    """Return with which status a charger is turned away."""
    with pytest.raises(InvalidStatus) as turned_away:
        await charger.connect()
    return turned_away.value.response.status_code


def trusting(central: CentralSystem, tmp_path: Path, *shown: Any) -> ssl.SSLContext:
    """Return how a station that has our root connects."""
    return client_context(authority_of(central).root_file, tmp_path, *shown)


def knock(
    port: int, context: ssl.SSLContext, session: ssl.SSLSession | None = None
) -> tuple[str, bool, ssl.SSLSession | None]:
    """Return how the door is answered, if the session went on, and how it could. Blocks."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as raw,
        context.wrap_socket(raw, server_hostname="localhost", session=session) as tls,
    ):
        tls.sendall(
            b"GET /CP1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
        )
        told = tls.recv(4096).split()
        return told[1].decode(), bool(tls.session_reused), tls.session


class TestListening:
    """Both listeners serve the same stations."""

    async def test_a_charger_moves_from_one_listener_to_the_other(
        self, secure: CentralSystem, tmp_path: Path
    ) -> None:
        station = await secure.add_station(IDENTITY, StationSettings())
        async with plainly(secure) as charger:
            await charger.boot()
            assert station.security.arrival is not None
            assert not station.security.arrival.encrypted
        async with over_tls(secure, trusting(secure, tmp_path)) as charger:
            assert (await charger.boot())["status"] == "Accepted"
            assert station.connected
            assert station.security.arrival.encrypted
            assert station.security.arrival.certificate is None

    async def test_the_encrypted_one_can_be_the_only_one(
        self, listen: Listen, tmp_path: Path
    ) -> None:
        central = await listen(plain=False)
        await central.add_station(IDENTITY, StationSettings())
        assert central.listening
        with pytest.raises(OSError, match="Connect call failed"):
            await asyncio.open_connection("127.0.0.1", central.port)
        async with over_tls(central, trusting(central, tmp_path)) as charger:
            assert (await charger.boot())["status"] == "Accepted"

    async def test_whoever_does_not_trust_the_root_stays_away(
        self, secure: CentralSystem
    ) -> None:
        with pytest.raises(ssl.SSLCertVerificationError):
            await over_tls(secure, ssl.create_default_context()).connect()

    async def test_a_port_that_is_taken_is_named(
        self, secure: CentralSystem, listen: Listen, store: Store, options: Options
    ) -> None:
        assert secure.tls_port is not None
        tls = Tls(
            settings=TlsSettings(port=secure.tls_port), authority=authority_of(secure)
        )
        other = CentralSystem(
            host="127.0.0.1", port=0, store=store, options=options, tls=tls
        )
        with pytest.raises(PortUnavailable) as taken:
            await other.bind()
        assert taken.value.port == secure.tls_port
        await other.close()


class TestRenewing:
    """Certificates change under the listener; nobody is disconnected."""

    async def test_the_next_connection_is_shown_the_new_one(
        self,
        secure: CentralSystem,
        tmp_path: Path,
    ) -> None:
        tls = secure.tls
        assert tls is not None
        await secure.add_station(IDENTITY, StationSettings())
        context = trusting(secure, tmp_path)
        async with over_tls(secure, context) as charger:
            await charger.boot()
            before = await shown(secure, context)
            assert not await asyncio.to_thread(tls.refresh)
            assert await shown(secure, context) == before
            # The machine has another address.
            tls.names = (*NAMES, "192.0.2.7")
            assert await asyncio.to_thread(tls.refresh)
            after = await shown(secure, context)
            assert after.serial_number != before.serial_number
            assert "192.0.2.7" in making.names_of(after)
            assert charger.connected
            assert (await charger.boot())["status"] == "Accepted"

    async def test_files_of_people_are_read_again_when_they_change(
        self, listen: Listen, tmp_path: Path
    ) -> None:
        elsewhere = Elsewhere()
        root = tmp_path / "elsewhere.pem"
        root.write_bytes(elsewhere.pem())
        own = own_files(tmp_path, elsewhere)
        central = await listen(**own)
        tls = central.tls
        assert tls is not None
        assert tls.own_files
        context = client_context(root, tmp_path)
        first = await shown(central, context)
        key = own["key"].read_bytes()
        own["key"].write_bytes(b"half")
        with pytest.raises(TlsError, match="invalid_key"):
            await asyncio.to_thread(tls.refresh)
        assert await shown(central, context) == first
        own["key"].write_bytes(key)
        own_files(tmp_path, elsewhere)
        assert await asyncio.to_thread(tls.refresh)
        assert await shown(central, context) != first

    async def test_certificates_of_our_own_are_renewed_before_their_end(
        self, tmp_path: Path
    ) -> None:
        now = utcnow()
        early = Authority(tmp_path / "a", clock=lambda: now - timedelta(days=370))
        early.open()
        old = [path.read_bytes() for path in early.server_files(NAMES)]
        authority = Authority(tmp_path / "a", clock=lambda: now)
        authority.open()
        assert authority.root == early.root
        new = [path.read_bytes() for path in authority.server_files(NAMES)]
        assert not set(old) & set(new)
        assert [path.read_bytes() for path in authority.server_files(NAMES)] == new


async def shown(central: CentralSystem, context: ssl.SSLContext) -> x509.Certificate:
    """Return the certificate that the next connection is shown."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", central.tls_port, ssl=context, server_hostname="localhost"
    )
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    await writer.wait_closed()
    del reader
    return x509.load_der_x509_certificate(der)


def own_files(
    tmp_path: Path, elsewhere: Elsewhere, kind: str = "rsa"
) -> dict[str, Path]:
    """Return files with a certificate for this machine and its key, as settings."""
    key = new_key(kind)
    certificate, secret = tmp_path / "own.pem", tmp_path / "own.key"
    certificate.write_bytes(elsewhere.issue(key, "localhost", hosts=("localhost",)))
    secret.write_bytes(key_pem(key))
    return {"certificate": certificate, "key": secret}


class TestFiles:
    """Files of people are looked at before they are used."""

    @pytest.fixture
    def own(self, tmp_path: Path) -> dict[str, Path]:
        """Return a pair that is fine."""
        return own_files(tmp_path, Elsewhere(), "ecdsa")

    def test_a_pair_that_fits_is_taken(self, own: dict[str, Path]) -> None:
        pair = check_pair(**own)
        assert pair.expires > utcnow()

    @pytest.mark.parametrize(
        ("file", "content", "reason"),
        [
            ("certificate", b"nonsense", "invalid_certificate"),
            ("key", b"nonsense", "invalid_key"),
            ("key", OTHERS, "key_mismatch"),
            ("certificate", None, "unreadable_file"),
            ("key", None, "unreadable_file"),
        ],
    )
    def test_one_that_can_not_be_used_is_told_apart(
        self, own: dict[str, Path], file: str, content: bytes | None, reason: str
    ) -> None:
        if content is None:
            own[file].unlink()
        elif content == OTHERS:
            own[file].write_bytes(key_pem(new_key()))
        else:
            own[file].write_bytes(content)
        with pytest.raises(TlsError) as error:
            check_pair(**own)
        assert error.value.reason == reason
        assert error.value.field == f"tls_{file}"
        assert error.value.path == own[file]

    def test_a_key_is_needed(self, own: dict[str, Path]) -> None:
        with pytest.raises(TlsError) as error:
            check_pair(own["certificate"], None, suffix="_rsa")
        assert (error.value.field, error.value.reason) == ("tls_key_rsa", "key_missing")

    async def test_nothing_listens_with_a_file_that_can_not_be_used(
        self, listen: Listen, own: dict[str, Path]
    ) -> None:
        own["key"].unlink()
        with pytest.raises(TlsError):
            await listen(**own)


class TestProfileThree:
    """A charger that has to show a certificate shows the one that was issued to it."""

    @pytest.fixture
    async def strict(self, secure: CentralSystem) -> CentralSystem:
        """Return a central system with a charger at profile 3."""
        await secure.add_station(IDENTITY, StationSettings(security_profile=3))
        return secure

    async def test_with_the_certificate_issued_to_it_it_may_come(
        self, strict: CentralSystem, tmp_path: Path
    ) -> None:
        key = new_key()
        authority = authority_of(strict)
        chain = authority.sign(request(key), station=IDENTITY, names=[IDENTITY])
        context = trusting(strict, tmp_path, chain, key)
        async with over_tls(strict, context) as charger:
            assert (await charger.boot())["status"] == "Accepted"
            station = strict.stations["cp1"]
            assert station.security.arrival is not None
            certificate = station.security.arrival.certificate
            assert certificate is not None
            assert certificate.valid
            assert certificate.issued_to == "cp1"
            assert certificate.common_name == IDENTITY
            assert certificate.organisation == making.ORGANISATION
            assert station.security.certificate is not None
            assert station.security.certificate.expires == certificate.expires

    @pytest.mark.parametrize(
        "version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
    )
    async def test_it_counts_also_where_a_session_is_taken_up_again(
        self, strict: CentralSystem, tmp_path: Path, version: ssl.TLSVersion
    ) -> None:
        """As only TLS 1.2 does; the certificate from before counts, as long as it does."""
        assert strict.tls is not None
        assert strict.tls_port is not None
        key = new_key()
        chain = authority_of(strict).sign(
            request(key), station=IDENTITY, names=[IDENTITY]
        )
        context = trusting(strict, tmp_path, chain, key)
        context.maximum_version = version
        first = await asyncio.to_thread(knock, strict.tls_port, context)
        assert first[:2] == ("101", False)
        resumed = version is ssl.TLSVersion.TLSv1_2
        second = await asyncio.to_thread(knock, strict.tls_port, context, first[2])
        assert second[:2] == ("101", resumed)
        await asyncio.to_thread(authority_of(strict).revoke, IDENTITY)
        third = await asyncio.to_thread(knock, strict.tls_port, context, first[2])
        assert third[:2] == ("403", resumed)

    @pytest.mark.parametrize(
        "version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
    )
    async def test_who_is_trusted_no_more_can_not_take_up_a_session_from_before(
        self, listen: Listen, tmp_path: Path, version: ssl.TLSVersion
    ) -> None:
        signed, other, key = Elsewhere(), Elsewhere(), new_key()
        trusted = tmp_path / "trusted.pem"
        trusted.write_bytes(signed.pem())
        central = await listen(client_ca=trusted, organisation="Elsewhere")
        assert central.tls is not None
        assert central.tls_port is not None
        await central.add_station(IDENTITY, StationSettings(security_profile=3))
        context = trusting(central, tmp_path, signed.issue(key).decode(), key)
        context.maximum_version = version
        first = await asyncio.to_thread(knock, central.tls_port, context)
        assert first[0] == "101"
        trusted.write_bytes(other.pem())
        assert await asyncio.to_thread(central.tls.refresh)
        # It ends in an error, or in nothing that is said.
        with pytest.raises((OSError, IndexError)):
            await asyncio.to_thread(knock, central.tls_port, context, first[2])
        assert central.refused == {Refusal.UNTRUSTED_CERTIFICATE: 1}

    async def test_no_tickets_are_given(
        self, strict: CentralSystem, tmp_path: Path
    ) -> None:
        """What is in them would be known to whoever gets hold of the memory of today."""
        assert strict.tls_port is not None
        context = trusting(strict, tmp_path)
        _, _, session = await asyncio.to_thread(knock, strict.tls_port, context)
        assert session is None or not session.has_ticket

    async def test_without_one_it_may_not(
        self, strict: CentralSystem, tmp_path: Path
    ) -> None:
        assert await refused(plainly(strict)) == 403
        assert await refused(over_tls(strict, trusting(strict, tmp_path))) == 403
        assert strict.refused == {
            Refusal.NOT_ENCRYPTED: 1,
            Refusal.NO_CERTIFICATE: 1,
        }

    async def test_one_that_was_issued_to_another_is_refused(
        self, strict: CentralSystem, tmp_path: Path
    ) -> None:
        """Also where the other said that it has the same serial number."""
        key = new_key()
        chain = authority_of(strict).sign(
            request(key), station="CP2", names=[IDENTITY, "CP2"]
        )
        assert await refused(over_tls(strict, trusting(strict, tmp_path, chain, key)))
        assert strict.refused == {Refusal.OTHER_STATION: 1}

    async def test_one_that_was_taken_back_is_refused(
        self, strict: CentralSystem, tmp_path: Path
    ) -> None:
        key = new_key()
        authority = authority_of(strict)
        chain = authority.sign(request(key), station=IDENTITY, names=[IDENTITY])
        await strict.remove_station(IDENTITY)
        await strict.add_station(IDENTITY, StationSettings(security_profile=3))
        listed = x509.load_pem_x509_crl((authority.folder / "revoked.pem").read_bytes())
        serial = x509.load_pem_x509_certificate(chain.encode()).serial_number
        assert listed.get_revoked_certificate_by_serial_number(serial) is not None
        assert listed.is_signature_valid(authority.root.public_key())  # type: ignore[arg-type]
        assert await refused(over_tls(strict, trusting(strict, tmp_path, chain, key)))
        assert strict.refused == {Refusal.INVALID_CERTIFICATE: 1}

    async def test_one_of_nobody_we_trust_ends_the_handshake(
        self, strict: CentralSystem, tmp_path: Path
    ) -> None:
        key = new_key()
        context = trusting(strict, tmp_path, Elsewhere().issue(key), key)
        with pytest.raises((OSError, InvalidHandshake)):
            await over_tls(strict, context).connect()
        async with asyncio.timeout(PATIENCE):
            while not strict.refused:
                await asyncio.sleep(0.01)
        assert strict.refused == {Refusal.UNTRUSTED_CERTIFICATE: 1}

    async def test_a_charger_that_boots_as_another_is_rejected(
        self, strict: CentralSystem, tmp_path: Path
    ) -> None:
        key = new_key()
        chain = authority_of(strict).sign(
            request(key, "SN-1"), station=IDENTITY, names=["SN-1", IDENTITY]
        )
        station = strict.stations["cp1"]
        two = Two(
            f"wss://localhost:{strict.tls_port}",
            IDENTITY,
            serial="SN-2",
            tls=trusting(strict, tmp_path, chain, key),
        )
        await two.connect()
        assert (await two.boot())["status"] == "Rejected"
        await until(station, Part(Topic.CONNECTION), lambda: not station.connected)
        assert station.notes["BootNotification: another charger's certificate"] == 1
        assert station.provisioning.info is None
        await two.disconnect()
        two.boot_fields["serialNumber"] = "SN-1"
        await two.connect()
        assert (await two.boot())["status"] == "Accepted"
        await two.disconnect()

    async def test_one_that_never_booted_is_looked_at_when_it_does(
        self, listen: Listen, tmp_path: Path
    ) -> None:
        """Until then nobody can know its serial number."""
        elsewhere, key = Elsewhere(), new_key()
        (tmp_path / "ca.pem").write_bytes(elsewhere.pem())
        central = await listen(client_ca=tmp_path / "ca.pem", organisation="Mine")
        settings = StationSettings(security_profile=3)
        station = await central.add_station(IDENTITY, settings)
        shown = elsewhere.issue(key, "SN-1", "Mine")
        two = Two(
            f"wss://localhost:{central.tls_port}",
            IDENTITY,
            serial=None,
            tls=trusting(central, tmp_path, shown, key),
        )
        await two.connect()
        assert (await two.boot())["status"] == "Rejected"
        await two.disconnect()
        two.boot_fields["serialNumber"] = "SN-1"
        await two.connect()
        assert (await two.boot())["status"] == "Accepted"
        await two.disconnect()
        del two.boot_fields["serialNumber"]
        await two.connect()
        assert (await two.boot())["status"] == "Accepted"
        assert station.provisioning.info is not None
        assert station.provisioning.info.serial == "SN-1"
        await two.disconnect()

    async def test_raising_the_profile_ends_a_connection_below_it(
        self, secure: CentralSystem
    ) -> None:
        station = await secure.add_station(IDENTITY, StationSettings())
        async with plainly(secure) as charger:
            await charger.boot()
            station.apply_settings(StationSettings(security_profile=1))
            secure.recheck(station)
            assert (await charger.boot())["status"] == "Accepted"
            station.apply_settings(StationSettings(security_profile=2))
            secure.recheck(station)
            await until(station, Part(Topic.CONNECTION), lambda: not station.connected)


class TestOtherAuthorities:
    """Certificates that people get elsewhere count by their organisation and name."""

    @pytest.fixture
    def elsewhere(self) -> Elsewhere:
        """Return another authority."""
        return Elsewhere()

    @pytest.fixture
    async def strict(
        self, listen: Listen, tmp_path: Path, elsewhere: Elsewhere
    ) -> CentralSystem:
        """Return a central system that trusts it."""
        (tmp_path / "ca.pem").write_bytes(elsewhere.pem())
        central = await listen(
            client_ca=tmp_path / "ca.pem", organisation="My chargers"
        )
        await central.add_station(IDENTITY, StationSettings(security_profile=3))
        return central

    @pytest.mark.parametrize(
        ("common_name", "organisation", "holds", "why"),
        [
            ("CP1", "my chargers", 90, None),
            ("SIM0001", "My chargers", 90, None),
            ("CP1", "Others", 90, Refusal.OTHER_ORGANISATION),
            ("CP2", "My chargers", 90, Refusal.OTHER_STATION),
            ("CP1", "My chargers", -2, Refusal.INVALID_CERTIFICATE),
        ],
    )
    async def test_what_counts(
        self,
        strict: CentralSystem,
        elsewhere: Elsewhere,
        tmp_path: Path,
        common_name: str,
        organisation: str,
        holds: int,
        why: Refusal | None,
    ) -> None:
        station = strict.stations["cp1"]
        # It is known by its serial number.
        station.apply_settings(StationSettings())
        async with plainly(strict) as charger:
            charger.boot_fields["chargePointSerialNumber"] = "SIM0001"
            await charger.boot()
        station.apply_settings(StationSettings(security_profile=3))
        key = new_key("rsa")
        certificate = elsewhere.issue(
            key, common_name, organisation, holds=timedelta(days=holds)
        )
        charger = over_tls(strict, trusting(strict, tmp_path, certificate, key))
        if why is None:
            async with charger:
                assert (await charger.boot())["status"] == "Accepted"
        else:
            assert await refused(charger) == 403
            assert strict.refused == {why: 1}


@pytest.mark.skipif(OPENSSL is None, reason="there is no openssl to ask")
class TestOpenSsl:
    """What OpenSSL's own client agrees on with the listener."""

    async def ask(self, central: CentralSystem, *options: str) -> tuple[int, str]:
        """Return how it ended, and what was told."""
        assert OPENSSL is not None
        process = await asyncio.create_subprocess_exec(
            OPENSSL,
            "s_client",
            "-connect",
            f"127.0.0.1:{central.tls_port}",
            *(() if "-noservername" in options else ("-servername", "localhost")),
            "-verify_return_error",
            "-CAfile",
            str(authority_of(central).root_file),
            *options,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(PATIENCE):
            told, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, told.decode(errors="replace")

    @pytest.mark.parametrize("suite", REQUIRED)
    async def test_each_suite_that_ocpp_asks_for(
        self, secure: CentralSystem, suite: str
    ) -> None:
        ended, told = await self.ask(secure, "-tls1_2", "-cipher", suite)
        assert ended == 0, told
        assert f"Cipher is {suite}" in told
        assert "Verify return code: 0 (ok)" in told
        assert "Compression: NONE" in told

    async def test_the_newest_version(self, secure: CentralSystem) -> None:
        ended, told = await self.ask(secure, "-tls1_3")
        assert ended == 0, told
        assert "TLSv1.3" in told

    @pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
    async def test_old_versions_only_where_people_want_them(
        self, listen: Listen, version: str
    ) -> None:
        old = (version, "-cipher", "ALL@SECLEVEL=0")
        ended, told = await self.ask(await listen(), *old)
        assert ended != 0
        assert "Cipher is (NONE)" in told
        ended, told = await self.ask(await listen(old_versions=True), *old)
        assert ended == 0, told
        assert "Verify return code: 0 (ok)" in told

    @pytest.mark.parametrize(
        "suite", ["AES128-SHA", "ECDHE-RSA-AES128-SHA", "PSK-AES128-GCM-SHA256"]
    )
    async def test_suites_that_are_not_safe_any_more_are_not_there(
        self, secure: CentralSystem, suite: str
    ) -> None:
        ended, _ = await self.ask(secure, "-tls1_2", "-cipher", f"{suite}:@SECLEVEL=0")
        assert ended != 0

    async def test_whoever_shows_nothing_is_asked_and_let_in(
        self, secure: CentralSystem
    ) -> None:
        ended, told = await self.ask(secure, "-tls1_2", "-state")
        assert ended == 0, told
        assert "read server certificate request" in told

    async def test_after_a_renewal_both_kinds_are_the_new_ones(
        self, secure: CentralSystem
    ) -> None:
        tls = secure.tls
        assert tls is not None
        tls.names = (*NAMES, "charging.example")
        assert await asyncio.to_thread(tls.refresh)
        for suite in REQUIRED:
            ended, told = await self.ask(
                secure,
                *("-tls1_2", "-cipher", suite),
                *("-verify_hostname", "charging.example"),
            )
            assert ended == 0, told
        # Also for whoever names no server.
        ended, told = await self.ask(
            secure, "-noservername", "-verify_hostname", "charging.example"
        )
        assert ended == 0, told


def test_a_build_without_a_suite_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tls_module, "REQUIRED", (*REQUIRED, "OLD-SUITE"))
    Tls(settings=TlsSettings(port=0), authority=Authority(tmp_path / "a")).load()
    assert "OpenSSL was built without OLD-SUITE" in caplog.text


async def test_no_secret_is_told(
    listen: Listen, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in the log nor in what settings look like."""
    caplog.set_level("DEBUG")
    central = await listen()
    station = await central.add_station(IDENTITY, StationSettings())
    async with over_tls(central, trusting(central, tmp_path)) as charger:
        await charger.boot()
        await prepared(station)
    assert "PRIVATE" not in caplog.text
    for file in authority_of(central).folder.iterdir():
        assert file.stat().st_mode & 0o077 == 0
