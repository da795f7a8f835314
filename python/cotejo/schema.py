"""A record (``cotejo.record/2``) as types; ``cotejo schema`` prints the JSON Schema with a description of each key.

Places in a photo are four points ``[x, y]`` in pixels of the upright picture, from its upper left corner, clockwise.
Probabilities are from 0 to 1.
"""

import sys
from typing import Any, Literal

if sys.version_info >= (3, 11):
    from typing import NotRequired, TypedDict
else:
    from typing_extensions import NotRequired, TypedDict

Status = Literal["accepted", "review", "rejected"]
# As a channel says it, as the relations correct it, or as they alone determine it.
Basis = Literal["read", "corrected", "filled"]
Quad = list[list[float]]


class Source(TypedDict):
    """A page that shows the sheet; width and height in pixels, page and ordinal from 0."""

    path: str
    sha256: str
    page: int
    ordinal: int
    width: int
    height: int
    format: str


class PageRef(TypedDict):
    """Names a page."""

    path: str
    sha256: str
    page: int


class Print(TypedDict):
    """What one print of a number says, before the others are heard."""

    value: int | None
    confidence: float
    quad: NotRequired[Quad | None]


class PercentPrint(TypedDict):
    """What a number's share says, in per cent, such as ``"71.86"``."""

    value: str | None
    confidence: float
    quad: NotRequired[Quad | None]


class Prints(TypedDict):
    """What each print of a number says."""

    digits: Print | None
    words: Print | None
    qr: Print | None
    percent: NotRequired[PercentPrint | None]


class Alternative(TypedDict):
    """A value that could be meant instead."""

    value: int
    confidence: float


class Value(TypedDict):
    """A number with its evidence; ``value`` is ``None`` where it could not be read."""

    value: int | None
    confidence: float
    basis: Basis
    prints: Prints
    quad: Quad | None
    alternatives: NotRequired[list[Alternative]]
    source: NotRequired[int | None]
    set_by: NotRequired[dict[str, Any] | None]


class Choice(TypedDict):
    """What can be voted for."""

    id: str
    candidate: str
    party: str
    code: str
    votes: Value
    values: NotRequired[dict[str, Value]]


class Contest(TypedDict):
    """One question of the election."""

    id: str
    name: str
    state: Status
    confidence: float
    choices: list[Choice]
    totals: dict[str, Value]
    candidates: dict[str, int | None]


class Ballots(TypedDict):
    """Counts that no contest owns."""

    state: Status
    confidence: float
    values: dict[str, Value]


class PageForm(TypedDict):
    """The form of a further page of the sheet."""

    id: str
    version: int
    layout: NotRequired[dict[str, Any] | None]


class FormRef(TypedDict):
    """Which form, and how well the sheet fits it, 0 to 1."""

    id: str
    version: int
    score: float
    layout: NotRequired[dict[str, Any] | None]
    pages: NotRequired[list[PageForm]]


class Text(TypedDict):
    """A text as the sheet prints it."""

    value: str
    confidence: float


class SheetInfo(TypedDict):
    """What the sheet says it is; each ``None`` where it could not be read."""

    code: str | None
    centre: str | None
    table: int | None
    kind: str | None
    uuid: str | None
    issued_at: str | None
    hash: str | None
    qr: str | None
    identity: NotRequired[dict[str, Text]]


class RegistryEntry(TypedDict):
    """What a registry of tables holds of this one."""

    registered: int | None
    place: dict[str, str | None]


class Check(TypedDict):
    """A relation of the form."""

    id: str
    holds: bool | None
    left: int | None
    right: int | None


class Finding(TypedDict):
    """What was noticed, and what to do."""

    code: str
    severity: Literal["info", "review", "reject"]
    message: str
    hint: str
    field: str | None
    args: NotRequired[dict[str, Any] | None]


class Rung(TypedDict):
    """A line across the sheet: form y in millimetres, and the photo's points at its left, middle and right."""

    y: float
    points: list[list[float]]


class Registration(TypedDict):
    """How the sheet lies in the photo."""

    quad: Quad
    residual_mm: float
    anchors: float
    px_per_mm: float
    private: Quad | None
    mesh: list[Rung]


class Provenance(TypedDict):
    """What made the record."""

    cotejo: str
    config: str
    form: str | None
    models: dict[str, str]


class Record(TypedDict):
    """A sheet."""

    schema: str
    sources: list[Source]
    part_of: NotRequired[PageRef | None]
    status: Status
    confidence: float
    form: FormRef | None
    sheet: SheetInfo
    contests: list[Contest]
    ballots: Ballots
    context: dict[str, Value]
    place: dict[str, str | None]
    place_confidence: NotRequired[dict[str, float]]
    registry: NotRequired[RegistryEntry | None]
    checks: list[Check]
    findings: list[Finding]
    registration: Registration | None
    provenance: Provenance
    review: NotRequired[dict[str, Any] | None]
