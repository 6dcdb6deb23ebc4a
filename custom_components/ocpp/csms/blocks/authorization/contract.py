"""Contract certificates of cars: what can be found out about one without a root (C07)."""

import asyncio
from base64 import b64decode
from typing import Any

from cryptography.x509 import Certificate, load_pem_x509_certificates
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponse, load_der_ocsp_response

from ...model import Payload, utcnow
from ...ocsp import OcspFailed, ask

ACCEPTED = "Accepted"
EXPIRED = "CertificateExpired"
REVOKED = "CertificateRevoked"
UNCHECKED = "CertChainError"
NONE = "NoCertificateAvailable"
# What a message can hold the hashes of.
_MOST = 4


async def status_of(payload: Payload) -> str:
    """Return what an Authorize is answered of the certificate that goes with it.

    A station that tells hashes has checked the chain itself: whoever issued it is asked
    whether it still holds. A chain that it could not check can't be checked here either,
    where there are no roots.
    """
    hashes = payload.get("iso15118CertificateHashData")
    shown = str(payload.get("certificate") or "")
    if not hashes and not shown:
        return NONE
    if shown and _has_expired(shown):
        return EXPIRED
    found = await _asked(hashes if isinstance(hashes, list) else [])
    if shown and found == ACCEPTED:
        return UNCHECKED
    return found


def _has_expired(shown: str) -> bool:
    """Return whether any of the certificates is over."""
    try:
        chain: list[Certificate] = load_pem_x509_certificates(shown.encode())
    except ValueError:
        return False
    return any(one.not_valid_after_utc < utcnow() for one in chain)


async def _asked(hashes: list[Any]) -> str:
    """Return what those who issued the certificates say of them."""
    answers = await asyncio.gather(*(_holds(one) for one in hashes[:_MOST]))
    if REVOKED in answers:
        return REVOKED
    return ACCEPTED if answers and set(answers) == {ACCEPTED} else UNCHECKED


async def _holds(data: Any) -> str:
    if not isinstance(data, dict):
        return UNCHECKED
    try:
        told = load_der_ocsp_response(b64decode(await ask(data)))
        status = told.certificate_status if _is_about(told, data) else None
    except OcspFailed, ValueError:
        return UNCHECKED
    if status is OCSPCertStatus.REVOKED:
        return REVOKED
    return ACCEPTED if status is OCSPCertStatus.GOOD else UNCHECKED


def _is_about(told: OCSPResponse, data: Payload) -> bool:
    """Return whether an answer is about the certificate that was asked about, and new.

    Who signed it can't be checked without the certificate of whoever issued the other.
    """
    over = told.next_update_utc
    return (
        (over is None or over > utcnow())
        and told.serial_number == int(str(data["serialNumber"]), 16)
        and told.issuer_key_hash == bytes.fromhex(str(data["issuerKeyHash"]))
        and told.issuer_name_hash == bytes.fromhex(str(data["issuerNameHash"]))
    )
