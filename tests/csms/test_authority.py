"""Our own certificate authority: its root, what it signs, and what it takes back."""

from base64 import b64encode
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
import pytest

from custom_components.ocpp.csms.authority import (
    Authority,
    AuthorityError,
    BadRequest,
    making,
    read_request,
    register,
)
from custom_components.ocpp.csms.model import utcnow
from tests.csms.papers import Elsewhere, new_key, request

NAMES = ("charging.example", "192.0.2.1", "fd00::1")


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        """Show the present."""
        self.now = utcnow()

    def __call__(self) -> datetime:
        """Return what it shows."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return the clock of the authority."""
    return Clock()


@pytest.fixture
def authority(tmp_path: Path, clock: Clock) -> Authority:
    """Return an authority that was just made."""
    authority = Authority(tmp_path / "ocpp", clock=clock)
    authority.open()
    return authority


def sign(authority: Authority, asked: str, station: str = "CP1") -> x509.Certificate:
    """Return what is signed for a station with the serial number SN-1."""
    pem = authority.sign(asked, station=station, names=["SN-1", station])
    return x509.load_pem_x509_certificate(pem.encode())


def common_name(certificate: x509.Certificate) -> str:
    """Return whom a certificate is for."""
    return making.attribute(certificate.subject, NameOID.COMMON_NAME)


class TestRoot:
    """It is made once."""

    def test_it_holds_for_twenty_years(self, authority: Authority) -> None:
        root = authority.root
        key = root.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert isinstance(key.curve, ec.SECP256R1)
        assert root.not_valid_after_utc > utcnow() + timedelta(days=19 * 365)
        constraints = root.extensions.get_extension_for_class(x509.BasicConstraints)
        assert constraints.value.ca
        assert constraints.value.path_length == 0
        assert len(authority.fingerprint()) == 95

    def test_it_is_the_same_after_a_restart(self, authority: Authority) -> None:
        # What people deleted, or changed, of what is for them only comes back.
        authority.root_file.unlink()
        again = Authority(authority.folder)
        again.open()
        again.open()
        assert again.root == authority.root
        shown = x509.load_pem_x509_certificate(authority.root_file.read_bytes())
        assert shown == authority.root

    def test_two_are_told_apart(self, authority: Authority, tmp_path: Path) -> None:
        other = Authority(tmp_path / "other")
        other.open()
        assert other.root.subject != authority.root.subject

    def test_nobody_else_can_read_the_files(self, authority: Authority) -> None:
        authority.server_files(NAMES)
        assert authority.folder.stat().st_mode & 0o777 == 0o700
        files = list(authority.folder.iterdir())
        assert len(files) == 5
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
        # A backup that was restored.
        (authority.folder / "root.key").chmod(0o644)
        Authority(authority.folder).open()
        assert (authority.folder / "root.key").stat().st_mode & 0o777 == 0o600

    @pytest.mark.parametrize("file", ["root.key", "issued.json"])
    def test_one_that_is_damaged_is_told_of(
        self, authority: Authority, file: str
    ) -> None:
        authority.server_files(NAMES)
        (authority.folder / file).write_bytes(b"{}")
        with pytest.raises(AuthorityError, match=file):
            Authority(authority.folder).open()

    def test_a_key_that_is_not_its_own_is_told_of(
        self, authority: Authority, tmp_path: Path
    ) -> None:
        other = Authority(tmp_path / "other")
        other.open()
        kept = authority.folder / "root.key"
        key = kept.read_bytes().partition(b"-----BEGIN CERT")[0]
        kept.write_bytes(key + other.root_file.read_bytes())
        with pytest.raises(AuthorityError):
            Authority(authority.folder).open()

    def test_an_rsa_root_is_none_of_ours(self, authority: Authority) -> None:
        authority.server_files(NAMES)
        server = (authority.folder / "server-rsa.key").read_bytes()
        (authority.folder / "root.key").write_bytes(server)
        with pytest.raises(AuthorityError):
            Authority(authority.folder).open()

    def test_a_folder_that_can_not_be_made_is_told_of(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(AuthorityError):
            Authority(tmp_path / "file" / "ocpp").open()
        with pytest.raises(AuthorityError, match="not open"):
            _ = Authority(tmp_path / "other").root


class TestServer:
    """What the listener shows."""

    def read(self, authority: Authority) -> list[x509.Certificate]:
        """Return its certificates."""
        return [
            x509.load_pem_x509_certificate(path.read_bytes())
            for path in authority.server_files(NAMES)
        ]

    def test_there_is_one_of_each_kind(self, authority: Authority) -> None:
        elliptic, other = self.read(authority)
        assert isinstance(elliptic.public_key(), ec.EllipticCurvePublicKey)
        key = other.public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        assert key.key_size >= 2048
        usage = other.extensions.get_extension_for_class(x509.KeyUsage).value
        # Two of the suites that OCPP asks for encrypt with it.
        assert usage.key_encipherment
        for certificate in (elliptic, other):
            assert making.names_of(certificate) == set(NAMES)
            assert common_name(certificate) == "charging.example"
            assert authority.issued(certificate)

    def test_they_stay_until_there_is_a_reason(
        self, authority: Authority, clock: Clock
    ) -> None:
        before = self.read(authority)
        clock.now += timedelta(days=300)
        assert self.read(authority) == before
        (authority.folder / "server-ecdsa.key").write_text("damaged")
        elliptic, other = self.read(authority)
        assert elliptic != before[0]
        assert other == before[1]
        clock.now += timedelta(days=70)
        elliptic, other = self.read(authority)
        assert other != before[1]

    def test_those_of_another_root_are_replaced(
        self, authority: Authority, tmp_path: Path
    ) -> None:
        other = Authority(tmp_path / "other")
        other.open()
        (foreign, _) = other.server_files(NAMES)
        (authority.folder / "server-ecdsa.key").write_bytes(foreign.read_bytes())
        assert authority.issued(self.read(authority)[0])


class TestStation:
    """What stations show."""

    @pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
    def test_it_has_the_key_of_the_request(
        self, authority: Authority, kind: str
    ) -> None:
        key = new_key(kind)
        made = sign(authority, request(key, "SN-1", "My chargers"))
        assert made.public_key() == key.public_key()
        assert common_name(made) == "SN-1"
        organisation = making.attribute(made.subject, NameOID.ORGANIZATION_NAME)
        assert organisation == "My chargers"
        use = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        # Nobody can pose as the server with it.
        assert list(use) == [ExtendedKeyUsageOID.CLIENT_AUTH]
        standing = authority.standing(made)
        assert standing is not None
        assert standing.holds
        assert standing.station == "cp1"

    @pytest.mark.parametrize(
        ("asked", "given"),
        [
            ("SN-1", "SN-1"),
            ("cp1", "CP1"),
            ("CP2", "SN-1"),
            ("", "SN-1"),
        ],
    )
    def test_it_is_for_nobody_else(
        self, authority: Authority, asked: str, given: str
    ) -> None:
        made = sign(authority, request(new_key(), asked))
        assert common_name(made) == given
        organisation = making.attribute(made.subject, NameOID.ORGANIZATION_NAME)
        assert organisation == making.ORGANISATION

    def test_the_same_request_has_the_same_answer(
        self, authority: Authority, clock: Clock
    ) -> None:
        asked = request(new_key())
        first = sign(authority, asked)
        assert sign(authority, asked) == first
        again = Authority(authority.folder, clock=clock)
        again.open()
        assert sign(again, asked.replace("\n", "\r\n")) == first
        # Not for another, not when it is soon over, and not when it was taken back.
        assert sign(again, asked, "CP2") != first
        clock.now = first.not_valid_after_utc - timedelta(days=29)
        second = sign(again, asked)
        assert second != first
        again.revoke("cp1")
        assert sign(again, asked) not in (first, second)

    def test_a_station_has_a_few_at_most(
        self, authority: Authority, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What is forgotten counts no more."""
        monkeypatch.setattr(register, "MOST_OF_A_STATION", 2)
        monkeypatch.setattr(register, "MOST", 3)
        made = [sign(authority, request(new_key())) for _ in range(3)]
        of_another = [sign(authority, request(new_key()), "CP2") for _ in range(2)]

        def holds(certificate: x509.Certificate) -> bool:
            standing = authority.standing(certificate)
            assert standing is not None
            return standing.holds

        assert [holds(one) for one in made] == [False, False, True]
        assert [holds(one) for one in of_another] == [True, True]

    def test_the_one_that_a_station_uses_counts_on(self, authority: Authority) -> None:
        """However many it asks for besides."""
        used = sign(authority, request(new_key()))
        for _ in range(register.MOST_OF_A_STATION + 2):
            authority.sign(
                request(new_key()),
                station="CP1",
                names=["CP1"],
                used=used.serial_number,
            )
        standing = authority.standing(used)
        assert standing is not None
        assert standing.holds

    def test_those_of_others_are_none_of_our_business(
        self, authority: Authority
    ) -> None:
        issued = Elsewhere().issue(new_key())
        assert authority.standing(x509.load_pem_x509_certificate(issued)) is None

    def test_what_can_not_be_kept_is_not_issued(self, authority: Authority) -> None:
        # Something is in the way that can't be replaced.
        (authority.folder / "issued.json.new").mkdir()
        with pytest.raises(AuthorityError, match=r"issued\.json"):
            sign(authority, request(new_key()))


class TestRequests:
    """What is signed, and what is not."""

    def test_bare_content_is_read_as_well(self) -> None:
        asked = x509.load_pem_x509_csr(request(new_key()).encode())
        bare = b64encode(asked.public_bytes(Encoding.DER)).decode()
        assert read_request(bare) == asked

    @pytest.mark.parametrize(
        ("asked", "why"),
        [
            ("", "not readable"),
            ("no request", "not readable"),
            ("-----BEGIN CERTIFICATE REQUEST-----", "not readable"),
            ("x" * 10_001, "too long"),
        ],
    )
    def test_nonsense_is_refused(self, asked: str, why: str) -> None:
        with pytest.raises(BadRequest, match=why):
            read_request(asked)

    @pytest.mark.parametrize(
        "key",
        [
            rsa.generate_private_key(public_exponent=65537, key_size=1024),
            ec.generate_private_key(ec.SECP192R1()),
            ed25519.Ed25519PrivateKey.generate(),
        ],
        ids=["rsa", "ecdsa", "ed25519"],
    )
    def test_weak_keys_are_refused(self, key: Any) -> None:
        algorithm: HashAlgorithm | None = SHA256()
        if isinstance(key, ed25519.Ed25519PrivateKey):
            algorithm = None
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        asked = builder.sign(key, algorithm).public_bytes(Encoding.PEM).decode()
        with pytest.raises(BadRequest, match="too weak"):
            read_request(asked)

    def test_whoever_does_not_have_the_key_is_refused(self) -> None:
        asked = x509.load_pem_x509_csr(request(new_key()).encode())
        der = bytearray(asked.public_bytes(Encoding.DER))
        der[-1] ^= 1
        with pytest.raises(BadRequest, match="not signed with its key"):
            read_request(b64encode(bytes(der)).decode())


class TestQuestions:
    """What stations ask about certificates of ours."""

    @pytest.fixture
    def made(self, authority: Authority) -> x509.Certificate:
        """Return a certificate of a station."""
        return sign(authority, request(new_key()))

    def ask(
        self,
        authority: Authority,
        certificate: x509.Certificate,
        algorithm: HashAlgorithm | None = None,
    ) -> ocsp.OCSPResponse:
        """Ask as a station does, which makes the hashes in its own way."""
        algorithm = algorithm or SHA256()
        asked = (
            ocsp.OCSPRequestBuilder()
            .add_certificate(certificate, authority.root, algorithm)
            .build()
        )
        answer = authority.answer_ocsp(
            {
                "hashAlgorithm": algorithm.name.upper(),
                "issuerNameHash": asked.issuer_name_hash.hex(),
                "issuerKeyHash": asked.issuer_key_hash.hex().upper(),
                "serialNumber": f"{certificate.serial_number:x}",
            }
        )
        assert answer is not None
        told = ocsp.load_der_ocsp_response(answer)
        key = authority.root.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        key.verify(told.signature, told.tbs_response_bytes, ec.ECDSA(SHA256()))
        assert told.serial_number == certificate.serial_number
        return told

    @pytest.mark.parametrize("algorithm", [SHA256(), SHA384()], ids=lambda it: it.name)
    def test_one_that_holds(
        self, authority: Authority, made: x509.Certificate, algorithm: HashAlgorithm
    ) -> None:
        told = self.ask(authority, made, algorithm)
        assert told.certificate_status is ocsp.OCSPCertStatus.GOOD

    def test_those_of_the_authority_itself(self, authority: Authority) -> None:
        (server, _) = authority.server_files(NAMES)
        for certificate in (
            authority.root,
            x509.load_pem_x509_certificate(server.read_bytes()),
        ):
            told = self.ask(authority, certificate)
            assert told.certificate_status is ocsp.OCSPCertStatus.GOOD

    def test_one_that_was_taken_back(
        self, authority: Authority, made: x509.Certificate, clock: Clock
    ) -> None:
        clock.now += timedelta(days=1)
        authority.revoke("CP1")
        told = self.ask(authority, made)
        assert told.certificate_status is ocsp.OCSPCertStatus.REVOKED
        assert told.revocation_time_utc == clock.now.replace(microsecond=0)
        again = Authority(authority.folder, clock=clock)
        again.open()
        standing = again.standing(made)
        assert standing is not None
        assert not standing.holds
        written = (authority.folder / "revoked.pem").read_bytes()
        clock.now += timedelta(days=1)
        authority.revoke("CP1")
        assert (authority.folder / "revoked.pem").read_bytes() == written

    def test_one_that_nobody_issued(
        self, authority: Authority, made: x509.Certificate
    ) -> None:
        forgotten = Authority(authority.folder)
        (authority.folder / "issued.json").unlink()
        forgotten.open()
        told = self.ask(forgotten, made)
        assert told.certificate_status is ocsp.OCSPCertStatus.UNKNOWN

    @pytest.mark.parametrize(
        "changed",
        [
            {"issuerNameHash": "00" * 32},
            {"issuerKeyHash": "00" * 32},
            {"hashAlgorithm": "MD5"},
            {"serialNumber": "no number"},
            {"issuerKeyHash": "xyz"},
        ],
    )
    def test_others_are_for_others_to_answer(
        self, authority: Authority, made: x509.Certificate, changed: dict[str, str]
    ) -> None:
        asked = (
            ocsp.OCSPRequestBuilder()
            .add_certificate(made, authority.root, SHA256())
            .build()
        )
        data = {
            "hashAlgorithm": "SHA256",
            "issuerNameHash": asked.issuer_name_hash.hex(),
            "issuerKeyHash": asked.issuer_key_hash.hex(),
            "serialNumber": "1f",
        }
        assert authority.answer_ocsp(data) is not None
        assert authority.answer_ocsp(data | changed) is None
        assert authority.answer_ocsp({}) is None
