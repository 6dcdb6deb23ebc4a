"""The default tariffs that a station holds, as far as it told or accepted them (I09)."""

from collections.abc import Iterator
from typing import Any

from ...model import Payload

_DEFAULT = "DefaultTariff"
_LONGEST_ID = 60
_MOST = 1_000


def identifier(told: Any) -> str:
    """Return the identifier of a tariff as it is kept; none where there is none."""
    return told[:_LONGEST_ID] if isinstance(told, str) else ""


class HeldTariffs:
    """Default tariffs by identifier, each with the EVSEs that it is for; 0 is all."""

    def __init__(self) -> None:
        """Begin without knowing anything."""
        self._evses: dict[str, set[int]] | None = None

    @property
    def known(self) -> bool:
        """Return whether the station ever told which there are, or took one."""
        return self._evses is not None

    def __iter__(self) -> Iterator[str]:
        """Iterate over the identifiers."""
        return iter(tuple(self._evses or ()))

    def evses_of(self, tariff_id: str) -> set[int]:
        """Return for which EVSEs a tariff is."""
        return (self._evses or {}).get(tariff_id, set())

    def hold(self, tariff_id: str, evses: set[int], *, later: bool) -> None:
        """Hold a tariff in the place of those before, or beside them until later."""
        held = dict(self._evses or {})
        if not later:
            # It takes the place of what was there (I07.FR.22).
            held = _without(held, evses | {0})
        held[tariff_id] = held.get(tariff_id, set()) | evses
        self._evses = held

    def take_told(self, answer: Payload, evse: int) -> None:
        """Know what the station says it holds: of one EVSE, or with 0 of all of them."""
        held = _without(self._evses or {}, {evse, 0}) if evse else {}
        for one in _dicts(answer.get("tariffAssignments"))[:_MOST]:
            evses = one.get("evseIds")
            if one.get("tariffKind") == _DEFAULT and isinstance(evses, list):
                held.setdefault(identifier(one.get("tariffId")), set()).update(
                    it for it in evses if isinstance(it, int)
                )
        self._evses = held

    def take_cleared(self, payload: Payload, answer: Payload) -> None:
        """Know what is gone: of one EVSE where the request names one (I10)."""
        gone, evse = {*payload.get("tariffIds", ())}, payload.get("evseId")
        for one in _dicts(answer.get("clearTariffsResult")):
            tariff_id = identifier(one.get("tariffId"))
            if one.get("status") == "Rejected":
                gone.discard(tariff_id)
            else:
                gone.add(tariff_id)
        held = dict(self._evses or {})
        for tariff_id in gone & held.keys():
            held[tariff_id] = held[tariff_id] - {evse, 0} if evse else set()
        self._evses = {tariff_id: of for tariff_id, of in held.items() if of}

    def recall(self, kept: dict[str, list[int]] | None) -> None:
        """Take up what `kept` returned."""
        self._evses = None if kept is None else {it: {*of} for it, of in kept.items()}

    def kept(self) -> dict[str, list[int]] | None:
        """Return what must survive a restart, as JSON."""
        if self._evses is None:
            return None
        return {tariff_id: sorted(of) for tariff_id, of in self._evses.items()}


def _without(held: dict[str, set[int]], evses: set[int]) -> dict[str, set[int]]:
    """Return which tariffs are left where those of some EVSEs are over."""
    left = {tariff_id: of - evses for tariff_id, of in held.items()}
    return {tariff_id: of for tariff_id, of in left.items() if of}


def _dicts(told: Any) -> list[Payload]:
    return [
        it for it in (told if isinstance(told, list) else ()) if isinstance(it, dict)
    ]
