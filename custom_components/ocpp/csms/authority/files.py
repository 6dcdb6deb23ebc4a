"""The files of the authority. Keys can be read by this process's user only."""

from contextlib import suppress
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from .making import PrivateKey


class AuthorityError(Exception):
    """The files of the authority can't be used. The text says which, and no more."""


def write(path: Path, content: bytes) -> None:
    """Replace a file at once, or not at all; nobody else can read it at any moment.

    Raises `AuthorityError`.
    """
    draft = path.with_name(f"{path.name}.new")
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise AuthorityError(path.name) from error


def write_pair(path: Path, key: PrivateKey, certificate: x509.Certificate) -> None:
    """Keep a key and its certificate, in one file so that there is never half of it."""
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write(path, secret + certificate.public_bytes(Encoding.PEM))


def read_pair(path: Path) -> tuple[PrivateKey, x509.Certificate] | None:
    """Return a key and its certificate, or None where there is no such file.

    Raises `AuthorityError` where they can't be read, or do not belong to each other.
    """
    try:
        content = path.read_bytes()
        key = load_pem_private_key(content, None)
        certificate = x509.load_pem_x509_certificate(content)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise AuthorityError(path.name) from error
    if not isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)) or (
        key.public_key() != certificate.public_key()
    ):
        raise AuthorityError(path.name)
    with suppress(OSError):
        # A backup that was restored may have made it readable.
        path.chmod(0o600)
    return key, certificate
