"""Certificates; none is real, and each is told apart by its text."""

from hashlib import sha256
from typing import TYPE_CHECKING

from tests.simulator.link import Handler, Payload, Reply

from .reply import status

if TYPE_CHECKING:
    from ..station import Station

_BEGIN = "-----BEGIN CERTIFICATE-----"


def hash_data(certificate: str) -> Payload:
    """Return what stands for a certificate."""
    digest = sha256(certificate.encode()).hexdigest()
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": digest,
        "issuerKeyHash": digest,
        "serialNumber": digest[:16],
    }


class Certificates:
    """The commands about certificates."""

    def __init__(self, station: Station) -> None:
        """Obey on behalf of a station."""
        self._station = station
        self.handlers: dict[str, Handler] = {
            "CertificateSigned": self.certificate_signed,
            "DeleteCertificate": self.delete_certificate,
            "GetInstalledCertificateIds": self.get_installed_certificate_ids,
            "InstallCertificate": self.install_certificate,
        }

    def certificate_signed(self, payload: Payload) -> Reply:
        """Take the certificate that was asked for (A02)."""
        longest = self._station.variables.number(
            "SecurityCtrlr.MaxCertificateChainSize"
        )
        chain = payload["certificateChain"]
        if not chain.startswith(_BEGIN) or len(chain) > longest:

            async def complain() -> None:
                await self._station.security_event("InvalidChargingStationCertificate")

            return status("Rejected", complain, why=("InvalidCertificate", "no chain"))
        self._station.state.chains.append(payload)
        if payload.get("certificateType") == "V2GCertificate":
            self._station.state.certificates.append(
                ("V2GCertificateChain", hash_data(chain))
            )
        return status("Accepted")

    def install_certificate(self, payload: Payload) -> Reply:
        """Keep a root certificate (M05)."""
        state, text = self._station.state, payload["certificate"]
        if not text.startswith(_BEGIN):
            return status("Rejected", why=("InvalidCertificate", "not PEM"))
        room = self._station.variables["SecurityCtrlr.CertificateEntries"]
        if room.maximum is not None and len(state.certificates) >= room.maximum:
            return status("Failed", why=("OutOfStorage", "too many certificates"))
        entry = payload["certificateType"], hash_data(text)
        if entry not in state.certificates:
            state.certificates.append(entry)
        room.value = str(len(state.certificates))
        return status("Accepted")

    def get_installed_certificate_ids(self, payload: Payload) -> Reply:
        """List the certificates of some types, or all (M03)."""
        wanted = payload.get("certificateType")
        found = [
            {"certificateType": kind, "certificateHashData": hashes}
            for kind, hashes in self._station.state.certificates
            if wanted is None or kind in wanted
        ]
        if not found:
            return status("NotFound")
        return {"status": "Accepted", "certificateHashDataChain": found}, None

    def delete_certificate(self, payload: Payload) -> Reply:
        """Forget a certificate (M04)."""
        state, wanted = self._station.state, payload["certificateHashData"]
        kept = [entry for entry in state.certificates if entry[1] != wanted]
        found = len(kept) < len(state.certificates)
        state.certificates = kept
        self._station.variables["SecurityCtrlr.CertificateEntries"].value = str(
            len(kept)
        )
        return status("Accepted" if found else "NotFound")
