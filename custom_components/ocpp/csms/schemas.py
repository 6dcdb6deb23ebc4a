"""Validators for every action of a version, compiled from the `ocpp` package's schemas."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from jsonschema_rs import Validator, validator_for
import orjson

from .errors import InvalidRequest
from .model import Payload
from .versions import Version


class Schemas:
    """The requests and responses of one version."""

    def __init__(
        self,
        requests: dict[str, Validator],
        responses: dict[str, Validator],
    ) -> None:
        """Take the compiled validators by action."""
        self.requests = requests
        self.responses = responses

    def knows(self, action: str) -> bool:
        """Return whether the version has a message of this name at all."""
        return action in self.requests

    def check_request(self, action: str, payload: Payload) -> None:
        """Let nothing out that is not valid for the version.

        Raises `InvalidRequest` with the path of the first violation.
        """
        if (validator := self.requests.get(action)) is None:
            raise InvalidRequest(action, "the version has no such message")
        if validator.is_valid(payload):
            return
        error = next(validator.iter_errors(payload))
        steps = [*error.instance_path]
        if error.kind.name == "required":
            steps.append(error.kind.as_dict()["property"])
        path = ".".join(str(step) for step in steps) or action
        raise InvalidRequest(action, f"{path}: {error.kind.name}")


@cache
def load_schemas(version: Version) -> Schemas:
    """Read and compile all schemas of a version. Blocks: call it off the event loop."""
    spec = find_spec("ocpp")
    if spec is None or spec.origin is None:  # pragma: no cover - a broken installation
        raise FileNotFoundError("The ocpp package is not installed")
    requests: dict[str, Validator] = {}
    responses: dict[str, Validator] = {}
    for path in (Path(spec.origin).parent / version.package / "schemas").glob("*.json"):
        # Some of the files begin with a byte order mark.
        schema = orjson.loads(path.read_text(encoding="utf-8-sig"))
        # The shipped formats differ from what stations send (timestamps without a zone
        # among them); times are read defensively where they are used.
        validator = validator_for(schema, validate_formats=False)
        action = path.stem
        if action.endswith("Response"):
            responses[action.removesuffix("Response")] = validator
        else:
            requests[action.removesuffix("Request")] = validator
    return Schemas(requests, responses)
