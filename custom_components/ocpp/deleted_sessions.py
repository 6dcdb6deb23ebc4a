"""What sessions that people deleted had charged: the totals of their cards never fall.

A total that falls looks to statistics like a meter that begins anew, and everything that is
left would be counted once more. Kept in the store, since central systems may share one.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from .csms.id_tokens import token_key
from .csms.model import Transaction
from .csms.store import Store, TokenTotal

# No charger has such an identity.
_KEPT_AS = "\x1fdeleted"

type Charged = tuple[float, int]


@dataclass(frozen=True, kw_only=True)
class DeletedSessions:
    """What was charged in Wh, and how often, by token.

    `going` are those that are being deleted, by number: they may still be in the store, so
    they are left out there.
    """

    gone: dict[str, Charged]
    going: dict[int, tuple[str, float]]

    @classmethod
    async def load(cls, store: Store) -> DeletedSessions:
        """Return what a store keeps."""
        kept = await store.load_facts(_KEPT_AS)
        return cls(
            gone={
                token: (energy, sessions)
                for token, energy, sessions in kept.get("gone", [])
            },
            going={
                number: (token, energy)
                for number, token, energy in kept.get("going", [])
            },
        )

    async def save(self, store: Store) -> None:
        """Keep this in a store."""
        kept = {
            "gone": [[token, *charged] for token, charged in self.gone.items()],
            "going": [[number, *session] for number, session in self.going.items()],
        }
        await store.save_facts(_KEPT_AS, kept)

    def add_to(self, totals: dict[str, TokenTotal]) -> dict[str, Charged]:
        """Return what was charged in all, given the totals of a store without `going`."""
        parts = [
            *((token, total.energy, total.sessions) for token, total in totals.items()),
            *((token, *charged) for token, charged in self.gone.items()),
            *((token, energy, 1) for token, energy in self.going.values()),
        ]
        summed: dict[str, Charged] = {}
        for token, energy, sessions in parts:
            key = token_key(token)
            before = summed.get(key, (0, 0))
            summed[key] = before[0] + energy, before[1] + sessions
        return summed

    def begin(self, sessions: Iterable[Transaction]) -> DeletedSessions:
        """Return this with sessions that are about to be deleted."""
        going = {
            session.number: (token_key(session.id_token), session.energy)
            for session in sessions
            if session.id_token
        }
        return DeletedSessions(gone=self.gone, going=self.going | going)

    def finish(self, number: int) -> DeletedSessions:
        """Return this with a session that is deleted by now."""
        going = dict(self.going)
        if (session := going.pop(number, None)) is None:
            return self
        token, energy = session
        before = self.gone.get(token, (0, 0))
        gone = self.gone | {token: (before[0] + energy, before[1] + 1)}
        return DeletedSessions(gone=gone, going=going)
