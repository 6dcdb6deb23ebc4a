"""How OCPP 1.6 spells authorization."""

from ...id_tokens import kept_until
from ...model import IdTokenInfo, Payload, timestamp

# What it can say of a token; of all else it says Invalid.
_STATUSES = frozenset({"Accepted", "Blocked", "ConcurrentTx", "Expired"})
_LONGEST_TOKEN = 20


def id_tag_info(info: IdTokenInfo) -> Payload:
    """Write what is thought of a token."""
    status = info.status if info.status in _STATUSES else "Invalid"
    written: Payload = {"status": status}
    if (until := kept_until(info)) is not None:
        written["expiryDate"] = timestamp(until)
    if 0 < len(info.group) <= _LONGEST_TOKEN:
        written["parentIdTag"] = info.group
    return written
