"""The cluster's records are those of one machine, also where an actor dies: with Ray on this machine alone."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cotejo
import digitize
import pyarrow.parquet
import pytest
import ray
from PIL import Image

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.fixture
def scans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two folders: a sheet photographed twice, a file that lies there twice, one that is none, a document of two pages."""
    monkeypatch.chdir(tmp_path)
    for folder in ("scans/a", "scans/b"):
        Path(folder).mkdir(parents=True)
    for name in ("acta-0001.jpg", "acta-0002.jpg", "acta-0004.jpg", "acta-0006.jpg", "acta-0007.jpg"):
        Path("scans/b", name).write_bytes((SAMPLES / name).read_bytes())
    picture = Image.open(SAMPLES / "acta-0001.jpg").convert("L")
    picture.resize((picture.width * 9 // 10, picture.height * 9 // 10)).save("scans/a/again.png")
    Path("scans/a/copy.jpg").write_bytes((SAMPLES / "acta-0004.jpg").read_bytes())
    Path("scans/b/notes.jpg").write_bytes(b"notes")
    pages = [Image.open(SAMPLES / f"acta-{n}.jpg").convert("L") for n in ("0008", "0009")]
    pages[0].save("scans/a/pages.pdf", save_all=True, append_images=pages[1:], resolution=200.0)
    return Path("scans")


def run(scans: Path) -> None:
    """The run of one machine."""
    command = [Path(sys.executable).with_name("cotejo"), "run", scans, "-o", "one", "--reader", "net"]
    assert subprocess.run(command, capture_output=True).returncode == 1


def same(other: str) -> None:
    """Another run's records are the same bytes."""
    for name in ("records.jsonl", "records.csv"):
        assert Path("one", name).read_bytes() == Path(other, name).read_bytes(), name


def test_the_script_writes_the_records_of_one_machine(scans: Path) -> None:
    run(scans)
    script = [sys.executable, digitize.__file__, scans, "-o", "many", "--readers", "2", "--table", "votes.parquet"]
    done = subprocess.run(script, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    same("many")
    records = [r for r in Path("many/records.jsonl").read_text().splitlines() if '"part_of"' in r]
    assert len(records) == 2, "a photo of a sheet that stands elsewhere, and a copy"
    table = pyarrow.parquet.read_table("votes.parquet")
    assert set(table["state"].to_pylist()) >= {"accepted"} and table.num_rows % 38 == 0


class Dies(digitize.Reads):
    """An actor that dies within its work, once."""

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        marker = Path(os.environ["COTEJO_DIED"])
        if not marker.exists():
            marker.touch()
            os._exit(1)
        return super().__call__(batch)


def test_an_actor_that_dies_costs_nothing(scans: Path, tmp_path: Path) -> None:
    run(scans)
    marker = tmp_path / "died"
    folder = str(Path(__file__).parent)
    ray.init(
        num_cpus=2,
        log_to_driver=False,
        runtime_env={"env_vars": {"COTEJO_DIED": str(marker), "PYTHONPATH": folder}},
    )
    try:
        lines = list(digitize.measured([scans], {}, 2, Dies))
    finally:
        ray.shutdown()
    assert marker.exists()
    cotejo.Reader().write_run(lines, "many", inputs=[scans])
    same("many")
