"""Firmware and logs; nothing is really loaded."""

from typing import TYPE_CHECKING

from tests.simulator.link import Handler, Payload, Reply

from .reply import status

if TYPE_CHECKING:
    from ..station import Station


class Firmware:
    """The commands about files."""

    def __init__(self, station: Station) -> None:
        """Obey on behalf of a station."""
        self._station = station
        self.handlers: dict[str, Handler] = {
            "GetLog": self.get_log,
            "PublishFirmware": self.publish_firmware,
            "UnpublishFirmware": self.unpublish_firmware,
            "UpdateFirmware": self.update_firmware,
        }

    def update_firmware(self, payload: Payload) -> Reply:
        """Pretend to update the firmware, its signature checked if it has one (L01, L02)."""
        station, request = self._station, payload["requestId"]
        firmware = payload["firmware"]
        signed = "signature" in firmware or "signingCertificate" in firmware
        if signed and not {"signature", "signingCertificate"} <= firmware.keys():
            return status("InvalidCertificate")

        async def update() -> None:
            steps = ["Downloading", "Downloaded"]
            if firmware["retrieveDateTime"] > station.timestamp():
                steps.insert(0, "DownloadScheduled")
            if signed:
                steps.append("SignatureVerified")
            if firmware.get("installDateTime", "") > station.timestamp():
                steps.append("InstallScheduled")
            rebooting = ("InstallRebooting",) if station.new_firmware else ()
            for step in (*steps, "Installing", *rebooting, "Installed"):
                if step == "Installed" and station.new_firmware:
                    await station.reboot_with(station.new_firmware)
                station.state.firmware = {"status": step, "requestId": request}
                await station.call("FirmwareStatusNotification", station.state.firmware)
            station.state.firmware = {"status": "Idle"}

        return status("Accepted", update)

    def get_log(self, payload: Payload) -> Reply:
        """Pretend to upload a log (N01)."""
        station, request = self._station, payload["requestId"]

        async def upload() -> None:
            for step in ("Uploading", "Uploaded"):
                station.state.log = {"status": step, "requestId": request}
                await station.call("LogStatusNotification", station.state.log)
            station.state.log = {"status": "Idle"}

        name = f"{payload['logType']}.zip"
        return {"status": "Accepted", "filename": name}, upload

    def publish_firmware(self, payload: Payload) -> Reply:
        """Pretend to offer a firmware to others (L03)."""
        station, request = self._station, payload["requestId"]

        async def publish() -> None:
            for step in ("Downloading", "Downloaded", "ChecksumVerified", "Published"):
                station.state.published = {"status": step, "requestId": request}
                if step == "Published":
                    place = ["http://127.0.0.1/firmware.bin"]
                    station.state.published["location"] = place
                    station.state.published_checksum = payload["checksum"]
                await station.call(
                    "PublishFirmwareStatusNotification", station.state.published
                )

        return status("Accepted", publish)

    def unpublish_firmware(self, payload: Payload) -> Reply:
        """Stop offering a firmware (L04)."""
        state = self._station.state
        if state.published_checksum != payload["checksum"]:
            return status("NoFirmware")
        state.published_checksum, state.published = None, {"status": "Idle"}
        return status("Unpublished")
