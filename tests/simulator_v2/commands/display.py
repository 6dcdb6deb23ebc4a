"""Messages on the display, and what is known about customers."""

from typing import TYPE_CHECKING

from tests.simulator.link import Handler, Payload, Reply

from .reply import status

if TYPE_CHECKING:
    from ..station import Station

# How much fits into one NotifyCustomerInformation, and one NotifyDisplayMessages.
_TEXT = 512
_MESSAGES = 2


class Display:
    """The commands about messages and customers."""

    def __init__(self, station: Station) -> None:
        """Obey on behalf of a station."""
        self._station = station
        self.handlers: dict[str, Handler] = {
            "ClearDisplayMessage": self.clear_display_message,
            "CustomerInformation": self.customer_information,
            "GetDisplayMessages": self.get_display_messages,
            "SetDisplayMessage": self.set_display_message,
        }

    def set_display_message(self, payload: Payload) -> Reply:
        """Show a message; the same id replaces one (O01, O02, O06)."""
        station, message = self._station, payload["message"]
        words, kept = station.variables.words, station.state.messages
        if message["message"]["format"] not in words(
            "DisplayMessageCtrlr.SupportedFormats"
        ):
            return status("NotSupportedMessageFormat")
        if message["priority"] not in words("DisplayMessageCtrlr.SupportedPriorities"):
            return status("NotSupportedPriority")
        number = message.get("transactionId")
        if number is not None and station.transaction(number) is None:
            return status("UnknownTransaction")
        count = station.variables["DisplayMessageCtrlr.DisplayMessages"]
        full = count.maximum is not None and len(kept) >= count.maximum
        if full and message["id"] not in kept:
            return status("Rejected", why=("OutOfStorage", "too many messages"))
        if message["priority"] == "AlwaysFront":
            # There is only one in front of all (O01.FR.07).
            for old in [n for n, m in kept.items() if m["priority"] == "AlwaysFront"]:
                del kept[old]
        kept[message["id"]] = message
        count.value = str(len(kept))
        return status("Accepted")

    def clear_display_message(self, payload: Payload) -> Reply:
        """Take a message away (O05)."""
        kept = self._station.state.messages
        found = kept.pop(payload["id"], None)
        self._station.variables["DisplayMessageCtrlr.DisplayMessages"].value = str(
            len(kept)
        )
        return status("Unknown" if found is None else "Accepted")

    def get_display_messages(self, payload: Payload) -> Reply:
        """Report messages (O03, O04)."""
        station = self._station
        found = [
            message
            for message in station.state.messages.values()
            if message["id"] in payload.get("id", [message["id"]])
            and all(
                message.get(name) == payload[name]
                for name in ("priority", "state")
                if name in payload
            )
        ]
        if not found:
            return status("Unknown")

        async def report() -> None:
            for start in range(0, len(found), _MESSAGES):
                await station.call(
                    "NotifyDisplayMessages",
                    {
                        "requestId": payload["requestId"],
                        "messageInfo": found[start : start + _MESSAGES],
                        "tbc": start + _MESSAGES < len(found),
                    },
                )

        return status("Accepted", report)

    def customer_information(self, payload: Payload) -> Reply:
        """Tell or forget what is known about a customer (N09, N10)."""
        station, state = self._station, self._station.state
        named = [
            name
            for name in ("idToken", "customerIdentifier", "customerCertificate")
            if name in payload
        ]
        if len(named) != 1:
            return status("Invalid", why=("MissingParam", "exactly one customer"))
        if not payload["report"] and not payload["clear"]:
            return status("Rejected", why=("InvalidValue", "nothing to do"))
        who = payload[named[0]]
        key = (who["idToken"] if named[0] == "idToken" else str(who)).casefold()
        text = state.customers.get(key, "")
        if key in state.local_list:
            text += f"In the local list: {state.local_list[key]['status']}. "
        if key in state.cache:
            text += f"In the cache: {state.cache[key]['status']}. "
        if payload["clear"]:
            # Only who sent the local list changes it (N10.FR.03).
            for known in (state.customers, state.cache):
                known.pop(key, None)

        async def report() -> None:
            parts = [text[n : n + _TEXT] for n in range(0, len(text), _TEXT)] or [""]
            for number, part in enumerate(parts):
                await station.call(
                    "NotifyCustomerInformation",
                    {
                        "data": part if payload["report"] else "",
                        "seqNo": number,
                        "tbc": number + 1 < len(parts),
                        "generatedAt": station.timestamp(),
                        "requestId": payload["requestId"],
                    },
                )

        return status("Accepted", report)
