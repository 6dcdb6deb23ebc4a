"""Asking whoever issued a certificate whether it still holds (RFC 6960)."""

import asyncio
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
import socket
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import (
    SHA1,
    SHA256,
    SHA384,
    SHA512,
    HashAlgorithm,
)
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import (
    OCSPRequest,
    OCSPRequestBuilder,
    OCSPResponse,
    OCSPResponseStatus,
    OCSPSingleResponse,
    load_der_ocsp_response,
)
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from .model import Payload, utcnow

_ALGORITHMS: dict[str, HashAlgorithm] = {
    "SHA256": SHA256(),
    "SHA384": SHA384(),
    "SHA512": SHA512(),
}
# In seconds, for all of it: the station waits for its answer meanwhile.
PATIENCE = 10.0
# In bytes. Answers have one to four thousand.
_LONGEST_ANSWER = 65_536
# For how long an answer counts that does not say until when; and how far clocks differ.
_LONGEST_UNSAID = timedelta(days=1)
_LENIENCE = timedelta(minutes=5)
# Certificates in an answer that are looked at.
_MOST_SIGNERS = 5
# In bytes: that of SHA-1 is shorter.
_LEAST_DIGEST = 28
_UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


class OcspFailed(Exception):
    """It could not be found out. The text holds nothing that came from outside."""


async def ask(data: Payload) -> str:
    """Return what is known of a certificate: the answer as it came, DER in base64.

    `data` is the `OCSPRequestData` of OCPP 2.x. Raises `OcspFailed`. Whoever is asked is
    named by the station, so nothing but an OCSP answer of a sane length is passed on, no
    redirect is followed, and only http and https are spoken.
    """
    answer = await exchange(data, str(data.get("responderURL") or ""))
    read(answer)
    return b64encode(answer).decode()


async def exchange(data: Payload, url: str) -> bytes:
    """Ask at an address about a certificate, by its hashes; return what came.

    Raises `OcspFailed`.
    """
    return await _exchange(_request(data), url)


async def _exchange(request: bytes, url: str) -> bytes:
    kind = {"Content-Type": "application/ocsp-request"}
    return await fetch(url, "POST", request, kind, longest=_LONGEST_ANSWER)


def read(answer: bytes) -> OCSPResponse:
    """Return an answer that says something. Raises `OcspFailed`."""
    try:
        response = load_der_ocsp_response(answer)
    except ValueError as error:
        raise OcspFailed("what came is no OCSP answer") from error
    if response.response_status is not OCSPResponseStatus.SUCCESSFUL:
        raise OcspFailed("the responder does not tell")
    return response


async def fetch(
    url: str,
    method: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    longest: int,
) -> bytes:
    """Return what is to be had at an address: `longest` bytes at most.

    Raises `OcspFailed`. Follows no redirect, and speaks http and https only.
    """
    exchange = _Exchange(url, method, longest)
    try:
        async with asyncio.timeout(PATIENCE):
            return await asyncio.to_thread(exchange.run, body, dict(headers or {}))
    except TimeoutError:
        raise OcspFailed("no answer in time") from None
    except (OSError, HTTPException, ValueError) as error:
        # Some addresses turn out to be none only here.
        raise OcspFailed("the responder can not be reached") from error
    finally:
        exchange.abort()


def _request(data: Payload) -> bytes:
    """Write the request for a certificate that is only known by its hashes."""
    try:
        return (
            OCSPRequestBuilder()
            .add_certificate_by_hash(
                bytes.fromhex(str(data["issuerNameHash"])),
                bytes.fromhex(str(data["issuerKeyHash"])),
                int(str(data["serialNumber"]), 16),
                _ALGORITHMS[str(data["hashAlgorithm"])],
            )
            .build()
            .public_bytes(Encoding.DER)
        )
    except (KeyError, ValueError) as error:
        raise OcspFailed("the hashes are none") from error


class _Exchange:
    """One request to one responder, in a thread of its own."""

    def __init__(self, url: str, method: str, longest: int) -> None:
        """Read an address; raises `OcspFailed` where it is none, or of another kind."""
        try:
            parts = urlsplit(url)
            host, self._port = parts.hostname, parts.port
        except ValueError as error:
            raise OcspFailed("the address is none") from error
        if not host or parts.scheme not in ("http", "https"):
            raise OcspFailed("the address is none")
        self._host, self._secure = host, parts.scheme == "https"
        path = parts.path or "/"
        self._path = f"{path}?{parts.query}" if parts.query else path
        self._socket: socket.socket | None = None
        self._method, self._longest = method, longest

    def run(self, body: bytes | None, headers: dict[str, str]) -> bytes:
        """Send the request and return the answer. Blocks."""
        # The certificates that a connection is checked by are read when it is made.
        kind = HTTPSConnection if self._secure else HTTPConnection
        connection = kind(self._host, self._port, timeout=PATIENCE)
        try:
            connection.connect()
            self._socket = connection.sock
            connection.request(self._method, self._path, body, headers)
            response = connection.getresponse()
            if response.status != HTTPStatus.OK:
                raise OcspFailed("the responder refuses")
            answer: bytes = response.read(self._longest + 1)
        finally:
            connection.close()
        if len(answer) > self._longest:
            raise OcspFailed("the answer is too long")
        return answer

    def abort(self) -> None:
        """End it, also where the thread still waits for somebody who is slow."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


# --- certificates that are shown to us -----------------------------------------------------


def responders(certificate: x509.Certificate) -> list[str]:
    """Return where a certificate says that can be asked whether it still holds."""
    try:
        access = certificate.extensions.get_extension_for_class(
            x509.AuthorityInformationAccess
        ).value
    except (*_UNREADABLE, x509.ExtensionNotFound):
        return []
    return [
        it.access_location.value
        for it in access
        if it.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(it.access_location, x509.UniformResourceIdentifier)
    ]


async def ask_about(
    certificate: x509.Certificate, issuer: x509.Certificate, url: str
) -> OCSPSingleResponse:
    """Return what is said of a certificate at an address, once that is known to be true.

    Signed by whoever issued it, or by somebody whom they let do that, about this
    certificate, and not out of date. Raises `OcspFailed`.
    """
    # Not for safety: it names who is meant, and is the one that every responder knows.
    named_by = SHA1()  # noqa: S303
    try:
        builder = OCSPRequestBuilder().add_certificate(certificate, issuer, named_by)
        request = builder.build()
    except _UNREADABLE as error:
        raise OcspFailed("the certificate can not be asked about") from error
    answer = await _exchange(request.public_bytes(Encoding.DER), url)
    return _verified(read(answer), request, issuer, utcnow())


def _verified(
    response: OCSPResponse,
    request: OCSPRequest,
    issuer: x509.Certificate,
    now: datetime,
) -> OCSPSingleResponse:
    try:
        if not any(
            _signed(response, signer) for signer in _signers(response, issuer, now)
        ):
            raise OcspFailed("the answer is signed by nobody who may")
        told = next(
            it
            for it in response.responses
            if it.serial_number == request.serial_number
            and it.issuer_key_hash == request.issuer_key_hash
            and it.issuer_name_hash == request.issuer_name_hash
        )
        begins, ends = told.this_update_utc, told.next_update_utc
    except (*_UNREADABLE, StopIteration) as error:
        raise OcspFailed("the answer is about another certificate") from error
    ends = ends or begins + _LONGEST_UNSAID
    if not begins - _LENIENCE <= now <= ends:
        raise OcspFailed("it is out of date")
    return told


def _signers(
    response: OCSPResponse, issuer: x509.Certificate, now: datetime
) -> Iterator[x509.Certificate]:
    """Yield who may sign an answer: the issuer, and those whom it let (RFC 6960, 4.2.2.2)."""
    yield issuer
    for signer in response.certificates[:_MOST_SIGNERS]:
        try:
            signer.verify_directly_issued_by(issuer)
            use = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        except (*_UNREADABLE, x509.ExtensionNotFound, TypeError, InvalidSignature):
            continue
        within = signer.not_valid_before_utc <= now <= signer.not_valid_after_utc
        if within and ExtendedKeyUsageOID.OCSP_SIGNING in use.value:
            yield signer


def _signed(response: OCSPResponse, signer: x509.Certificate) -> bool:
    """Return whether an answer was signed with the key of a certificate, and well."""
    try:
        algorithm, key = response.signature_hash_algorithm, signer.public_key()
        if algorithm is None or algorithm.digest_size < _LEAST_DIGEST:
            return False
        signed = response.signature, response.tbs_response_bytes
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(*signed, PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(*signed, ec.ECDSA(algorithm))
        else:
            return False
    except InvalidSignature, UnsupportedAlgorithm, ValueError:
        return False
    return True
