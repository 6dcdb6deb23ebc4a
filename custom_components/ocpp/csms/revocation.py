"""Finding out whether certificates were revoked: by asking, or by a list (RFC 5280, 6960)."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.ocsp import OCSPCertStatus

from .model import Payload, utcnow
from .ocsp import PATIENCE, OcspFailed, ask_about, exchange, fetch, read, responders

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
# In seconds: how long whoever wants to come in waits for what is said of a certificate.
DOOR_WAITS = 3.0
# How long that is gone by at most, of how many certificates it is known, and how many
# questions are on their way at a time.
_LONGEST_SHOWN = timedelta(days=1)
_MOST_SHOWN = 200
_MOST_AT_ONCE = 4
# Addresses of one certificate that are tried.
_MOST_ADDRESSES = 2


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


@dataclass
class _Shown:
    """A certificate that somebody showed, and what is known of it."""

    leaf: x509.Certificate
    issuer: x509.Certificate | None
    verdict: Verdict | None = None
    asking: asyncio.Task[None] | None = None

    @property
    def fresh(self) -> bool:
        """Return whether what was found out, or that nothing was, still counts."""
        return self.verdict is not None and utcnow() < self.verdict.until

    @property
    def revoked(self) -> bool:
        """Return whether it was revoked; that is so until somebody says otherwise."""
        return self.verdict is not None and self.verdict.status == REVOKED


class ShownCertificates:
    """Which of the certificates that stations show were revoked by whoever issued them.

    Those of other authorities: whoever signed them is asked at the address that they name,
    and trusted in that. Many who show one certificate wait for one answer.
    """

    def __init__(self) -> None:
        """Begin without having seen any."""
        self._shown: OrderedDict[bytes, _Shown] = OrderedDict()
        self._at_once = asyncio.Semaphore(_MOST_AT_ONCE)
        # Called with one that turns out to be revoked.
        self.on_revoked: Callable[[x509.Certificate], None] = lambda _: None

    def close(self) -> None:
        """Ask no more."""
        for shown in self._shown.values():
            if shown.asking is not None:
                shown.asking.cancel()

    def is_revoked(self, leaf: x509.Certificate) -> bool:
        """Return whether a certificate is known to be revoked."""
        shown = self._shown.get(leaf.fingerprint(SHA256()))
        return shown is not None and shown.revoked

    async def look(
        self, leaf: x509.Certificate, issuer: x509.Certificate | None
    ) -> bool:
        """Find out about a certificate; return whether anything is known in time.

        So it is where it names nobody to ask. `issuer` may be missing where the certificate
        was seen before. What comes too late counts from then on.
        """
        if not responders(leaf):
            return True
        shown = self._keep(leaf, issuer)
        if not shown.fresh:
            if shown.asking is None and shown.issuer is not None:
                shown.asking = asyncio.create_task(self._ask(shown, shown.issuer))
            if shown.asking is not None:
                await asyncio.wait([shown.asking], timeout=DOOR_WAITS)
        verdict = shown.verdict
        return verdict is not None and verdict.known and (shown.fresh or shown.revoked)

    def _keep(self, leaf: x509.Certificate, issuer: x509.Certificate | None) -> _Shown:
        key = leaf.fingerprint(SHA256())
        shown = self._shown.setdefault(key, _Shown(leaf, issuer))
        shown.issuer = shown.issuer or issuer
        self._shown.move_to_end(key)
        if len(self._shown) > _MOST_SHOWN:
            _, oldest = self._shown.popitem(last=False)
            if oldest.asking is not None:
                oldest.asking.cancel()
        return shown

    async def _ask(self, shown: _Shown, issuer: x509.Certificate) -> None:
        try:
            async with self._at_once:
                verdict = await _told_of(shown.leaf, issuer)
        finally:
            shown.asking = None
        before = shown.revoked
        if before and not verdict.known:
            # Nobody takes that back by being silent.
            verdict = Verdict(REVOKED, verdict.until)
        shown.verdict = verdict
        if shown.revoked and not before:
            self.on_revoked(shown.leaf)


async def _told_of(leaf: x509.Certificate, issuer: x509.Certificate) -> Verdict:
    """Return what whoever issued a certificate says of it."""
    for url in responders(leaf)[:_MOST_ADDRESSES]:
        try:
            told = await ask_about(leaf, issuer, url)
            verdict = Verdict(
                _STATUSES[told.certificate_status], _until(told.next_update_utc)
            )
        except OcspFailed:
            continue
        if verdict.known:
            return verdict._replace(until=min(verdict.until, utcnow() + _LONGEST_SHOWN))
    return Verdict(FAILED, utcnow() + _SOON)
