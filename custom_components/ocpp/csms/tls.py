"""The encrypted listener: which certificates it shows, and what stations show to it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
import logging
from pathlib import Path
import ssl
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from .admission import ClientCertificate
from .authority import Authority
from .model import utcnow

_LOGGER = logging.getLogger(__name__)

# The four that OCPP asks for, in the names of OpenSSL, and those that are better.
REQUIRED = (
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-GCM-SHA256",
)
_SUITES = (
    *REQUIRED[:2],
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-CHACHA20-POLY1305",
    *REQUIRED[2:],
)
# What stations that know nothing newer have: still with a certificate and encryption.
_OLD_SUITES = (*_SUITES, "HIGH", "!aNULL", "!eNULL", "!PSK", "!SRP", "@SECLEVEL=0")
# OpenSSL's X509_V_FLAG_NO_CHECK_TIME: what is over is judged when a station is admitted,
# where it can be said which one it is.
_NO_CHECK_TIME = 0x200000


class TlsError(Exception):
    """A file can't be used. `field` names the setting, `reason` what is wrong with it."""

    def __init__(self, field: str, reason: str, path: Path | None = None) -> None:
        """Remember which file, and why."""
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
        self.path = path


@dataclass(frozen=True, kw_only=True)
class TlsSettings:
    """How people want the encrypted listener. Without files the authority has its own.

    `plain` is whether the other port also takes what is not encrypted. `organisation` is what
    certificates of stations name where `client_ca` signed them. `old_versions` lets in
    stations that only know TLS 1.0 or 1.1, or suites that are not safe any more.
    """

    port: int
    plain: bool = True
    certificate: Path | None = None
    key: Path | None = None
    certificate_rsa: Path | None = None
    key_rsa: Path | None = None
    client_ca: Path | None = None
    organisation: str = ""
    old_versions: bool = False


class Pair(NamedTuple):
    """A file with a certificate and those that signed it, and the file with its key."""

    certificate: Path
    key: Path
    expires: datetime
    digest: bytes


@dataclass
class Tls:
    """What the encrypted listener shows, and whom it trusts.

    `names` are the names and addresses by which stations reach this machine.
    """

    settings: TlsSettings
    authority: Authority
    names: Sequence[str] = ()
    # When the first of its certificates is over.
    expires: datetime | None = None
    _current: ssl.SSLContext | None = None
    _pairs: list[Pair] = field(default_factory=list)
    _trusted: bytes = b""

    @property
    def own_files(self) -> bool:
        """Return whether people have certificates of their own, which they renew."""
        return self.settings.certificate is not None

    def load(self) -> None:
        """Be ready to listen. Blocks.

        Raises `TlsError` and `AuthorityError`.
        """
        self.authority.open()
        self.refresh()
        missing = set(REQUIRED) - {it["name"] for it in self.context().get_ciphers()}
        if missing:
            _LOGGER.warning("OpenSSL was built without %s", ", ".join(sorted(missing)))

    def context(self) -> ssl.SSLContext:
        """Return the context of the next connection, of what was loaded.

        Certificates that were renewed hold from then on, and nobody is disconnected. What a
        context remembers of earlier connections goes with it: nobody comes in by a
        certificate that was trusted once.
        """
        assert self._current is not None  # noqa: S101 - there is one since `load`
        return self._current

    def refresh(self) -> bool:
        """Renew what is soon over and read changed files; return if anything is new. Blocks.

        Raises as `load` does, after which what was there before still holds.
        """
        pairs = self._find_pairs()
        trusted = self._find_trusted()
        self.expires = min(pair.expires for pair in pairs)
        if pairs == self._pairs and trusted == self._trusted:
            return False
        self._current = self._make(pairs, trusted)
        self._pairs, self._trusted = pairs, trusted
        return True

    def _find_pairs(self) -> list[Pair]:
        own = self.settings
        if own.certificate is None:
            return [
                check_pair(path, path)
                for path in self.authority.server_files(self.names)
            ]
        pairs = [check_pair(own.certificate, own.key)]
        if own.certificate_rsa is not None:
            pairs.append(
                check_pair(own.certificate_rsa, own.key_rsa, suffix="_rsa"),
            )
        return pairs

    def _find_trusted(self) -> bytes:
        trusted = self.authority.root.public_bytes(Encoding.PEM)
        if self.settings.client_ca is not None:
            trusted += check_client_ca(self.settings.client_ca)
        return trusted

    def _make(self, pairs: Sequence[Pair], trusted: bytes) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # What is the lowest here differs between builds of Python and OpenSSL.
        context.minimum_version = (
            ssl.TLSVersion.MINIMUM_SUPPORTED
            if self.settings.old_versions
            else ssl.TLSVersion.TLSv1_2
        )
        context.set_ciphers(
            ":".join(_OLD_SUITES if self.settings.old_versions else _SUITES)
        )
        context.options |= (
            ssl.OP_NO_COMPRESSION
            | ssl.OP_NO_TICKET
            | ssl.OP_NO_RENEGOTIATION
            | ssl.OP_CIPHER_SERVER_PREFERENCE
        )
        # Each connection shows its certificate, and is judged by it.
        context.num_tickets = 0
        for pair in pairs:
            # Not asked for on a terminal that nobody looks at.
            context.load_cert_chain(pair.certificate, pair.key, password=lambda: "")
        context.verify_mode = ssl.CERT_OPTIONAL
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)
        context.load_verify_locations(cadata=trusted.decode("ascii"))
        return context

    # --- stations -----------------------------------------------------------------------

    def client_certificate(
        self, connection: ssl.SSLObject | None
    ) -> ClientCertificate | None:
        """Return what a station showed, or None where it showed nothing."""
        der = connection.getpeercert(binary_form=True) if connection else None
        if connection is None or not der:
            return None
        # A session of TLS 1.2 that goes on where it was only has the first.
        above = connection.get_verified_chain()[1:]
        try:
            return self._read(
                [x509.load_der_x509_certificate(it) for it in (der, *above)]
            )
        except ValueError:
            # What OpenSSL can read, and nobody else.
            return None

    def _read(self, chain: Sequence[x509.Certificate]) -> ClientCertificate:
        certificate, now = chain[0], utcnow()
        standing = self.authority.standing(certificate)
        subject = certificate.subject
        holds = standing is None or standing.holds
        # All but the end of the first.
        begun = certificate.not_valid_before_utc <= now and all(
            it.not_valid_before_utc <= now <= it.not_valid_after_utc for it in chain[1:]
        )
        over = certificate.not_valid_after_utc < now
        return ClientCertificate(
            common_name=_attribute(subject, NameOID.COMMON_NAME),
            organisation=_attribute(subject, NameOID.ORGANIZATION_NAME),
            serial=f"{certificate.serial_number:x}",
            expires=certificate.not_valid_after_utc,
            valid=begun and holds and not over,
            issued_to=standing.station if standing is not None else None,
            expired=begun and holds and over and standing is not None,
            leaf=certificate,
            issuer=chain[1] if len(chain) > 1 else None,
        )


def check_pair(certificate: Path, key: Path | None, *, suffix: str = "") -> Pair:
    """Return a certificate and its key once they are known to belong together. Blocks.

    Raises `TlsError` with the name of the setting, which has a suffix for RSA.
    """
    field_of_key = f"tls_key{suffix}"
    field_of_certificate = f"tls_certificate{suffix}"
    shown = _read(certificate, field_of_certificate)
    try:
        found = x509.load_pem_x509_certificates(shown)[0]
        public = found.public_key()
    except (ValueError, IndexError) as error:
        raise TlsError(
            field_of_certificate, "invalid_certificate", certificate
        ) from error
    if key is None:
        raise TlsError(field_of_key, "key_missing")
    secret = _read(key, field_of_key)
    try:
        private = load_pem_private_key(secret, None)
    except TypeError as error:
        raise TlsError(field_of_key, "encrypted_key", key) from error
    except ValueError as error:
        raise TlsError(field_of_key, "invalid_key", key) from error
    written = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    if private.public_key().public_bytes(*written) != public.public_bytes(*written):
        raise TlsError(field_of_key, "key_mismatch", key)
    digest = sha256(shown + secret).digest()
    return Pair(certificate, key, found.not_valid_after_utc, digest)


def check_client_ca(path: Path) -> bytes:
    """Return the certificates of those who sign for stations, as PEM. Blocks.

    Raises `TlsError`.
    """
    try:
        found = x509.load_pem_x509_certificates(_read(path, "tls_client_ca"))
    except ValueError as error:
        raise TlsError("tls_client_ca", "invalid_certificate", path) from error
    return b"".join(one.public_bytes(Encoding.PEM) for one in found)


def _read(path: Path, setting: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TlsError(setting, "unreadable_file", path) from error


def _attribute(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    values = name.get_attributes_for_oid(oid)
    return str(values[0].value) if values else ""
