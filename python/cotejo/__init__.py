"""cotejo digitizes election tally sheets: every count in each way the sheet prints it, and how sure it is.

>>> import cotejo
>>> reader = cotejo.Reader()
>>> for reading in reader.read("samples/acta-0001.jpg"):
...     print(reading.status, reading.record["sheet"]["code"])
accepted 912304355.06.1.0001
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from . import _cotejo, _decoder
from ._cotejo import __version__
from .errors import (
    ArrayError,
    CotejoError,
    EvidenceError,
    FormError,
    InternalError,
    OptionsError,
    OutputError,
    PictureError,
    RegistryError,
)
from .schema import Record, Status

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray
    from PIL.Image import Image

    Crops: TypeAlias = dict[str, dict[str, NDArray[numpy.uint8]]]
    Photo: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | NDArray[numpy.uint8] | Image

__all__ = [
    "ArrayError",
    "CotejoError",
    "EvidenceError",
    "FormError",
    "InternalError",
    "OptionsError",
    "OutputError",
    "PictureError",
    "Reader",
    "Reading",
    "Record",
    "RegistryError",
    "Status",
    "__version__",
    "files",
]


class Reading:
    """A sheet of a photo: its record, and what was measured. It can be pickled."""

    __slots__ = ("_evidence", "_json", "_record")

    def __init__(self, text: str, evidence: bytes | None) -> None:
        self._json = text
        self._evidence = evidence
        self._record: Record | None = None

    @property
    def record(self) -> Record:
        """What is handed over, as in a line of ``records.jsonl`` (:mod:`cotejo.schema`): votes in
        ``["contests"][i]["choices"][j]["votes"]["value"]``, places in pixels of the upright photo."""
        if self._record is None:
            self._record = cast(Record, json.loads(self._json))
        return self._record

    @property
    def evidence(self) -> bytes | None:
        """What was measured, some 50 kilobytes of JSON, for :meth:`Reader.join` and :meth:`Reader.decide`; ``None`` where
        nothing was."""
        return self._evidence

    @property
    def status(self) -> Status:
        """``accepted``, ``review`` or ``rejected``."""
        return self.record["status"]

    @property
    def confidence(self) -> float:
        """Probability that every number but context is right, 0 to 1."""
        return self.record["confidence"]

    def to_dict(self) -> dict[str, Any]:
        """A new dictionary of the record."""
        return cast(dict[str, Any], json.loads(self._json))

    def to_json(self) -> str:
        """The record as a line of ``records.jsonl``, without an end of line."""
        return self._json

    def line(self) -> str:
        """What was measured, or the record of a page on which nothing was: a line of ``evidence.jsonl``, for
        :meth:`Reader.write_run`."""
        return self._json if self._evidence is None else self._evidence.decode()

    def __reduce__(self) -> tuple[type[Reading], tuple[str, bytes | None]]:
        return (Reading, (self._json, self._evidence))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reading) and (self._json, self._evidence) == (other._json, other._evidence)

    def __hash__(self) -> int:
        return hash(self._json)

    def __repr__(self) -> str:
        source = self.record["sources"][0]
        return f"<Reading of {source['path']!r}, page {source['page'] + 1}: {self.status}>"


class Reader:
    """Reads tally sheets, with the networks alone, as ``cotejo run --reader net`` does.

    Made once (it loads the networks, a fifth of a second) and shared by threads, which read side by side: the interpreter is
    free meanwhile. It may be used after ``fork`` and sent to other processes, which make their own of its options.

    ``forms``: a folder with further form definitions (``*.toml``); the built-in form is always known.
    ``registry``: a CSV file of tables that sheets are held against.
    ``max_error``: the largest probability that any number of an accepted sheet is wrong, between 0 and 1.
    ``qr``: whether the QR code takes part; without it the printed table has to be enough.
    ``max_pixels``: the largest picture that is decoded, in pixels.

    Raises :class:`OptionsError`, :class:`FormError`, :class:`RegistryError`.
    """

    __slots__ = ("_options", "_reader")

    def __init__(
        self,
        *,
        forms: str | os.PathLike[str] | None = None,
        registry: str | os.PathLike[str] | None = None,
        max_error: float = 1e-4,
        qr: bool = True,
        max_pixels: int = 200_000_000,
    ) -> None:
        _decoder.apart()
        self._options: dict[str, Any] = {
            "forms": forms,
            "registry": registry,
            "max_error": max_error,
            "qr": qr,
            "max_pixels": max_pixels,
        }
        self._reader = _cotejo.Reader(**self._options)

    def read(self, photo: Photo, name: str | None = None, *, strict: bool = True) -> list[Reading]:
        """Reads a photo: a :class:`Reading` each sheet that is found, page by page and from left to right. A photo may show
        several sheets, a PDF or TIFF file has pages; a page without a sheet gives one rejected reading.

        ``photo``: a path; the bytes of a file; a PIL image (its EXIF orientation is applied); or an upright array of ``uint8``,
        dark print on light paper, of shape ``(rows, columns)``, grey, or ``(rows, columns, 3 or 4)``, RGB or RGBA, of which
        alpha is ignored. 200 dots an inch and more, 8 pixels a millimetre, are read best.
        ``name``: what the record's ``sources`` say [default: the path, or ``photo``]. The identity of an array's record rests on the
        SHA-256 of its grey pixels.
        ``strict``: a file, or a page of it, that gives no picture raises :class:`PictureError`; without it, it gives a
        rejected reading that says why, as in a run.
        """
        if name is None:
            name = os.fspath(photo) if isinstance(photo, (str, os.PathLike)) else "photo"
        readings = [Reading(*read) for read in self._reader.read(_given(photo), name)]
        for reading in readings if strict else []:
            record = reading.record
            # Of what gives no picture nothing has a size.
            if record["sources"][0]["width"] == 0 and record["status"] == "rejected":
                finding = record["findings"][0]
                internal = finding["code"] == "internal_error"
                raise (InternalError if internal else PictureError)(
                    finding["message"], finding["code"], finding["hint"]
                )
        return readings

    def decide(self, evidence: bytes) -> Record:
        """Decides again on what was measured: the same evidence and options give the same record.

        Raises :class:`EvidenceError`.
        """
        return cast(Record, json.loads(self._reader.decide(evidence.decode())))

    def join(self, evidence: Iterable[bytes]) -> list[Record]:
        """Puts together what was measured on several photos, in the order in which they were taken: one record a sheet that
        they show, in the place of its first photo. Photos that contradict each other are held, each by itself.

        Raises :class:`EvidenceError`.
        """
        records = self._reader.join([e.decode() for e in evidence])
        return [cast(Record, json.loads(record)) for record in records]

    def crops(self, reading: Reading, photo: Photo | None = None, fields: Sequence[str] | None = None) -> Crops:
        """The cells of a reading's numbers, cut straight from its photo: ``{field: {"digits": array, "words": array}}``, each
        a grey ``uint8`` array of shape ``(rows, columns)``, 6 to 12 pixels a millimetre; what the form or the photo lacks is
        left out. The private block is covered.

        ``photo``: as it was read; left away, the file that the record names, which is decoded again.
        ``fields``: ids such as ``"EG_MUD"`` [default: all numbers of the record].

        Raises :class:`PictureError` where this is not the photo that was read.
        """
        import numpy

        given = reading.record["sources"][0]["path"] if photo is None else _given(photo)
        cut = self._reader.crops(reading.to_json(), given, None if fields is None else list(fields))
        out: Crops = {}
        for field, which, rows, columns, grey in cut:
            array = numpy.frombuffer(grey, dtype=numpy.uint8).reshape(rows, columns)
            out.setdefault(field, {})[which] = array
        return out

    def write_run(
        self,
        lines: Iterable[str],
        out: str | os.PathLike[str],
        *,
        inputs: Sequence[str | os.PathLike[str]] = (),
        overwrite: bool = False,
    ) -> dict[str, Any]:
        """Makes the folder of a run, as ``cotejo run`` does but for pictures, of what was read elsewhere: ``records.jsonl`` and
        ``records.csv`` are the same bytes. Photos of one sheet are joined, files of one content are told.

        ``lines``: :meth:`Reading.line` of all readings of all files, in the order of :func:`files` (``strict=False``).
        ``inputs``: the paths of the run, for ``run.json``. Returns what ``run.json`` says.

        Raises :class:`OutputError`.
        """
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".jsonl") as file:
            for line in lines:
                file.write(line)
                file.write("\n")
            file.flush()
            names = [os.fspath(path) for path in inputs]
            run = self._reader.write_run(file.name, os.fspath(out), names, overwrite)
        return cast(dict[str, Any], json.loads(run))

    def __reduce__(self) -> tuple[Any, ...]:
        return (_made, (self._options,))

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self._options.items())
        return f"cotejo.Reader({options})"


def _made(options: dict[str, Any]) -> Reader:
    return Reader(**options)


def files(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """The files of a run of these paths, folders walked, in the order in which ``cotejo run`` has them."""
    return [Path(path) for path in _cotejo.files(list(paths))]


def _given(photo: Any) -> Any:
    """A photo as the module takes it."""
    if isinstance(photo, (str, os.PathLike)):
        return os.fspath(photo)
    if isinstance(photo, (bytes, bytearray, memoryview)):
        return bytes(photo)
    import numpy

    if hasattr(photo, "getexif") and hasattr(photo, "convert"):
        from PIL import ImageOps

        upright = ImageOps.exif_transpose(photo)
        photo = upright if upright.mode in ("L", "RGB", "RGBA") else upright.convert("RGB")
    array = numpy.asarray(photo)
    shape = array.shape
    if array.dtype != numpy.uint8 or not (len(shape) == 2 or (len(shape) == 3 and shape[2] in (3, 4))):
        raise ArrayError(
            f"an array of {array.dtype} of shape {shape} is no picture",
            "array",
            "give uint8 of shape (rows, columns) or (rows, columns, 3 or 4)",
        )
    if 0 in shape:
        raise ArrayError(f"an array of shape {shape} has no pixels", "array", "give one with rows and columns")
    return (shape[0], shape[1], 1 if len(shape) == 2 else shape[2], array.tobytes())
