"""Who may connect: what the URL says a station is called, and what it has to show."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from cryptography import x509

_LONGEST_IDENTITY = 48
# From this security profile on a connection has to be encrypted, and from that one on the
# station has to show a certificate.
_ENCRYPTED, _CERTIFIED = 2, 3


def identity_of(path: str) -> str | None:
    """Return the identity that a station's URL ends in, or None when there is none.

    The last segment, percent-decoded once; a trailing slash and a query are not part of
    it. 1 to 48 characters, none of them a control character.
    """
    segment = path.partition("?")[0].rstrip("/").rpartition("/")[2]
    try:
        # Bytes that should have been percent-encoded arrive as surrogates.
        raw = segment.encode(errors="surrogateescape")
        identity = unquote_to_bytes(raw).decode()
    except UnicodeError:
        return None
    if not 1 <= len(identity) <= _LONGEST_IDENTITY:
        return None
    return identity if identity.isprintable() else None


@dataclass(frozen=True, kw_only=True)
class ClientCertificate:
    """A certificate that a station showed; that it leads to a trusted root is certain.

    `serial` is in hexadecimal digits. `valid` is whether it is neither over, nor to begin
    later, nor taken back. `issued_to` is the identity, without letter case, that our own
    authority issued it to, and None where somebody else did. `expired` is whether it is
    one of ours that is over, and nothing else is wrong with it; `revoked`, whether somebody
    else who issued it took it back. `leaf` is itself, and `issuer` whoever signed it, as
    far as was shown.
    """

    common_name: str
    organisation: str
    serial: str
    expires: datetime
    valid: bool = True
    issued_to: str | None = None
    expired: bool = False
    revoked: bool = False
    leaf: x509.Certificate | None = field(default=None, compare=False, repr=False)
    issuer: x509.Certificate | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A station that wants to connect: as whom, by which door, and with what.

    `mark` is what the password that it shows, right or not, is known by.
    """

    identity: str
    encrypted: bool = False
    certificate: ClientCertificate | None = None
    shows_password: bool = False
    mark: bytes | None = field(default=None, compare=False, repr=False)


class Refusal(StrEnum):
    """Why a station may not connect."""

    NOT_ENCRYPTED = "its connection is not encrypted"
    NO_CERTIFICATE = "it shows no certificate"
    INVALID_CERTIFICATE = "its certificate is over, or was taken back"
    REVOKED_CERTIFICATE = "its certificate was revoked by whoever issued it"
    OTHER_ORGANISATION = "its certificate is of another organisation"
    OTHER_STATION = "its certificate is of another charger"
    # These are of an address: it is not known who tries.
    UNTRUSTED_CERTIFICATE = "nobody here trusts its certificate"
    ROOT_UNKNOWN = "it does not trust the certificate that it is shown"
    FAILED_HANDSHAKE = "no encrypted connection came about"
    NO_IDENTITY = "its URL does not end in an identity"
    UNKNOWN = "nobody added it"
    TOO_MANY_UNKNOWN = "too many that nobody added are waiting"
    NO_PASSWORD = "it shows no password"
    WRONG_PASSWORD = "its password is wrong"
    TOO_OFTEN = "too many attempts"


def refusal(
    arrival: Arrival,
    *,
    profile: int,
    serial: str | None = None,
    organisation: str = "",
    renews: bool = False,
) -> Refusal | None:
    """Return why a station with a security profile may not connect, if it may not (A00).

    `serial` is the serial number that it is known by: empty where it has none, and None
    where it never booted. `organisation` is the one that certificates of other authorities
    have to name. A profile is the least that is asked for: whoever comes better secured may
    come. With `renews` a certificate of ours that is only over will do (A00.FR.429).
    """
    if profile < _ENCRYPTED:
        return None
    if not arrival.encrypted:
        return Refusal.NOT_ENCRYPTED
    if profile < _CERTIFIED:
        return None
    if (certificate := arrival.certificate) is None:
        return Refusal.NO_CERTIFICATE
    if certificate.revoked:
        return Refusal.REVOKED_CERTIFICATE
    if not certificate.valid and not (renews and certificate.expired):
        return Refusal.INVALID_CERTIFICATE
    if certificate.issued_to is None:
        if not _same(certificate.organisation, organisation):
            return Refusal.OTHER_ORGANISATION
    elif not _same(certificate.issued_to, arrival.identity):
        return Refusal.OTHER_STATION
    # One that never booted is looked at again when it does.
    if serial is not None and not certificate_fits(
        certificate, arrival.identity, serial
    ):
        return Refusal.OTHER_STATION
    return None


def certificate_fits(
    certificate: ClientCertificate, identity: str, serial: str
) -> bool:
    """Return whether a certificate names a station (A00.FR.404, B01.FR.11)."""
    return any(_same(certificate.common_name, name) for name in (identity, serial))


def _same(one: str, other: str) -> bool:
    return bool(one) and one.casefold() == other.casefold()
