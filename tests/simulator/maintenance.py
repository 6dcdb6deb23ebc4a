"""Answers to firmware, diagnostics, list, reservation and security calls."""

from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from .link import Handler, Payload, Reply

if TYPE_CHECKING:
    from .charger import Charger

_CSR = "-----BEGIN CERTIFICATE REQUEST-----\nMA==\n-----END CERTIFICATE REQUEST-----"


class Maintenance:
    """What the central system may ask of a charger now and then."""

    def __init__(self, charger: Charger) -> None:
        """Obey on behalf of a charger."""
        self._charger = charger
        self.local_list: dict[str, Payload] = {}
        self.local_list_version = 0
        self.certificates: list[tuple[str, Payload]] = []
        # The last status of each upload or update, for whoever asks again.
        self.diagnostics = "Idle"
        self.firmware = "Idle"
        self.log: Payload = {"status": "Idle"}
        self.handlers: dict[str, Handler] = {
            "CancelReservation": self.cancel_reservation,
            "CertificateSigned": lambda _: ({"status": "Accepted"}, None),
            "DeleteCertificate": self.delete_certificate,
            "ExtendedTriggerMessage": lambda p: charger.handle("TriggerMessage", p),
            "GetDiagnostics": self.get_diagnostics,
            "GetInstalledCertificateIds": self.get_installed_certificate_ids,
            "GetLocalListVersion": self.get_local_list_version,
            "GetLog": self.get_log,
            "InstallCertificate": self.install_certificate,
            "ReserveNow": self.reserve_now,
            "SendLocalList": self.send_local_list,
            "SignedUpdateFirmware": self.signed_update_firmware,
            "UpdateFirmware": self.update_firmware,
        }

    # Reservation

    def reserve_now(self, payload: Payload) -> Reply:
        """Reserve a connector; the same id replaces a reservation."""
        connector = self._charger.connectors.get(payload["connectorId"])
        if connector is None or connector.id == 0:
            return {"status": "Rejected"}, None
        old = connector.reservation
        if not connector.operative or connector.status == "Unavailable":
            return {"status": "Unavailable"}, None
        if connector.status == "Faulted":
            return {"status": "Faulted"}, None
        if connector.status not in ("Available", "Reserved") or (
            old is not None and old["reservationId"] != payload["reservationId"]
        ):
            return {"status": "Occupied"}, None
        connector.reservation = payload
        return {"status": "Accepted"}, partial(
            self._charger.set_status, connector, "Reserved"
        )

    def cancel_reservation(self, payload: Payload) -> Reply:
        """Cancel a reservation."""
        charger = self._charger
        number = payload["reservationId"]
        for connector in charger.connectors.values():
            if (connector.reservation or {}).get("reservationId") != number:
                continue
            connector.reservation = None
            idle = charger.idle_status(connector)
            return {"status": "Accepted"}, partial(charger.set_status, connector, idle)
        return {"status": "Rejected"}, None

    # Local list

    def get_local_list_version(self, _: Payload) -> Reply:
        """Tell the version of the local list."""
        return {"listVersion": self.local_list_version}, None

    def send_local_list(self, payload: Payload) -> Reply:
        """Replace or amend the local list."""
        version = payload["listVersion"]
        entries = payload.get("localAuthorizationList", [])
        if payload["updateType"] == "Full":
            self.local_list = {}
        elif version <= self.local_list_version:
            return {"status": "VersionMismatch"}, None
        for entry in entries:
            if "idTagInfo" in entry:
                self.local_list[entry["idTag"]] = entry["idTagInfo"]
            else:
                self.local_list.pop(entry["idTag"], None)
        self.local_list_version = version
        return {"status": "Accepted"}, None

    # Firmware and logs

    def update_firmware(self, _: Payload) -> Reply:
        """Pretend to update the firmware."""

        async def update() -> None:
            for status in ("Downloading", "Downloaded", "Installing", "Installed"):
                self.firmware = status
                await self.report_firmware()

        return {}, update

    def signed_update_firmware(self, payload: Payload) -> Reply:
        """Pretend to update the firmware, with its signature checked."""

        async def update() -> None:
            for status in (
                "Downloading",
                "Downloaded",
                "SignatureVerified",
                "Installing",
                "Installed",
            ):
                await self._charger.call(
                    "SignedFirmwareStatusNotification",
                    {"status": status, "requestId": payload["requestId"]},
                )

        return {"status": "Accepted"}, update

    def get_diagnostics(self, _: Payload) -> Reply:
        """Pretend to upload diagnostics."""

        async def upload() -> None:
            for status in ("Uploading", "Uploaded"):
                self.diagnostics = status
                await self.report_diagnostics()

        return {"fileName": "diagnostics.zip"}, upload

    def get_log(self, payload: Payload) -> Reply:
        """Pretend to upload a log."""

        async def upload() -> None:
            for status in ("Uploading", "Uploaded"):
                self.log = {"status": status, "requestId": payload["requestId"]}
                await self.report_log()

        return {"status": "Accepted", "filename": "log.zip"}, upload

    async def report_firmware(self) -> None:
        """Send how far the update is."""
        await self._charger.call(
            "FirmwareStatusNotification", {"status": self.firmware}
        )

    async def report_diagnostics(self) -> None:
        """Send how far the upload is."""
        await self._charger.call(
            "DiagnosticsStatusNotification", {"status": self.diagnostics}
        )

    async def report_log(self) -> None:
        """Send how far the log upload is."""
        await self._charger.call("LogStatusNotification", self.log)

    # Certificates

    async def sign_certificate(self) -> None:
        """Ask for a signed certificate."""
        await self._charger.call("SignCertificate", {"csr": _CSR})

    def install_certificate(self, payload: Payload) -> Reply:
        """Keep a certificate."""
        digest = sha256(payload["certificate"].encode()).hexdigest()
        hashes = {
            "hashAlgorithm": "SHA256",
            "issuerNameHash": digest,
            "issuerKeyHash": digest,
            "serialNumber": digest[:16],
        }
        self.certificates.append((payload["certificateType"], hashes))
        return {"status": "Accepted"}, None

    def get_installed_certificate_ids(self, payload: Payload) -> Reply:
        """List the certificates of a kind."""
        wanted = payload["certificateType"]
        found = [hashes for kind, hashes in self.certificates if kind == wanted]
        if not found:
            return {"status": "NotFound"}, None
        return {"status": "Accepted", "certificateHashData": found}, None

    def delete_certificate(self, payload: Payload) -> Reply:
        """Forget a certificate."""
        wanted = payload["certificateHashData"]
        kept = [entry for entry in self.certificates if entry[1] != wanted]
        found = len(kept) < len(self.certificates)
        self.certificates = kept
        return {"status": "Accepted" if found else "NotFound"}, None
