"""Forms of answers that many commands share."""

from tests.simulator.link import FollowUp, Payload, Reply


def status(
    value: str, follow_up: FollowUp | None = None, *, why: tuple[str, str] | None = None
) -> Reply:
    """Return the most common kind of answer; `why` is reason code and cause."""
    answer: Payload = {"status": value}
    if why is not None:
        answer["statusInfo"] = {"reasonCode": why[0], "additionalInfo": why[1]}
    return answer, follow_up
