"""What a station trusts and shows: roots, a key with its certificate, and a password."""

from base64 import b64encode
import ssl
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.csms.papers import key_pem, new_key, request

if TYPE_CHECKING:
    from .peer import Peer

_RAW = Encoding.DER, PublicFormat.SubjectPublicKeyInfo


class Trust:
    """The papers of a station, by which it connects in one way or another."""

    def __init__(self, peer: Peer) -> None:
        """Begin with no papers, and connect as the station was made to."""
        self._peer = peer
        self.profile = 0
        self.roots: list[str] = []
        self.password: bytes | None = None
        self._key = new_key()
        self._chain = ""

    def install(self, certificate: str) -> bool:
        """Trust a root from now on, unless it is none."""
        try:
            x509.load_pem_x509_certificate(certificate.encode())
        except ValueError:
            return False
        self.roots.append(certificate)
        return True

    def ask(self, common_name: str) -> str:
        """Return a request for a certificate with a new key."""
        self._key = new_key()
        return request(self._key, common_name)

    def take(self, chain: str) -> bool:
        """Take a certificate that was asked for, unless it is for another key."""
        try:
            leaf = x509.load_pem_x509_certificate(chain.encode())
        except ValueError:
            return False
        if leaf.public_key().public_bytes(*_RAW) != self._key.public_key().public_bytes(
            *_RAW
        ):
            return False
        self._chain = chain
        return True

    def allows(self, profile: int) -> bool:
        """Return if the station has what a profile needs, and it is no lower one."""
        if profile < self.profile:
            return False
        if profile >= 2 and not self.roots:
            return False
        if profile == 3:
            return bool(self._chain)
        return self.password is not None

    def use(self, profile: int, url: str) -> None:
        """Have the next connection made with a profile, at an address."""
        peer = self._peer
        self.profile = profile
        peer.url = f"{url.rstrip('/')}/{quote(peer.identity, safe='')}"
        options = peer.transport
        options.pop("ssl", None)
        options["additional_headers"].pop("Authorization", None)
        if profile >= 2:
            options["ssl"] = self._context(shows=profile == 3)
        if profile in (1, 2) and self.password is not None:
            secret = peer.identity.encode() + b":" + self.password
            encoded = b64encode(secret).decode()
            options["additional_headers"]["Authorization"] = f"Basic {encoded}"

    def _context(self, *, shows: bool) -> ssl.SSLContext:
        context = ssl.create_default_context(cadata="\n".join(self.roots))
        if shows:
            with NamedTemporaryFile() as file:
                file.write(self._chain.encode() + key_pem(self._key))
                file.flush()
                context.load_cert_chain(file.name)
        return context
