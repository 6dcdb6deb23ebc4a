"""Finding out whether certificates were revoked: by asking, or by a list (RFC 5280, 6960)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.x509.ocsp import OCSPCertStatus

from .model import Payload, utcnow
from .ocsp import PATIENCE, OcspFailed, exchange, fetch, read

GOOD, REVOKED, UNKNOWN, FAILED = "Good", "Revoked", "Unknown", "Failed"
_STATUSES = {
    OCSPCertStatus.GOOD: GOOD,
    OCSPCertStatus.REVOKED: REVOKED,
    OCSPCertStatus.UNKNOWN: UNKNOWN,
}
# ISO 15118-20 has nobody go by what was found out for longer.
_LONGEST = timedelta(days=7)
# How long what could not be found out is good for, and what does not say.
_SOON = timedelta(minutes=5)
_UNSAID = timedelta(hours=1)
# In bytes. The lists of large authorities have some millions.
_LONGEST_LIST = 16 * 1024 * 1024
_PEM = b"-----BEGIN"


class Verdict(NamedTuple):
    """What is known of a certificate, and until when that holds."""

    status: str
    until: datetime

    @property
    def known(self) -> bool:
        """Return whether it was found out."""
        return self.status in (GOOD, REVOKED)


async def check(request: Payload) -> Verdict:
    """Find out about one certificate at one of the addresses it came with (M07).

    `request` is the `CertificateStatusRequestInfo` of OCPP 2.1. The first address that says
    something counts. What can't be found out in time is `Failed`.
    """
    look = _OF_SOURCE.get(str(request.get("source")).upper())
    hashes, urls = request.get("certificateHashData"), request.get("urls")
    if look is not None and isinstance(hashes, dict) and isinstance(urls, list):
        try:
            async with asyncio.timeout(PATIENCE):
                for url in urls:
                    try:
                        return await look(hashes, str(url))
                    except OcspFailed:
                        continue
        except TimeoutError:
            pass
    return Verdict(FAILED, utcnow() + _SOON)


def verdict_of(answer: bytes) -> Verdict:
    """Return what an answer of our own authority says, which is about one certificate."""
    told = next(iter(read(answer).responses))
    return Verdict(_STATUSES[told.certificate_status], _until(told.next_update_utc))


async def _ask(hashes: Payload, url: str) -> Verdict:
    """Ask whoever issued it (OCSP)."""
    serial = _serial(hashes)
    response = read(await exchange(hashes, url))
    for told in response.responses:
        if told.serial_number == serial:
            until = _until(told.next_update_utc)
            return Verdict(_STATUSES[told.certificate_status], until)
    raise OcspFailed("the answer is about another certificate")


async def _look_up(hashes: Payload, url: str) -> Verdict:
    """Look it up in a list of what was revoked (CRL)."""
    serial = _serial(hashes)
    listed = await fetch(url, "GET", longest=_LONGEST_LIST)
    return await asyncio.to_thread(_find, listed, serial)


def _find(listed: bytes, serial: int) -> Verdict:
    """Return whether a number is on a list. Blocks."""
    pem = listed.lstrip().startswith(_PEM)
    try:
        crl = (x509.load_pem_x509_crl if pem else x509.load_der_x509_crl)(listed)
        revoked = crl.get_revoked_certificate_by_serial_number(serial)
        until = crl.next_update_utc
    except ValueError as error:
        raise OcspFailed("what came is no list") from error
    return Verdict(GOOD if revoked is None else REVOKED, _until(until))


def _serial(hashes: Payload) -> int:
    try:
        return int(str(hashes.get("serialNumber")), 16)
    except ValueError as error:
        raise OcspFailed("the number is none") from error


def _until(told: datetime | None) -> datetime:
    """Return until when a word holds. Raises `OcspFailed` for one that held once."""
    now = utcnow()
    if told is None:
        return now + _UNSAID
    if told <= now:
        raise OcspFailed("it is out of date")
    return min(told, now + _LONGEST)


_OF_SOURCE: dict[str, Callable[[Payload, str], Awaitable[Verdict]]] = {
    "OCSP": _ask,
    "CRL": _look_up,
}
