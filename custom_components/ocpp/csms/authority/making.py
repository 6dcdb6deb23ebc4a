"""How the certificates of our own authority look."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
import secrets

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

type PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
type PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

# What certificates of stations name as the operator, unless a station asks for another.
ORGANISATION = "Home Assistant"
ROOT_HOLDS = timedelta(days=20 * 365)
# Some clients take no certificates of servers that hold for longer.
SERVER_HOLDS = timedelta(days=397)
# Longer than most chargers stay away.
STATION_HOLDS = timedelta(days=2 * 365)
# How long the list of what was revoked counts.
LIST_HOLDS = timedelta(days=365)
# Clocks of stations may be behind.
_LENIENCE = timedelta(days=1)
_LONGEST_NAME = 64
_RSA_BITS = 2048


def make_root(now: datetime) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """Return a new root and its key.

    Its name is unlike that of any other, so that two are not taken for each other.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"Charging stations {secrets.token_hex(4)}", ORGANISATION)
    certificate = (
        _begin(name, name, key.public_key(), now, ROOT_HOLDS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            _usage(digital_signature=True, key_cert_sign=True, crl_sign=True),
            critical=True,
        )
        .sign(key, SHA256())
    )
    return key, certificate


def make_key(*, rsa_key: bool) -> PrivateKey:
    """Return a new key for a server."""
    if rsa_key:
        return rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
    return ec.generate_private_key(ec.SECP256R1())


def make_server(
    key: PublicKey,
    names: Sequence[str],
    root: tuple[ec.EllipticCurvePrivateKey, x509.Certificate],
    now: datetime,
) -> x509.Certificate:
    """Return a certificate for a server of these names and addresses, the first foremost."""
    subject = _name(names[0] if names else "localhost", ORGANISATION)
    holds = min(now + SERVER_HOLDS, root[1].not_valid_after_utc) - now
    builder = _begin(subject, root[1].subject, key, now, holds)
    return _leaf(builder, key, ExtendedKeyUsageOID.SERVER_AUTH, root, names)


def make_station(
    key: PublicKey,
    common_name: str,
    organisation: str,
    root: tuple[ec.EllipticCurvePrivateKey, x509.Certificate],
    now: datetime,
) -> x509.Certificate:
    """Return a certificate that a station shows when it connects."""
    subject = _name(common_name, organisation or ORGANISATION)
    holds = min(now + STATION_HOLDS, root[1].not_valid_after_utc) - now
    builder = _begin(subject, root[1].subject, key, now, holds)
    return _leaf(builder, key, ExtendedKeyUsageOID.CLIENT_AUTH, root)


def make_list(
    revoked: Iterable[tuple[int, datetime]],
    root: tuple[ec.EllipticCurvePrivateKey, x509.Certificate],
    now: datetime,
) -> x509.CertificateRevocationList:
    """Return the list of certificates that do not count any more (RFC 5280)."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(root[1].subject)
        .last_update(now)
        .next_update(now + LIST_HOLDS)
    )
    for serial, at in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(serial)
            .revocation_date(at)
            .build()
        )
    return builder.sign(root[0], SHA256())


def names_of(certificate: x509.Certificate) -> set[str]:
    """Return the names and addresses that a certificate of a server is for."""
    try:
        names = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        ).value
    except x509.ExtensionNotFound:
        return set()
    return {
        *names.get_values_for_type(x509.DNSName),
        *map(str, names.get_values_for_type(x509.IPAddress)),
    }


def attribute(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    """Return one attribute of a name, or nothing."""
    values = name.get_attributes_for_oid(oid)
    return str(values[0].value) if values else ""


def _name(common_name: str, organisation: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common_name[:_LONGEST_NAME]),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation[:_LONGEST_NAME]),
        ]
    )


def _begin(
    subject: x509.Name,
    issuer: x509.Name,
    key: PublicKey,
    now: datetime,
    holds: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _LENIENCE)
        .not_valid_after(now + holds)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _leaf(
    builder: x509.CertificateBuilder,
    key: PublicKey,
    use: x509.ObjectIdentifier,
    root: tuple[ec.EllipticCurvePrivateKey, x509.Certificate],
    names: Sequence[str] = (),
) -> x509.Certificate:
    # Two of the four suites encrypt with the RSA key itself.
    usage = _usage(
        digital_signature=True, key_encipherment=isinstance(key, rsa.RSAPublicKey)
    )
    above = root[1].extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        builder.add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        )
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(above),
            critical=False,
        )
    )
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_general(name) for name in names]),
            critical=False,
        )
    return builder.sign(root[0], SHA256())


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(
    *,
    digital_signature: bool,
    key_encipherment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_encipherment=key_encipherment,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
