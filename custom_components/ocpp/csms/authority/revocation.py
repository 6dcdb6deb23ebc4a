"""Answering whether certificates of ours hold (RFC 6960)."""

from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import (
    SHA256,
    SHA384,
    SHA512,
    Hash,
    HashAlgorithm,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.ocsp import (
    OCSPCertStatus,
    OCSPResponderEncoding,
    OCSPResponseBuilder,
)

from .register import Register

_ALGORITHMS: dict[str, HashAlgorithm] = {
    "SHA256": SHA256(),
    "SHA384": SHA384(),
    "SHA512": SHA512(),
}
# How long a station may go by the answer; it asks anew at least once a week.
_HOLDS = timedelta(days=7)


def answer_ocsp(
    data: dict[str, Any],
    root: tuple[ec.EllipticCurvePrivateKey, x509.Certificate],
    register: Register,
    now: datetime,
) -> bytes | None:
    """Return an answer about a certificate of this root, or None about any other."""
    algorithm = _ALGORITHMS.get(str(data.get("hashAlgorithm")))
    try:
        name = bytes.fromhex(str(data["issuerNameHash"]))
        key = bytes.fromhex(str(data["issuerKeyHash"]))
        serial = int(str(data["serialNumber"]), 16)
    except KeyError, ValueError:
        return None
    if algorithm is None or (name, key) != _hashes(root[1], algorithm):
        return None
    known = register.get(serial)
    status, revoked = OCSPCertStatus.GOOD, None
    if serial == root[1].serial_number:
        pass
    elif known is None:
        status = OCSPCertStatus.UNKNOWN
    elif known.revoked is not None:
        status, revoked = OCSPCertStatus.REVOKED, known.revoked
    return (
        OCSPResponseBuilder()
        .add_response_by_hash(
            issuer_name_hash=name,
            issuer_key_hash=key,
            serial_number=serial,
            algorithm=algorithm,
            cert_status=status,
            this_update=now,
            next_update=now + _HOLDS,
            revocation_time=revoked,
            revocation_reason=None,
        )
        .responder_id(OCSPResponderEncoding.HASH, root[1])
        .sign(root[0], SHA256())
        .public_bytes(Encoding.DER)
    )


def _hashes(root: x509.Certificate, algorithm: HashAlgorithm) -> tuple[bytes, bytes]:
    """Return how OCSP names an issuer: by its name, and by its key without its kind."""
    kind = Encoding.X962, PublicFormat.UncompressedPoint
    found = []
    for value in (root.subject.public_bytes(), root.public_key().public_bytes(*kind)):
        digest = Hash(algorithm)
        digest.update(value)
        found.append(digest.finalize())
    return found[0], found[1]
