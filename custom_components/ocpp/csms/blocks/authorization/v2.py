"""How OCPP 2.x spells authorization."""

from typing import Any, NamedTuple

from ...id_tokens import kept_until
from ...lenient import id_token
from ...model import IdTokenInfo, Payload, timestamp

_LONGEST_TOKEN = 36
_ACCEPTED = "Accepted"
# What else than the token's own status follows from that of its certificate (C07).
_FOLLOWS = {"CertificateExpired": "Expired", "CertificateRevoked": "Invalid"}


class Token(NamedTuple):
    """An id token, and what the station says that it is."""

    text: str
    type: str


def read_token(value: Any) -> Token:
    """Read an id token; there is no text where there is none."""
    if not isinstance(value, dict):
        return Token("", "")
    return Token(id_token(value.get("idToken")), str(value.get("type") or ""))


def id_token_info(info: IdTokenInfo) -> Payload:
    """Write what is thought of a token.

    Whoever keeps it in a cache may do so until it expires (C10), and no longer.
    """
    written: Payload = {"status": info.status}
    if info.accepted and (until := kept_until(info)) is not None:
        written["cacheExpiryDateTime"] = timestamp(until)
    if 0 < len(info.group) <= _LONGEST_TOKEN:
        written["groupIdToken"] = {"idToken": info.group, "type": "Central"}
    if info.accepted and info.priority:
        written["chargingPriority"] = info.priority
    return written


def has_certificate(payload: Payload) -> bool:
    """Return whether somebody shows a contract certificate, or the hashes of one (C07)."""
    return "certificate" in payload or "iso15118CertificateHashData" in payload


def with_transfer(answer: Payload, modes: list[str]) -> Payload:
    """Return an answer that tells how energy may flow, where that is known (Q01.FR.01)."""
    if not modes or answer["idTokenInfo"]["status"] != _ACCEPTED:
        return answer
    return {**answer, "allowedEnergyTransfer": modes}


def with_certificate(answer: Payload, certificate: str) -> Payload:
    """Return an answer that tells of the certificate of a contract, too (C07).

    A good one is of no use where its token may not charge. One that can't be checked says
    nothing about the token.
    """
    info = answer["idTokenInfo"]
    if info["status"] != _ACCEPTED:
        if certificate == _ACCEPTED:
            certificate = "ContractCancelled"
    elif certificate in _FOLLOWS:
        info = {"status": _FOLLOWS[certificate]}
    return {**answer, "idTokenInfo": info, "certificateStatus": certificate}
