"""What was answered lately, for stations that say the same again."""

from collections import OrderedDict
from typing import NamedTuple

_REMEMBERED = 16


class Answered(NamedTuple):
    """A message by the hash of its frame, and its answer: None while it is in work."""

    frame: int
    answer: bytes | None


class Answers:
    """The newest messages of a station by their ids, which need not differ."""

    def __init__(self) -> None:
        """Begin with none."""
        self._all: OrderedDict[str | int, Answered] = OrderedDict()

    def find(self, message_id: str | int, frame: int) -> Answered | None:
        """Return what is known of this very message, if it came before."""
        known = self._all.get(message_id)
        return known if known is not None and known.frame == frame else None

    def begin(self, message_id: str | int, frame: int) -> None:
        """Know of a message that is in work."""
        self._keep(message_id, Answered(frame, None))

    def end(self, message_id: str | int, frame: int, answer: bytes | None) -> None:
        """Keep the answer to a message. One that was refused (None) may be tried again."""
        # Some stations give every message the same id: it may belong to another by now.
        if self.find(message_id, frame) is None:
            return
        if answer is None:
            del self._all[message_id]
        else:
            # A copy: what orjson returns has room for more, which is most of it.
            kept = bytes(memoryview(answer))
            self._keep(message_id, Answered(frame, kept))

    def _keep(self, message_id: str | int, answered: Answered) -> None:
        self._all[message_id] = answered
        self._all.move_to_end(message_id)
        if len(self._all) > _REMEMBERED:
            self._all.popitem(last=False)
