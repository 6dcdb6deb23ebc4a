"""Reading what stations want signed (A02, A03)."""

from base64 import b64decode

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

# In characters. OCPP allows 5500.
_LONGEST = 10_000
_LEAST_RSA = 2048
_LEAST_CURVE = 224


class BadRequest(Exception):
    """There is nothing to sign. The text holds nothing that the station sent."""


def read_request(text: str) -> x509.CertificateSigningRequest:
    """Read a request for a certificate; raises `BadRequest`.

    PEM, as OCPP has it, or its bare content. The station must have the key: the request is
    signed with it. RSA with 2048 bits at least, or a curve with 224.
    """
    if len(text) > _LONGEST:
        raise BadRequest("too long")
    try:
        request = (
            x509.load_pem_x509_csr(text.encode())
            if "-----BEGIN" in text
            else x509.load_der_x509_csr(b64decode(text, validate=True))
        )
        signed = request.is_signature_valid
        key = request.public_key()
        # They are read only now.
        _ = request.subject.rdns
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadRequest("not readable") from error
    if not signed:
        raise BadRequest("not signed with its key")
    if isinstance(key, rsa.RSAPublicKey):
        strong = key.key_size >= _LEAST_RSA
    elif isinstance(key, ec.EllipticCurvePublicKey):
        strong = key.curve.key_size >= _LEAST_CURVE
    else:
        strong = False
    if not strong:
        raise BadRequest("a key that is too weak, or of another kind")
    return request
