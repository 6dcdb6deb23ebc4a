"""Whether the certificates of a car hold, as a station of 2.1 asks."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID
import pytest

from custom_components.ocpp.csms import revocation
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.model import utcnow
from tests.csms.conftest import MakeTwo, prepared
from tests.simulator_v2 import Station as Two

ACTION = "GetCertificateChainStatus"
HASHES = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "ab" * 32,
    "issuerKeyHash": "CD" * 32,
    "serialNumber": "1f3a",
}
NUMBER = 0x1F3A
KEY = ec.generate_private_key(ec.SECP256R1())
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Issuer")])
CERTIFICATE = (
    x509.CertificateBuilder()
    .subject_name(NAME)
    .issuer_name(NAME)
    .public_key(KEY.public_key())
    .serial_number(1)
    .not_valid_before(datetime(2026, 5, 4, tzinfo=UTC))
    .not_valid_after(datetime(2026, 5, 5, tzinfo=UTC))
    .sign(KEY, SHA256())
)
GOOD, REVOKED = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED


def told(
    status: ocsp.OCSPCertStatus,
    *,
    number: int = NUMBER,
    holds: timedelta | None = timedelta(days=1),
) -> bytes:
    """Return what a responder says of a certificate."""
    began = utcnow() - timedelta(days=30)
    return (
        ocsp.OCSPResponseBuilder()
        .add_response_by_hash(
            issuer_name_hash=b"\xab" * 32,
            issuer_key_hash=b"\xcd" * 32,
            serial_number=number,
            algorithm=SHA256(),
            cert_status=status,
            this_update=began,
            next_update=None if holds is None else utcnow() + holds,
            revocation_time=began if status is REVOKED else None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, CERTIFICATE)
        .sign(KEY, SHA256())
        .public_bytes(Encoding.DER)
    )


def listed(
    *numbers: int,
    encoding: Encoding = Encoding.DER,
    holds: timedelta = timedelta(days=1),
) -> bytes:
    """Return a list of what was revoked."""
    began = utcnow() - timedelta(days=30)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(NAME)
        .last_update(began)
        .next_update(utcnow() + holds)
    )
    for number in numbers:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(number)
            .revocation_date(began)
            .build()
        )
    return builder.sign(KEY, SHA256()).public_bytes(encoding)


class Web:
    """What is to be had on this machine, by its path."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.url = ""
        self.pages: dict[str, bytes] = {}
        self.asked: list[str] = []

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer one request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, path, _ = head.split(" ", 2)
        self.asked.append(f"{method} {path}")
        body = self.pages.get(path)
        status = "200 OK" if body is not None else "404 Not Found"
        body = body or b""
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n".encode()
            + body
        )
        await writer.drain()
        writer.close()


@pytest.fixture
async def web() -> AsyncGenerator[Web]:
    """Return what is to be had on this machine."""
    web = Web()
    server = await asyncio.start_server(web.serve, "127.0.0.1", 0)
    web.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield web
    server.close()
    await server.wait_closed()


@pytest.fixture
async def two(station: ChargingStation, connect_station: MakeTwo) -> Two:
    """Return a station of 2.1 that was prepared."""
    two = await connect_station(version="ocpp2.1")
    await two.power_up()
    await prepared(station)
    return two


def about(source: str, *urls: str, **hashes: str) -> dict[str, Any]:
    """Return what a station wants to know of a certificate."""
    return {
        "certificateHashData": HASHES | hashes,
        "source": source,
        "urls": list(urls),
    }


async def ask(two: Two, *requests: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the station is told."""
    answer = await two.call(ACTION, {"certificateStatusRequests": list(requests)})
    statuses: list[dict[str, Any]] = answer["certificateStatus"]
    return statuses


def holds_for(status: dict[str, Any]) -> timedelta:
    """Return for how long a status holds."""
    return datetime.fromisoformat(status["nextUpdate"]) - utcnow()


@pytest.mark.proves("M07.FR.01", ocpp="2.1")
@pytest.mark.proves("M07.FR.03", ocpp="2.1")
@pytest.mark.proves("GetCertificateChainStatus", ocpp="2.1")
@pytest.mark.parametrize(
    ("said", "status"),
    [(GOOD, "Good"), (REVOKED, "Revoked"), (ocsp.OCSPCertStatus.UNKNOWN, "Unknown")],
)
async def test_m07_whoever_issued_it_is_asked(
    two: Two, web: Web, said: ocsp.OCSPCertStatus, status: str
) -> None:
    """Its word is passed on, with the moment until when it holds."""
    web.pages["/ocsp"] = told(said)
    request = about("OCSP", f"{web.url}/ocsp")
    (answer,) = await ask(two, request)
    assert answer["status"] == status
    assert answer["source"] == "OCSP"
    assert answer["certificateHashData"] == HASHES
    assert timedelta(hours=23) < holds_for(answer) <= timedelta(days=1)
    assert web.asked == ["POST /ocsp"]


@pytest.mark.proves("M07.FR.04", ocpp="2.1")
@pytest.mark.proves("M07.FR.06", ocpp="2.1")
@pytest.mark.proves("M07.FR.07", ocpp="2.1")
@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
async def test_m07_a_list_tells_who_was_revoked(
    two: Two, web: Web, encoding: Encoding
) -> None:
    """Whoever is not on it is good."""
    web.pages["/crl"] = listed(NUMBER, 77, encoding=encoding)
    url = f"{web.url}/crl"
    one, other = await ask(
        two, about("CRL", url), about("CRL", url, serialNumber="1f3b")
    )
    assert (one["status"], other["status"]) == ("Revoked", "Good")
    assert web.asked == ["GET /crl", "GET /crl"]


@pytest.mark.proves("M07.FR.02", ocpp="2.1")
@pytest.mark.proves("M07.FR.05", ocpp="2.1")
@pytest.mark.proves("M07.FR.08", ocpp="2.1")
async def test_m07_each_certificate_of_a_chain_is_told_of(two: Two, web: Web) -> None:
    """In the order of the request; what can't be found out costs the others nothing."""
    web.pages["/ocsp"], web.pages["/crl"] = told(GOOD), listed(NUMBER)
    requests = [
        about("CRL", f"{web.url}/gone"),
        about("OCSP", f"{web.url}/ocsp"),
        about("OCSP", f"{web.url}/gone"),
        about("CRL", f"{web.url}/crl"),
    ]
    answers = await ask(two, *requests)
    assert [it["status"] for it in answers] == ["Failed", "Good", "Failed", "Revoked"]
    assert [it["source"] for it in answers] == ["CRL", "OCSP", "OCSP", "CRL"]
    assert timedelta() < holds_for(answers[0]) <= timedelta(minutes=5)


async def test_m07_another_address_is_tried(two: Two, web: Web) -> None:
    """Until one says something."""
    web.pages["/ocsp"] = told(GOOD)
    urls = ("ldap://127.0.0.1/x", f"{web.url}/gone", f"{web.url}/ocsp")
    (answer,) = await ask(two, about("OCSP", *urls))
    assert answer["status"] == "Good"
    assert web.asked == ["POST /gone", "POST /ocsp"]


@pytest.mark.parametrize(
    ("source", "page"),
    [
        pytest.param("OCSP", lambda: b"nonsense", id="no answer"),
        pytest.param("CRL", lambda: b"nonsense", id="no list"),
        pytest.param("CRL", lambda: b"-----BEGIN nonsense", id="no list in text"),
        pytest.param("OCSP", lambda: told(GOOD, number=5), id="another certificate"),
        pytest.param(
            "OCSP", lambda: told(GOOD, holds=-timedelta(days=1)), id="an old answer"
        ),
        pytest.param("CRL", lambda: listed(holds=-timedelta(days=1)), id="an old list"),
    ],
)
async def test_m07_what_tells_nothing_has_failed(
    two: Two, web: Web, source: str, page: Callable[[], bytes]
) -> None:
    """As if nobody had answered."""
    web.pages["/it"] = page()
    (answer,) = await ask(two, about(source, f"{web.url}/it"))
    assert answer["status"] == "Failed"


async def test_m07_a_number_that_is_none(two: Two, web: Web) -> None:
    """Is asked about nowhere."""
    web.pages["/crl"] = listed()
    (answer,) = await ask(two, about("CRL", f"{web.url}/crl", serialNumber="xyz"))
    assert answer["status"] == "Failed"
    assert web.asked == []


async def test_m07_who_does_not_answer_in_time_has_failed(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The station gets its answer all the same."""
    monkeypatch.setattr(revocation, "PATIENCE", 0.1)
    gone = asyncio.Event()

    async def keep_silent(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        # Whoever asked has closed when there is no more to read.
        await reader.read()
        writer.close()
        gone.set()

    server = await asyncio.start_server(keep_silent, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/crl"
    (answer,) = await ask(two, about("CRL", url))
    assert answer["status"] == "Failed"
    await gone.wait()
    server.close()
    await server.wait_closed()


async def test_m07_what_is_known_is_not_asked_for_again(two: Two, web: Web) -> None:
    """As long as it holds, and for a week at most; what failed is tried again."""
    web.pages["/ocsp"] = told(GOOD, holds=timedelta(days=90))
    request = about("OCSP", f"{web.url}/ocsp")
    for _ in range(2):
        (answer,) = await ask(two, request)
        assert answer["status"] == "Good"
        assert timedelta(days=6) < holds_for(answer) <= timedelta(days=7)
    assert len(web.asked) == 1
    missing = about("CRL", f"{web.url}/crl")
    (answer,) = await ask(two, missing)
    assert answer["status"] == "Failed"
    web.pages["/crl"] = listed()
    (answer,) = await ask(two, missing)
    assert answer["status"] == "Good"


async def test_m07_an_answer_that_does_not_say_how_long_it_holds(
    two: Two, web: Web
) -> None:
    """Holds for an hour."""
    web.pages["/ocsp"] = told(GOOD, holds=None)
    (answer,) = await ask(two, about("OCSP", f"{web.url}/ocsp"))
    assert timedelta(minutes=59) < holds_for(answer) <= timedelta(hours=1)
