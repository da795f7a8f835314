"""Digitizes a folder on a cluster with Ray: the records of ``cotejo run --reader net``, to the byte.

    python digitize.py scans/ -o out [--table votes.parquet] [--forms DIR] [--registry CSV] [--readers N]

Actors hold the reader and take photos by their paths, which all nodes have to see; what was measured, some 50 kilobytes a
sheet, is all that travels back. It is put into the order of the run, what shows one sheet is joined, and the run's folder is
written where the script runs. A node that goes away costs the photos in its hands, which others read again.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cotejo
import numpy
import ray

# Photos that an actor is handed at once: some seconds of work.
BATCH = 8


class Reads:
    """An actor: it makes its reader once."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.reader = cotejo.Reader(**options)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """``place``, ``name`` and ``path`` of photos to ``place``, ``nth`` and ``line`` of the sheets that they show."""
        places, nths, lines = [], [], []
        for place, name, path in zip(batch["place"], batch["name"], batch["path"], strict=True):
            for nth, reading in enumerate(self.reader.read(str(path), name=str(name), strict=False)):
                places.append(int(place))
                nths.append(nth)
                lines.append(reading.line())
        # Lines are long: as objects no array pads them to the longest.
        return {"place": numpy.array(places), "nth": numpy.array(nths), "line": numpy.array(lines, dtype=object)}


def measured(
    paths: list[Path], options: dict[str, Any], readers: int, actor: type[Reads] = Reads
) -> Iterator[str]:
    """What was measured of each sheet of these paths, in the order of a run."""
    files = cotejo.files(paths)
    items = [{"place": n, "name": str(f), "path": str(f.absolute())} for n, f in enumerate(files)]
    sheets = ray.data.from_items(items, override_num_blocks=max(1, len(items) // BATCH)).map_batches(
        actor, fn_constructor_args=[options], batch_size=BATCH, compute=ray.data.ActorPoolStrategy(size=readers)
    )
    for row in sheets.sort(["place", "nth"]).iter_rows():
        yield row["line"]


def table(records: Path, to: Path) -> None:
    """Votes of all sheets as Parquet, a row a choice."""
    rows = []
    for text in records.read_text(encoding="utf-8").splitlines():
        record = json.loads(text)
        if record.get("part_of"):
            continue
        for contest in record["contests"]:
            for choice in contest["choices"]:
                votes = choice["votes"]
                rows.append(
                    {
                        "path": record["sources"][0]["path"],
                        "code": record["sheet"]["code"],
                        "contest": contest["id"],
                        "state": contest["state"],
                        "candidate": choice["candidate"],
                        "party": choice["party"],
                        "votes": votes["value"],
                        "confidence": votes["confidence"],
                    }
                )
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), to)


def main() -> None:
    """Reads the arguments, and digitizes."""
    arguments = argparse.ArgumentParser(description="Digitizes a folder on a cluster")
    arguments.add_argument("paths", nargs="+", type=Path, help="photos, or folders of them, which all nodes see")
    arguments.add_argument("-o", "--out", type=Path, required=True, help="folder of the run")
    arguments.add_argument("--overwrite", action="store_true", help="replace the run that it holds")
    arguments.add_argument("--table", type=Path, help="votes of all sheets, a Parquet file")
    arguments.add_argument("--forms", help="folder with further form definitions, which all nodes see")
    arguments.add_argument("--registry", help="registry of tables, which all nodes see")
    arguments.add_argument("--max-error", type=float, default=1e-4)
    arguments.add_argument("--no-qr", action="store_true")
    arguments.add_argument("--readers", type=int, help="actors [default: one a core of the cluster]")
    given = arguments.parse_args()
    ray.init(log_to_driver=False)
    options = {
        "forms": given.forms and str(Path(given.forms).absolute()),
        "registry": given.registry and str(Path(given.registry).absolute()),
        "max_error": given.max_error,
        "qr": not given.no_qr,
    }
    readers = given.readers or int(ray.cluster_resources()["CPU"])
    lines = measured(given.paths, options, readers)
    run = cotejo.Reader(**options).write_run(lines, given.out, inputs=given.paths, overwrite=given.overwrite)
    if given.table:
        table(given.out / "records.jsonl", given.table)
    counts = run["counts"]
    print(f"{counts['records'] - counts['parts']} sheets: {counts['accepted']} accepted, {counts['review']} to review")


if __name__ == "__main__":
    main()
