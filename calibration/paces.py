"""How fast networks made the tables of a store, from what manifests say of them.

Reads no store: whoever asks brings what lies there, and the forms of all addresses.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, Protocol

from calibration.changes import Form

MEASURED: Final = ("samples", "scores")  # the kinds that a network makes


class Made(Protocol):
    """An artifact of a store, as its manifest describes it."""

    @property
    def address(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def made_at(self) -> str: ...
    @property
    def seconds(self) -> float: ...
    @property
    def tokens_per_second(self) -> float | None: ...
    @property
    def memory_bytes(self) -> int: ...
    @property
    def device(self) -> str: ...
    @property
    def facts(self) -> str: ...


class Network(NamedTuple):
    """What the speed of a model goes by."""

    weights: str
    precision: str
    parameters: int


class Pace(NamedTuple):
    """How fast a network once made one kind of table, and how much memory its process held."""

    kind: str
    network: Network
    steps_per_second: float  # of a pass, however many decodings it served
    memory_bytes: int
    device: str
    title: str


class _Timed(NamedTuple):
    """A table that a network made."""

    made: Made
    form: Form
    kind: str  # that its speed goes by: `pace_kind`

    @property
    def fields(self) -> Mapping[str, Any]:
        return self.form["fields"]  # type: ignore[no-any-return]

    @property
    def name_of_pass(self) -> tuple[object, ...]:
        """Tables that one pass made state equal shares of its time."""
        if self.made.kind != "scores":
            return (self.made.address,)
        model = self.fields["model"]
        share = (self.made.seconds, self.made.tokens_per_second, self.made.device)
        return (model["weights"], model["precision"], self.fields["examples"], self.kind, *share)


def pace_kind(kind: str, method: str | None) -> str:
    """What a table's speed goes by: its kind, and the kind of what weighs next tokens, if any."""
    return kind if method in (None, "temperature") else f"{kind} {method}"


def paces(made: Iterable[Made], form_of: Callable[[str], Form | None]) -> Iterator[Pace]:
    """How fast each of some artifacts was made, in their order, where their manifests tell."""
    timed = [
        _Timed(one, form, pace_kind(one.kind, _method(form, form_of)))
        for one in made
        if one.kind in MEASURED and (form := form_of(one.address)) is not None
    ]
    passes = Counter(one.name_of_pass for one in timed)
    for one in timed:
        examples = form_of(one.fields["examples"])
        parameters = json.loads(one.made.facts).get("parameters")
        rate = one.made.tokens_per_second
        if examples is None or not parameters or not rate:
            continue
        model = one.fields["model"]
        yield Pace(
            one.kind,
            Network(model["weights"], model["precision"], int(parameters)),
            rate * _steps_a_token(one.made.kind, examples) / passes[one.name_of_pass],
            one.made.memory_bytes,
            one.made.device,
            one.made.title,
        )


def _method(form: Form, form_of: Callable[[str], Form | None]) -> str | None:
    """The kind of method that fitted the decoding of a table; None of a plain one."""
    fitted = form_of(form["fields"].get("calibration", ""))
    return fitted["fields"]["method"]["kind"] if fitted else None


def _steps_a_token(kind: str, examples: Form) -> float:
    """Manifests count continuations alone, and a scoring pass reads the prompts too."""
    if kind == "samples":
        return 1.0
    prompt, continuation = (examples["fields"][name] for name in ("prompt", "continuation"))
    return float((prompt + continuation) / continuation)
