"""Functional block N: diagnostics. Logs that a station uploads, and what it knows of people."""

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import CommandTimedOut, InvalidRequest
from ..lenient import reason_code
from ..model import Part, Payload, Topic
from ..versions import V2, V16, V21
from .block import Block, answers, follows, precedes

if TYPE_CHECKING:
    from ..charging_station import ChargingStation

# What a station says of an upload, as 2.x spells it.
UPLOAD_STATUSES = {
    "Idle": "idle",
    "Uploading": "uploading",
    "Uploaded": "uploaded",
    "UploadFailed": "upload_failed",
    "UploadFailure": "upload_failed",
    "BadMessage": "bad_message",
    "NotSupportedOperation": "not_supported_operation",
    "PermissionDenied": "permission_denied",
    "AcceptedCanceled": "accepted_canceled",
}
_UPLOADING = "uploading"
_CASEFOLDED = {word.casefold(): slug for word, slug in UPLOAD_STATUSES.items()}


class Upload(NamedTuple):
    """An upload that a station was asked for; one of diagnostics has no number."""

    request_id: int | None = None
    file: str | None = None


class Diagnostics(Block):
    """How far the newest upload of logs is, in the station's words."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with no upload."""
        super().__init__(station)
        # None where the station never said, or what it said holds no more.
        self.status: str | None = None
        # Why, in a word of the station's, where it says so (2.1).
        self.reason: str | None = None
        # The connection on which it last said how far it is.
        self._told_on: object = None
        # Whether it restarted in the middle of an upload.
        self._interrupted = False
        self.upload = Upload()
        # The one that was asked for just now, until anything is heard of it.
        self._asking: Upload | None = None
        # Whether there is an upload to show: most stations never have one.
        self.seen = False

    @precedes("GetDiagnostics", V16)
    @precedes("GetLog", V16, *V2)
    def on_asking(self, payload: Payload) -> None:
        """Expect a status, which can be here before the answer is."""
        self._asking = Upload(payload.get("requestId"))

    @precedes("GetLog", V21)
    def check_address(self, payload: Payload) -> None:
        """Raise `InvalidRequest` for an address that no log may be sent to."""
        address = payload["log"]["remoteLocation"]
        if "#" in address:
            # It would not be sent along (N01.FR.27).
            raise InvalidRequest("GetLog", "remoteLocation: has a fragment (#)")
        if "?" in address and address.endswith("/"):
            # As a folder it would have the name of the file added (N01.FR.28).
            raise InvalidRequest("GetLog", "remoteLocation: has a query that ends in /")

    @follows("GetDiagnostics", V16)
    def on_diagnostics_asked(self, payload: Payload, answer: Payload) -> None:
        """Know the name of the file; without one there is nothing to upload (N01)."""
        self._on_asked(None, answer.get("fileName"))

    @follows("GetLog", V16, *V2)
    def on_log_asked(self, payload: Payload, answer: Payload) -> None:
        """Know the name of the file, where the station tells it."""
        self._on_asked(payload["requestId"], answer.get("filename"))

    def _on_asked(self, request_id: int | None, file: Any) -> None:
        if self._asking is not None:
            # How the one before went is over; of this one nothing was heard yet.
            self.status, self.reason, self._asking = None, None, None
        self.upload = Upload(request_id, str(file)[:255] if file else None)
        self._show()

    @answers("DiagnosticsStatusNotification", V16, always=True)
    @answers("LogStatusNotification", V16, *V2, always=True)
    def on_status(self, payload: Payload) -> Payload:
        """Keep the status of the newest upload (N01.FR.12)."""
        status = _CASEFOLDED.get(str(payload.get("status") or "").casefold())
        if status is None:
            self.station.note("LogStatusNotification: unknown status")
            return {}
        request = payload.get("requestId")
        asking = self._asking
        if asking is not None and (
            request == asking.request_id
            if request is not None
            # Of the one that runs, as long as the station did not agree to another.
            else self.status != _UPLOADING
        ):
            if status != "idle":
                self.upload, self._asking = asking, None
        elif None not in (request, self.upload.request_id) and (
            request != self.upload.request_id
        ):
            # One that was given up for the newest says so, and changes nothing.
            return {}
        self._told_on, self._interrupted = self.station.connected_at, False
        # Whoever is asked says that it does nothing now; how the last one ended stays.
        if status != "idle" or self.status in (None, _UPLOADING):
            self.status, self.reason = status, reason_code(payload)
            self._show()
        return {}

    async def finished(self, silence: float) -> str | None:
        """Wait for the end of the upload, as long as something is heard of it.

        `silence` is in seconds. Return the newest status; None where there is none.
        """
        news = asyncio.Event()
        stop = self.station.watch(Part(Topic.LOG), news.set)
        try:
            while self.status in (None, "idle", _UPLOADING):
                news.clear()
                async with asyncio.timeout(silence):
                    await news.wait()
        except TimeoutError:
            pass
        finally:
            stop()
        return self.status

    # --- uploads that nothing is heard of any more --------------------------------------

    def on_boot(self) -> None:
        """Know no more how far an upload is that the station restarted in the middle of."""
        if self.status == _UPLOADING:
            self._forget()
            self._interrupted = True

    async def prepare(self, *, booted: bool) -> None:
        """Ask how far an upload is that was running when the station was last heard of.

        What it said before holds no more: until it says something, nobody knows.
        """
        if not self._interrupted and not self._is_old():
            return
        self._interrupted = False
        try:
            await self.station.remote_control.ask_for(self._notification)
        except CommandTimedOut:
            self._forget_old()
            raise
        self._forget_old()

    @property
    def _notification(self) -> str:
        """Return what tells of the newest upload."""
        of_diagnostics = self.speaks_16 and self.upload.request_id is None
        kind = "Diagnostics" if of_diagnostics else "Log"
        return f"{kind}StatusNotification"

    def _is_old(self) -> bool:
        """Return whether the station said on an earlier connection that it uploads."""
        return (
            self.status == _UPLOADING and self._told_on is not self.station.connected_at
        )

    def _forget_old(self) -> None:
        if self._is_old():
            self._forget()

    def _forget(self) -> None:
        self.status = self.reason = None
        self._show()

    def _show(self) -> None:
        if not self.seen:
            self.seen = True
            self.changed(Topic.STRUCTURE)
        self.changed(Topic.LOG)
        self.station.remember()

    # --- what a station knows of people -------------------------------------------------

    @answers("NotifyCustomerInformation", *V2)
    def on_customer_information(self, payload: Payload) -> Payload:
        """Hand a part on to whoever asked (N09). Nothing of it is kept or logged."""
        self.station.reports.take("NotifyCustomerInformation", payload)
        return {}

    @follows("CustomerInformation", *V2)
    def on_customer_asked(self, payload: Payload, answer: Payload) -> None:
        """Have the local list looked after where a card of it was cleared (N10)."""
        id_token = payload.get("idToken")
        if payload["clear"] and isinstance(id_token, dict):
            self.station.local_list.on_cleared(id_token["idToken"])

    # --- memory -------------------------------------------------------------------------

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up how the newest upload went."""
        self.seen = bool(facts)
        self.status, self.reason = facts.get("status"), facts.get("reason")
        self.upload = Upload(facts.get("request_id"), facts.get("file"))

    def facts(self) -> dict[str, Any]:
        """Keep how the newest upload went."""
        if not self.seen:
            return {}
        return {
            "status": self.status,
            "reason": self.reason,
            **self.upload._asdict(),
        }
