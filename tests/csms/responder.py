"""Somebody who tells whether certificates hold, on this machine."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

# What a station knows of a certificate that it wants to be told about.
HASHES = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "ab" * 32,
    "issuerKeyHash": "CD" * 32,
    "serialNumber": "1f3a",
}
_MOMENT = datetime(2026, 5, 4, tzinfo=UTC)


class Responder:
    """An OCSP responder over HTTP; what it answers can be replaced."""

    def __init__(self) -> None:
        """Begin without having been asked."""
        self.url = ""
        self.asked: list[ocsp.OCSPRequest] = []
        self.heads: list[str] = []
        self.status = "200 OK"
        self.headers = ""
        self.body: bytes | None = None
        # Nothing is answered before it is set.
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        # Answer byte by byte, and note when whoever asked is gone.
        self.slow = False
        self.gone = asyncio.Event()
        self._key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Responder")])
        self._certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(1)
            .not_valid_before(_MOMENT)
            .not_valid_after(_MOMENT + timedelta(days=1))
            .sign(self._key, SHA256())
        )

    def good(self) -> bytes:
        """Return an answer that the certificate of this responder holds."""
        return (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=self._certificate,
                issuer=self._certificate,
                algorithm=SHA256(),
                cert_status=ocsp.OCSPCertStatus.GOOD,
                this_update=_MOMENT,
                next_update=None,
                revocation_time=None,
                revocation_reason=None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, self._certificate)
            .sign(self._key, SHA256())
            .public_bytes(Encoding.DER)
        )

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer one request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.heads.append(head)
            length = next(
                int(line.split(":")[1])
                for line in head.splitlines()
                if line.casefold().startswith("content-length")
            )
            self.asked.append(
                ocsp.load_der_ocsp_request(await reader.readexactly(length))
            )
            await self.may_answer.wait()
            if self.slow:
                await self._dawdle(reader, writer)
                return
            body = self.good() if self.body is None else self.body
            writer.write(
                f"HTTP/1.1 {self.status}\r\nContent-Length: {len(body)}\r\n"
                f"{self.headers}Connection: close\r\n\r\n".encode()
                + body
            )
            await writer.drain()
        except asyncio.IncompleteReadError, ConnectionError:
            pass  # Whoever asked gave up.
        finally:
            writer.close()

    async def _dawdle(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Go on answering until whoever asked is gone."""
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
        left = asyncio.ensure_future(reader.read())
        while not left.done():
            writer.write(b"x")
            await asyncio.wait([left], timeout=0.02)
        self.gone.set()


@asynccontextmanager
async def responding() -> AsyncGenerator[Responder]:
    """Have a responder listen for some time."""
    responder = Responder()
    server = await asyncio.start_server(responder.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    responder.url = f"http://127.0.0.1:{port}/ocsp"
    try:
        yield responder
    finally:
        responder.may_answer.set()
        server.close()
        await server.wait_closed()
