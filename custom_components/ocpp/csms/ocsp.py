"""Asking whoever issued a certificate whether it still holds (RFC 6960)."""

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
import socket
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import (
    OCSPRequestBuilder,
    OCSPResponse,
    OCSPResponseStatus,
    load_der_ocsp_response,
)

from .model import Payload

_ALGORITHMS: dict[str, HashAlgorithm] = {
    "SHA256": SHA256(),
    "SHA384": SHA384(),
    "SHA512": SHA512(),
}
# In seconds, for all of it: the station waits for its answer meanwhile.
PATIENCE = 10.0
# In bytes. Answers have one to four thousand.
_LONGEST_ANSWER = 65_536


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
    request = _request(data)
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
