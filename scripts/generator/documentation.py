"""The reference of all actions."""

from collections.abc import Iterator
from typing import Any

from .actions import MORE, Action, actions

_HEAD = """\
# Actions

Everything that can be done with a charger from automations, scripts and dashboards. The
actions of OCPP are made from its specification, and so is this page: `scripts/generate`
writes it.

## How they work

- An action is called as OCPP calls the command. What several versions call the same is one
  action, with the fields of all of them; which version has or requires a field is said with
  it. What a version does not have is not sent: the action fails and says so.
- `device_id` is the device of the charger, or of one of its connectors where it has several.
  The device of a connector fills in the connector, which OCPP 2.x calls EVSE. Where OCPP
  does not go without one, the device of a charger means its only connector, or the charger as
  a whole where it has several. A connector that is given counts.
- Nothing else is filled in: what is not given is not sent. Only the numbers of requests and
  reservations are made up where OCPP does not go without them, and are then part of the
  response.
- Choices may be given as shown here or as any version of OCPP spells them; `Hard` and
  `Immediate` are the same. What is nested in a field is given exactly as the specification of
  OCPP writes it. Times without a zone are those of Home Assistant. The field `customData` of
  OCPP 2.x can be sent with [`ocpp.call`](#ocppcall).
- The response is the whole answer of the charger, in the words of OCPP.
- An action fails when the charger refuses, does not have the command, answers with an error
  or does not answer in time, each with an error of its own. Where an answer has a result for
  each thing that was asked, it fails when all of them are refused. *Accepted* means that the
  charger will try; that it has done something is shown by its entities.
- *Administrator* marks what can do damage. Automations and scripts may use these as well.
"""
# For the oldest version that has a command, and for 2.x.
_EXAMPLES = ("example", "example_2")


def document(texts: dict[str, Any], services: dict[str, Any]) -> str:
    """Return the page."""
    made = {action.name: action for action in actions()}
    by_hand = [name for name in services if name not in made]
    lines = [_HEAD, "\n## For everyday use\n"]
    for name in by_hand:
        lines.extend(_section(name, texts[name], services[name]))
    lines.append("\n## Commands of OCPP\n\n")
    lines.extend(_overview(made.values()))
    for name, action in made.items():
        lines.extend(_section(name, texts[name], services[name], action))
    return "".join(lines)


def _overview(made: Any) -> Iterator[str]:
    yield "| Action | OCPP | Versions | Administrator |\n|---|---|---|---|\n"
    for action in made:
        yield (
            f"| [`ocpp.{action.name}`](#ocpp{action.name}) "
            f"| {action.spelled or 'any'} "
            f"| {', '.join(action.versions) or 'all'} "
            f"| {'yes' if action.administrator else ''} |\n"
        )


def _section(
    name: str,
    words: dict[str, Any],
    service: dict[str, Any],
    made: Action | None = None,
) -> Iterator[str]:
    yield f"\n### `ocpp.{name}`\n\n**{words['name']}.** {words['description']}\n\n"
    yield "| Field | | |\n|---|---|---|\n"
    fields = dict(service["fields"])
    fields |= fields.pop(MORE, {"fields": {}})["fields"]
    for field, shape in fields.items():
        description = words["fields"][field]["description"]
        needed = "required" if shape.get("required") else ""
        yield f"| `{field}` | {needed} | {description}{_choices(shape)} |\n"
    if made is None:
        return
    if made.accepted:
        yield f"\n{_success(made)}\n"
    examples = [made.looks[key] for key in _EXAMPLES if key in made.looks]
    for place, example in enumerate(examples):
        if len(examples) > 1:
            versions = made.versions[1:] if place else made.versions[:1]
            yield f"\nWith OCPP {' and '.join(versions)}:\n"
        yield f"\n```yaml\n{example}```\n"


def _success(made: Action) -> str:
    """Return which answers mean yes."""
    said = "any of the results is" if made.many else "the charger answers"
    yes = {
        version: " or ".join(f"`{status}`" for status in sorted(accepted))
        for version, accepted in made.accepted.items()
    }
    having: dict[str, list[str]] = {}
    for version in made.versions:
        having.setdefault(yes.get(version, "anything"), []).append(version)
    if len(having) == 1:
        return f"Succeeds where {said} {next(iter(having))}."
    each = "; ".join(
        f"with OCPP {' and '.join(versions)} {answers}"
        for answers, versions in having.items()
    )
    return f"Succeeds where {said}: {each}."


def _choices(shape: dict[str, Any]) -> str:
    select = shape["selector"].get("select")
    if select is None:
        return ""
    return " " + ", ".join(f"`{option}`" for option in select["options"])
