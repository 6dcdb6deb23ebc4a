"""Functional block L: firmware management."""

from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from ..lenient import reason_code
from ..model import Payload, Topic, timestamp, utcnow
from ..numbers import next_number
from ..secrets import without_login
from ..versions import V2, V16
from .block import Block, Call, answers, follows, precedes

if TYPE_CHECKING:
    from ..charging_station import ChargingStation

_DOWNLOADS = {
    "Idle": "idle",
    "DownloadScheduled": "download_scheduled",
    "Downloading": "downloading",
    "DownloadPaused": "download_paused",
    "Downloaded": "downloaded",
    "DownloadFailed": "download_failed",
}
# What a station says of an update, as 2.x spells it.
STATUSES = _DOWNLOADS | {
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
# What a local controller says of firmware that it offers to others.
PUBLISH_STATUSES = _DOWNLOADS | {
    "ChecksumVerified": "checksum_verified",
    "InvalidChecksum": "invalid_checksum",
    "Published": "published",
    "PublishFailed": "publish_failed",
}
_PUBLISH_CASEFOLDED = {word.casefold(): slug for word, slug in PUBLISH_STATUSES.items()}
_PUBLISHING_ENDED = frozenset(
    {"download_failed", "invalid_checksum", "published", "publish_failed"}
)
_MOST_LOCATIONS = 20
_LONGEST_LOCATION = 512
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


class Published(NamedTuple):
    """Firmware that a local controller was asked to offer to its stations (L03).

    `status` is None until it says something; `locations` are where it offers it.
    """

    request_id: int | None = None
    checksum: str = ""
    status: str | None = None
    locations: tuple[str, ...] = ()
    # Why, in a word of the station's, where it says so (2.1).
    reason: str | None = None


class Firmware(Block):
    """How far a firmware update is, in the station's words."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin knowing nothing."""
        super().__init__(station)
        # None where the station never said, or not since the newest update was asked for.
        self.status: str | None = None
        # Why, in a word of the station's, where it says so (2.1).
        self.reason: str | None = None
        self._update = Update()
        # The one that was asked for last, and with what, until the station agrees to it.
        self._asking: Update | None = None
        self._asked_with: Payload = {}
        self._installed = ""
        # None where the station was never asked to offer firmware to others.
        self.published: Published | None = None
        self._publishing: Published | None = None

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
        await self.command(*(_update_16 if self.speaks_16 else _update_2)(url))

    @precedes("UpdateFirmware", V16)
    def on_asking(self, payload: Payload) -> None:
        """Expect a status, which can be here before the answer is."""
        self._ask(Update(_stand_in(payload["location"])), payload)

    @precedes("SignedUpdateFirmware", V16)
    @precedes("UpdateFirmware", *V2)
    def on_asking_by_number(self, payload: Payload) -> None:
        """Expect a status, which can be here before the answer is."""
        location = _stand_in(payload["firmware"]["location"])
        self._ask(Update(location, payload["requestId"]), payload)

    def _ask(self, update: Update, payload: Payload) -> None:
        self._asking, self._asked_with = update, payload

    @follows("UpdateFirmware", V16, *V2)
    @follows("SignedUpdateFirmware", V16)
    def on_asked(self, payload: Payload, answer: Payload) -> None:
        """Forget how the update before went, unless this one was heard of already."""
        if self._asking is not None:
            self._begin(self._asking)
            self._set_status(None)

    def _is_of_asking(self, request: Any) -> bool:
        """Return whether a status can only be of the update that is being asked for."""
        if self._asking is None:
            return False
        if request is None:
            # Of the one that runs, as long as the station did not agree to another.
            waits = self.station.sending.waits_for(self._asked_with)
            return waits and not self.in_progress
        return bool(request == self._asking.request_id)

    def _begin(self, update: Update) -> None:
        self._update, self._asking, self._asked_with = update, None, {}
        self.station.remember()

    @answers("FirmwareStatusNotification", V16, *V2, always=True)
    @answers("SignedFirmwareStatusNotification", V16, always=True)
    def on_firmware_status(self, payload: Payload) -> Payload:
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
            self._set_status(status, reason_code(payload))
        return {}

    def _set_status(self, status: str | None, reason: str | None = None) -> None:
        if status == "installed":
            self._installed = self._update.file
        if (status, reason) != (self.status, self.reason):
            self.status, self.reason = status, reason
            self.changed(Topic.FIRMWARE)
            self.station.remember()

    # --- firmware for other stations ------------------------------------------------------

    @precedes("PublishFirmware", *V2)
    def on_publishing(self, payload: Payload) -> None:
        """Expect a status, which can be here before the answer is."""
        self._publishing = Published(payload["requestId"], payload["checksum"])

    @follows("PublishFirmware", *V2)
    def on_published(self, payload: Payload, answer: Payload) -> None:
        """Know that the station fetches firmware for others (L03)."""
        publishing, self._publishing = self._publishing, None
        if publishing is not None:
            self._set_published(publishing)

    @follows("UnpublishFirmware", *V2)
    def on_unpublished(self, payload: Payload, answer: Payload) -> None:
        """Know that the station does not offer it any more (L04)."""
        published = self.published
        if published is not None and published.checksum == payload["checksum"]:
            gone = published._replace(status="idle", locations=(), reason=None)
            self._set_published(gone)

    @answers("PublishFirmwareStatusNotification", *V2, always=True)
    def on_publish_status(self, payload: Payload) -> Payload:
        """Keep how far it is, and where others find what is published (L03)."""
        status = _PUBLISH_CASEFOLDED.get(str(payload.get("status") or "").casefold())
        if status is None:
            self.station.note("PublishFirmwareStatusNotification: unknown status")
            return {}
        request, publishing = payload.get("requestId"), self._publishing
        known = self.published or Published()
        if publishing is not None and request == publishing.request_id:
            known, self._publishing = publishing, None
        if None not in (request, known.request_id) and request != known.request_id:
            self.station.note("PublishFirmwareStatusNotification: of an earlier one")
            return {}
        if status == "idle" and known.status in _PUBLISHING_ENDED:
            # Whoever is asked says that it does nothing now; how it ended stays.
            return {}
        told = payload.get("location")
        locations = [
            without_login(str(place))[:_LONGEST_LOCATION]
            for place in (told if isinstance(told, list) else ())
        ]
        self._set_published(
            known._replace(
                status=status,
                locations=tuple(locations[:_MOST_LOCATIONS]),
                reason=reason_code(payload),
            )
        )
        return {}

    def _set_published(self, published: Published) -> None:
        if self.published is None:
            self.changed(Topic.STRUCTURE)
        self.published = published
        self.changed(Topic.FIRMWARE)
        self.station.remember()

    # --- memory ---------------------------------------------------------------------------

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
        self.status, self.reason = facts.get("status"), facts.get("reason")
        self._update = Update(facts.get("file", ""), facts.get("request_id"))
        self._installed = facts.get("installed", "")
        if published := facts.get("published"):
            self.published = Published(
                **published | {"locations": tuple(published["locations"])}
            )

    def facts(self) -> dict[str, Any]:
        """Keep how far an update is: it can take longer than Home Assistant runs."""
        return {
            "status": self.status,
            "reason": self.reason,
            "file": self._update.file,
            "request_id": self._update.request_id,
            "installed": self._installed,
            "published": self.published._asdict() if self.published else None,
        }


def _update_16(url: str) -> Call:
    """Spell an update of 1.6, to be fetched now."""
    return Call(
        "UpdateFirmware", {"location": url, "retrieveDate": timestamp(utcnow())}
    )


def _update_2(url: str) -> Call:
    """Spell an update of 2.x without a signature (L02), to be fetched now."""
    firmware = {"location": url, "retrieveDateTime": timestamp(utcnow())}
    return Call("UpdateFirmware", {"requestId": next_number(), "firmware": firmware})


def _stand_in(url: str) -> str:
    """Return what an address is known by without keeping what is in it."""
    return sha256(url.encode()).hexdigest() if url else ""
