"""Functional block L: firmware management."""

from hashlib import sha256
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from ..model import Payload, Topic, timestamp, utcnow
from ..versions import V16
from .block import Block, answers, follows, precedes

if TYPE_CHECKING:
    from ..charging_station import ChargingStation

# What a station says of an update, as 2.x spells it.
STATUSES = {
    "Idle": "idle",
    "DownloadScheduled": "download_scheduled",
    "Downloading": "downloading",
    "DownloadPaused": "download_paused",
    "Downloaded": "downloaded",
    "DownloadFailed": "download_failed",
    "SignatureVerified": "signature_verified",
    "InvalidSignature": "invalid_signature",
    "InstallScheduled": "install_scheduled",
    "Installing": "installing",
    "InstallRebooting": "install_rebooting",
    "Installed": "installed",
    "InstallVerificationFailed": "install_verification_failed",
    "InstallationFailed": "installation_failed",
}
_CASEFOLDED = {word.casefold(): slug for word, slug in STATUSES.items()}
_BUSY = frozenset(
    {
        "downloading",
        "download_paused",
        "downloaded",
        "signature_verified",
        "installing",
        "install_rebooting",
    }
)


class Update(NamedTuple):
    """An update that a station was asked for.

    `file` stands for the address, which may have a password in it.
    """

    file: str = ""
    request_id: int | None = None


class Firmware(Block):
    """How far a firmware update is, in the station's words."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin knowing nothing."""
        super().__init__(station)
        # None where the station never said, or not since the newest update was asked for.
        self.status: str | None = None
        self._update = Update()
        # The one that is being asked for, and until when the station may answer that.
        self._asking: Update | None = None
        self._asking_until = 0.0
        self._installed = ""

    @property
    def in_progress(self) -> bool:
        """Return whether the station says that it is at it. A plan is not."""
        return self.status in _BUSY

    def has_installed(self, url: str) -> bool:
        """Return whether the last that the station installed is what is at an address."""
        return self._installed == _stand_in(url)

    async def install(self, url: str) -> None:
        """Have the station fetch and install firmware now (L02).

        That it agreed means nothing yet: only its status tells whether it worked.
        """
        await self.command(
            "UpdateFirmware", {"location": url, "retrieveDate": timestamp(utcnow())}
        )

    @precedes("UpdateFirmware", V16)
    def on_asking(self, payload: Payload) -> None:
        """Expect a status, which can be here before the answer is."""
        self._ask(Update(_stand_in(payload["location"])))

    @precedes("SignedUpdateFirmware", V16)
    def on_asking_signed(self, payload: Payload) -> None:
        """Expect a status, which can be here before the answer is."""
        location = _stand_in(payload["firmware"]["location"])
        self._ask(Update(location, payload["requestId"]))

    def _ask(self, update: Update) -> None:
        self._asking = update
        self._asking_until = monotonic() + self.station.options.call_timeout

    @follows("UpdateFirmware", V16)
    @follows("SignedUpdateFirmware", V16)
    def on_asked(self, payload: Payload, answer: Payload) -> None:
        """Forget how the update before went, unless this one was heard of already."""
        if self._asking is not None:
            self._begin(self._asking)
            self._set_status(None)

    def _is_of_asking(self, request: Any) -> bool:
        """Return whether a status can only be of the update that is being asked for."""
        if self._asking is None or monotonic() > self._asking_until:
            return False
        if request is None:
            # Of the one that runs, as long as the station did not agree to another.
            return not self.in_progress
        return bool(request == self._asking.request_id)

    def _begin(self, update: Update) -> None:
        self._update, self._asking = update, None
        self.station.remember()

    @answers("FirmwareStatusNotification", V16, always=True)
    @answers("SignedFirmwareStatusNotification", V16, always=True)
    async def on_firmware_status(self, payload: Payload) -> Payload:
        """Keep the status; some stations send it with no update asked for (L01.FR.01)."""
        status = _CASEFOLDED.get(str(payload.get("status") or "").casefold())
        if status is None:
            self.station.note("FirmwareStatusNotification: unknown status")
            return {}
        request = payload.get("requestId")
        if self._asking is not None and self._is_of_asking(request):
            if status != "idle":
                self._begin(self._asking)
        elif None not in (request, self._update.request_id) and (
            request != self._update.request_id
        ):
            self.station.note("FirmwareStatusNotification: of an earlier update")
            return {}
        # Whoever is asked says that it does nothing now; how the last one ended stays.
        if status != "idle" or self.in_progress or self.status is None:
            self._set_status(status)
        return {}

    def _set_status(self, status: str | None) -> None:
        if status == "installed":
            self._installed = self._update.file
        if status != self.status:
            self.status = status
            self.changed(Topic.FIRMWARE)
            self.station.remember()

    async def prepare(self, *, booted: bool) -> None:
        """Ask how far an update is that was running when the station was last heard of.

        What one that restarted said before holds no more, where it can't be asked.
        """
        if (
            self.in_progress
            and not await self.station.remote_control.ask_for(
                "FirmwareStatusNotification"
            )
            and booted
        ):
            self._set_status(None)

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up how far an update was."""
        self.status = facts.get("status")
        self._update = Update(facts.get("file", ""), facts.get("request_id"))
        self._installed = facts.get("installed", "")

    def facts(self) -> dict[str, Any]:
        """Keep how far an update is: it can take longer than Home Assistant runs."""
        return {
            "status": self.status,
            "file": self._update.file,
            "request_id": self._update.request_id,
            "installed": self._installed,
        }


def _stand_in(url: str) -> str:
    """Return what an address is known by without keeping what is in it."""
    return sha256(url.encode()).hexdigest() if url else ""
