"""Our own certificate authority: what the server shows, and what stations show to it.

Everything here blocks, and may be called from any thread.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from threading import RLock
from typing import Any, cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ..model import utcnow
from . import files, making
from .files import AuthorityError
from .register import Issued, Register
from .requests import BadRequest, read_request
from .revocation import answer_ocsp

__all__ = ("Authority", "AuthorityError", "BadRequest", "Standing", "read_request")

# Nothing is used until its last day.
RENEWED_BEFORE = timedelta(days=30)
_KINDS = ("ecdsa", "rsa")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What the authority says of a certificate that it signed.

    `station` is whom it was issued to, without letter case; empty where nobody knows.
    """

    station: str
    holds: bool


class Authority:
    """A root of our own, made when it is opened for the first time, in a folder."""

    def __init__(self, folder: Path, *, clock: Callable[[], datetime] = utcnow) -> None:
        """Belong to a folder, which need not be there."""
        self.folder = folder
        self._clock = clock
        self._lock = RLock()
        self._register = Register(folder / "issued.json")
        self._root: tuple[ec.EllipticCurvePrivateKey, x509.Certificate] | None = None

    # --- the root -----------------------------------------------------------------------

    def open(self) -> None:
        """Read the root, or make it where there is none.

        Raises `AuthorityError` where it is damaged, since with another one in its place no
        station would trust us any more, and where it can't be kept.
        """
        with self._lock:
            if self._root is not None:
                return
            try:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise AuthorityError(self.folder.name) from error
            kept = self.folder / "root.key"
            if (found := files.read_pair(kept)) is None:
                found = making.make_root(self._clock())
                files.write_pair(kept, *found)
            key, root = found
            if not isinstance(key, ec.EllipticCurvePrivateKey):
                raise AuthorityError(kept.name)
            # For people, to be installed in chargers.
            files.write(self.root_file, root.public_bytes(Encoding.PEM))
            self._root = key, root
            self._register.read()

    @property
    def root_file(self) -> Path:
        """Return the file with the root, which stations must have to trust us."""
        return self.folder / "root.pem"

    @property
    def root(self) -> x509.Certificate:
        """Return the root of an authority that is open."""
        return self._opened[1]

    @property
    def _opened(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        if self._root is None:
            raise AuthorityError("not open")
        return self._root

    # --- servers ------------------------------------------------------------------------

    def server_files(self, names: Sequence[str]) -> list[Path]:
        """Return files with a certificate and its key for a server of these names.

        One of ECDSA and one of RSA. They are made anew where they are missing, damaged,
        soon over, or for other names and addresses.
        """
        with self._lock:
            return [self._server_file(kind, names) for kind in _KINDS]

    def _server_file(self, kind: str, names: Sequence[str]) -> Path:
        now = self._clock()
        path = self.folder / f"server-{kind}.key"
        try:
            pair = files.read_pair(path)
        except AuthorityError:
            pair = None
        if (
            pair is not None
            and self.issued(pair[1])
            and pair[1].not_valid_after_utc > now + RENEWED_BEFORE
            and making.names_of(pair[1]) >= set(names)
        ):
            return path
        key = making.make_key(rsa_key=kind == "rsa")
        made = making.make_server(key.public_key(), names, self._opened, now)
        self._keep(made, station="", request="")
        files.write_pair(path, key, made)
        return path

    # --- stations -----------------------------------------------------------------------

    def sign(
        self,
        request: str,
        *,
        station: str,
        names: Sequence[str],
        used: int | None = None,
    ) -> str:
        """Return the certificate that a station asks for, as PEM (A02, A03).

        It is for the one of the names, the station's serial number and identity, that the
        request has, else for the first: a station gets none for another. The same request
        is answered with the same certificate until that has to be renewed. `used` is the
        number of the one that it has, which counts on. Raises `BadRequest`.
        """
        asked = read_request(request)
        digest = sha256(asked.public_bytes(Encoding.DER)).hexdigest()
        owner = station.casefold()
        with self._lock:
            now = self._clock()
            before = self._register.answer_to(owner, digest)
            if before is not None and before.expires > now + RENEWED_BEFORE:
                return before.certificate
            wanted = making.attribute(asked.subject, NameOID.COMMON_NAME)
            common_name = next(
                (name for name in names if name.casefold() == wanted.casefold()),
                names[0],
            )
            key = cast(
                "ec.EllipticCurvePublicKey | rsa.RSAPublicKey", asked.public_key()
            )
            organisation = making.attribute(asked.subject, NameOID.ORGANIZATION_NAME)
            made = making.make_station(
                key, common_name, organisation, self._opened, now
            )
            return self._keep(made, station=owner, request=digest, used=used)

    def _keep(
        self,
        made: x509.Certificate,
        *,
        station: str,
        request: str,
        used: int | None = None,
    ) -> str:
        text = made.public_bytes(Encoding.PEM).decode()
        self._register.add(
            Issued(
                serial=made.serial_number,
                station=station,
                request=request,
                certificate=text,
                expires=made.not_valid_after_utc,
            ),
            used=used,
        )
        return text

    def issued(self, certificate: x509.Certificate) -> bool:
        """Return whether a certificate was signed with our root."""
        try:
            certificate.verify_directly_issued_by(self.root)
        except ValueError, TypeError, InvalidSignature:
            return False
        return True

    def standing(self, certificate: x509.Certificate) -> Standing | None:
        """Return what became of a certificate of ours; None where it is somebody else's.

        One that is not in the register, as after a backup was restored, does not hold.
        """
        if not self.issued(certificate):
            return None
        known = self._register.get(certificate.serial_number)
        if known is None:
            return Standing(station="", holds=False)
        return Standing(station=known.station, holds=known.revoked is None)

    def revoke(self, station: str, *, but: int | None = None) -> None:
        """Take back whatever a station was issued, and say so in the list of that.

        `but` is the number of the one that it keeps.
        """
        with self._lock:
            now = self._clock()
            if self._register.revoke(station.casefold(), now, but=but):
                made = making.make_list(self._register.revoked(), self._opened, now)
                files.write(
                    self.folder / "revoked.pem", made.public_bytes(Encoding.PEM)
                )

    # --- questions ----------------------------------------------------------------------

    def answer_ocsp(self, data: dict[str, Any]) -> bytes | None:
        """Return what is known of a certificate of ours, as an OCSP answer (M06).

        `data` is the `OCSPRequestData` of OCPP 2.x. None where it is about a certificate
        of somebody else, or about nothing.
        """
        with self._lock:
            return answer_ocsp(data, self._opened, self._register, self._clock())

    def fingerprint(self) -> str:
        """Return by what people know the root again: SHA-256, in pairs of digits."""
        return self.root.fingerprint(SHA256()).hex(":").upper()
