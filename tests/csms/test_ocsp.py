"""Asking whether a certificate holds."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncGenerator
from typing import Any

from cryptography.x509 import ocsp as x509_ocsp
import pytest

from custom_components.ocpp.csms import ocsp
from tests.csms.conftest import PATIENCE
from tests.csms.responder import HASHES, Responder, responding


@pytest.fixture
async def responder() -> AsyncGenerator[Responder]:
    """Return somebody to ask."""
    async with responding() as responder:
        yield responder


def about(responder: Responder, **data: Any) -> dict[str, Any]:
    """Return what a station says of a certificate."""
    return HASHES | {"responderURL": responder.url} | data


@pytest.mark.parametrize(
    ("algorithm", "size"), [("SHA256", 32), ("SHA384", 48), ("SHA512", 64)]
)
async def test_the_answer_is_passed_on_as_it_came(
    responder: Responder, algorithm: str, size: int
) -> None:
    """Whoever is asked is asked for the very hashes."""
    responder.body = responder.good()
    told = await ocsp.ask(
        about(
            responder,
            hashAlgorithm=algorithm,
            issuerNameHash="ab" * size,
            issuerKeyHash="CD" * size,
        )
    )
    assert b64decode(told) == responder.body
    (asked,) = responder.asked
    assert asked.issuer_name_hash == b"\xab" * size
    assert asked.issuer_key_hash == b"\xcd" * size
    assert asked.serial_number == 0x1F3A
    assert asked.hash_algorithm.name == algorithm.casefold()
    assert "application/ocsp-request" in responder.heads[0]


async def test_the_address_may_have_a_query(responder: Responder) -> None:
    """It is asked for just as it is."""
    await ocsp.ask(about(responder, responderURL=f"{responder.url}?issuer=1"))
    assert responder.heads[0].startswith("POST /ocsp?issuer=1 HTTP/1.1")


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuerNameHash": "ab"},
        {"issuerKeyHash": "no hash"},
        {"serialNumber": "-1"},
        {"serialNumber": ""},
        {"hashAlgorithm": "MD5"},
    ],
)
async def test_hashes_that_are_none(
    responder: Responder, wrong: dict[str, str]
) -> None:
    """Nobody is asked."""
    with pytest.raises(ocsp.OcspFailed, match="the hashes are none"):
        await ocsp.ask(about(responder, **wrong))
    assert responder.heads == []


async def test_a_field_that_is_missing(responder: Responder) -> None:
    """Nobody is asked."""
    data = about(responder)
    del data["serialNumber"]
    with pytest.raises(ocsp.OcspFailed, match="the hashes are none"):
        await ocsp.ask(data)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "http://",
        "http://127.0.0.1:port/",
        "http://[::1/",
    ],
)
async def test_addresses_that_are_none(responder: Responder, url: str) -> None:
    """Only http and https are spoken."""
    with pytest.raises(ocsp.OcspFailed, match="the address is none"):
        await ocsp.ask(about(responder, responderURL=url))


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "https://127.0.0.1:1/"])
async def test_nobody_there(responder: Responder, url: str) -> None:
    """It can not be found out."""
    with pytest.raises(ocsp.OcspFailed, match="can not be reached"):
        await ocsp.ask(about(responder, responderURL=url))


@pytest.mark.parametrize("path", ["/a b", "/\u00fc"])
async def test_a_path_that_can_not_be_asked_for(
    responder: Responder, path: str
) -> None:
    """It can not be found out."""
    with pytest.raises(ocsp.OcspFailed, match="can not be reached"):
        await ocsp.ask(about(responder, responderURL=responder.url + path))


async def test_a_redirect_is_not_followed(responder: Responder) -> None:
    """Neither to the same place nor to any other."""
    responder.status = "307 Temporary Redirect"
    responder.headers = f"Location: {responder.url}\r\n"
    with pytest.raises(ocsp.OcspFailed, match="the responder refuses"):
        await ocsp.ask(about(responder))
    assert len(responder.heads) == 1


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<html>secret</html>", "what came is no OCSP answer"),
        (b"", "what came is no OCSP answer"),
        (b"x" * 70_000, "the answer is too long"),
        (
            x509_ocsp.OCSPResponseBuilder.build_unsuccessful(
                x509_ocsp.OCSPResponseStatus.UNAUTHORIZED
            ).public_bytes(ocsp.Encoding.DER),
            "the responder does not tell",
        ),
    ],
)
async def test_what_is_no_answer_is_not_passed_on(
    responder: Responder, body: bytes, why: str
) -> None:
    """The address is the station's choice, so what is there is nobody's business."""
    responder.body = body
    with pytest.raises(ocsp.OcspFailed, match=why):
        await ocsp.ask(about(responder))


@pytest.mark.parametrize("wrong", ["silent", "slow"])
async def test_somebody_who_takes_too_long(
    responder: Responder, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    """Nobody waits for ever, and the connection is ended."""
    monkeypatch.setattr(ocsp, "PATIENCE", 0.3)
    responder.slow = wrong == "slow"
    if not responder.slow:
        responder.may_answer.clear()
    with pytest.raises(ocsp.OcspFailed, match=r"no answer in time|not be reached"):
        await ocsp.ask(about(responder))
    if responder.slow:
        async with asyncio.timeout(PATIENCE):
            await responder.gone.wait()
