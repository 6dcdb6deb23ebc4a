"""The local list and the cache of cards."""

import json
from typing import TYPE_CHECKING

from tests.simulator.link import CallError, Handler, Payload, Reply

from .reply import status

if TYPE_CHECKING:
    from ..station import Station


class Authorization:
    """The commands about known cards."""

    def __init__(self, station: Station) -> None:
        """Obey on behalf of a station."""
        self._station = station
        self.handlers: dict[str, Handler] = {
            "ClearCache": self.clear_cache,
            "GetLocalListVersion": self.get_local_list_version,
            "SendLocalList": self.send_local_list,
        }

    def clear_cache(self, _: Payload) -> Reply:
        """Forget the cards of the cache (C11)."""
        if not self._station.variables.flag("AuthCacheCtrlr.Enabled"):
            return status("Rejected", why=("NotEnabled", "the cache is off"))
        self._station.state.cache.clear()
        return status("Accepted")

    def get_local_list_version(self, _: Payload) -> Reply:
        """Tell the version of the local list; 0 is none (D02)."""
        on = self._station.variables.flag("LocalAuthListCtrlr.Enabled")
        return {
            "versionNumber": self._station.state.local_list_version if on else 0
        }, None

    def send_local_list(self, payload: Payload) -> Reply:
        """Replace or amend the local list (D01)."""
        state, variables = self._station.state, self._station.variables
        version = payload["versionNumber"]
        entries = payload.get("localAuthorizationList", [])
        most = variables.number("LocalAuthListCtrlr.ItemsPerMessage")
        if 0 < most < len(entries):
            raise CallError("OccurrenceConstraintViolation", f"more than {most} items")
        size = variables.number("LocalAuthListCtrlr.BytesPerMessage")
        if 0 < size < len(json.dumps(payload)):
            raise CallError("FormatViolation", f"more than {size} bytes")
        if not variables.flag("LocalAuthListCtrlr.Enabled"):
            return status("Failed", why=("NotEnabled", "the list is off"))
        names = [entry["idToken"]["idToken"].casefold() for entry in entries]
        full = payload["updateType"] == "Full"
        if version <= 0 or len(set(names)) < len(names):
            return status(
                "Failed", why=("InvalidValue", "no such version, or a card twice")
            )
        room = variables["LocalAuthListCtrlr.Entries"].maximum
        kept = set() if full else {*state.local_list}
        if room is not None and len(kept | {*names}) > room:
            return status("Failed", why=("OutOfStorage", "too many cards"))
        if full and any("idTokenInfo" not in entry for entry in entries):
            return status("Failed", why=("MissingParam", "a card without its status"))
        if full:
            state.local_list = {}
        elif version <= state.local_list_version:
            return status("VersionMismatch")
        for name, entry in zip(names, entries, strict=True):
            if "idTokenInfo" in entry:
                state.local_list[name] = entry["idTokenInfo"]
            else:
                state.local_list.pop(name, None)
        state.local_list_version = version
        variables["LocalAuthListCtrlr.Entries"].value = str(len(state.local_list))
        return status("Accepted")
