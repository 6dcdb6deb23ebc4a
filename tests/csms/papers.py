"""What stations have to show, made on the spot: keys, requests, and other authorities."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
import ssl

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    NameOID,
)

_SIGNING = x509.KeyUsage(
    key_cert_sign=True,
    crl_sign=True,
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)

type Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def new_key(kind: str = "ecdsa") -> Key:
    """Return a key of the kind that OCPP asks for."""
    if kind == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


def name(common_name: str, organisation: str = "") -> x509.Name:
    """Return the name of somebody."""
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organisation:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name(attributes)


def request(key: Key, common_name: str = "CP1", organisation: str = "") -> str:
    """Return a request for a certificate, as PEM."""
    subject = name(common_name, organisation) if common_name else x509.Name([])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


def key_pem(key: Key, password: bytes = b"") -> bytes:
    """Return a key as a file has it."""
    kept = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, kept)


class Elsewhere:
    """An authority that is not ours."""

    def __init__(self) -> None:
        """Make its root."""
        self.key = ec.generate_private_key(ec.SECP256R1())
        subject = name("Elsewhere", "Elsewhere")
        self.root = self._certificate(
            subject, self.key.public_key(), timedelta(days=365), ca=True
        )

    def pem(self) -> bytes:
        """Return its root."""
        return self.root.public_bytes(Encoding.PEM)

    def issue(
        self,
        key: Key,
        common_name: str = "CP1",
        organisation: str = "Elsewhere",
        *,
        holds: timedelta = timedelta(days=90),
        hosts: tuple[str, ...] = (),
        asked_at: tuple[str, ...] = (),
    ) -> bytes:
        """Return a certificate for a station, or for a server where there are hosts.

        Whether it was revoked is asked at addresses that it names.
        """
        made = self._certificate(
            name(common_name, organisation),
            key.public_key(),
            holds,
            hosts=hosts,
            asked_at=asked_at,
        )
        return made.public_bytes(Encoding.PEM)

    def _certificate(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
        holds: timedelta,
        *,
        ca: bool = False,
        hosts: tuple[str, ...] = (),
        asked_at: tuple[str, ...] = (),
    ) -> x509.Certificate:
        until = datetime.now(UTC) + holds
        use = (
            ExtendedKeyUsageOID.SERVER_AUTH
            if hosts
            else ExtendedKeyUsageOID.CLIENT_AUTH
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(name("Elsewhere", "Elsewhere"))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(until, datetime.now(UTC)) - timedelta(days=1))
            .not_valid_after(until)
            .add_extension(
                x509.BasicConstraints(ca=ca, path_length=None), critical=True
            )
        )
        builder = builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key), critical=False
        ).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
            critical=False,
        )
        if ca:
            builder = builder.add_extension(_SIGNING, critical=True)
        else:
            builder = builder.add_extension(
                x509.ExtendedKeyUsage([use]), critical=False
            )
        if hosts:
            names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        if asked_at:
            access = [
                x509.AccessDescription(
                    AuthorityInformationAccessOID.OCSP,
                    x509.UniformResourceIdentifier(url),
                )
                for url in asked_at
            ]
            builder = builder.add_extension(
                x509.AuthorityInformationAccess(access), critical=False
            )
        return builder.sign(self.key, SHA256())


def client_context(
    root: Path, folder: Path, certificate: bytes | str = b"", key: Key | None = None
) -> ssl.SSLContext:
    """Return how a station that trusts a root connects, with a certificate or without."""
    context = ssl.create_default_context(cafile=root)
    if key is not None:
        text = certificate.encode() if isinstance(certificate, str) else certificate
        file = folder / "station.pem"
        file.write_bytes(text + key_pem(key))
        context.load_cert_chain(file)
    return context
