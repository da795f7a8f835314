"""A photo in each way in which Python has it, and what comes of it."""

import copy
import csv
import io
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import cotejo
import numpy
import pytest
from conftest import FORMS, SAMPLES
from PIL import Image

SHEET = SAMPLES / "acta-0001.jpg"


def numbers(reading: cotejo.Reading) -> Any:
    """A record without where it comes from."""
    record = reading.to_dict()
    del record["sources"]
    return record


def test_a_sheet_is_read_with_its_evidence(reader: cotejo.Reader) -> None:
    (reading,) = reader.read(SHEET)
    assert reading.status == "accepted" and reading.confidence > 0.9999
    record = reading.record
    assert record["sheet"]["code"] == "912304355.06.1.0001"
    assert record["contests"][0]["candidates"]["NM"] == 55
    assert reading.to_dict() == record == json.loads(reading.to_json())
    assert reading.evidence is not None and 1_000 < len(reading.evidence) < 200_000
    assert reader.decide(reading.evidence) == record
    assert pickle.loads(pickle.dumps(reading)) == reading == copy.copy(reading)


def test_path_bytes_arrays_and_pictures_say_the_same(reader: cotejo.Reader, tmp_path: Path) -> None:
    (path,) = reader.read(SHEET)
    (same,) = reader.read(SHEET.read_bytes(), name=str(SHEET))
    assert same == path
    picture = Image.open(SHEET).convert("RGB")
    png = tmp_path / "sheet.png"
    picture.save(png)
    (path,) = reader.read(png)
    for photo in (numpy.asarray(picture), picture, Image.open(png), numpy.dstack([picture, picture])[:, :, :4]):
        (reading,) = reader.read(photo, name="other")
        assert numbers(reading) == numbers(path)
        source = reading.record["sources"][0]
        assert (source["path"], source["format"]) == ("other", "pixels")
        assert (source["height"], source["width"]) == (picture.height, picture.width)
    grey = numpy.asarray(picture.convert("L"))
    (reading,) = reader.read(grey[:, ::-1][:, ::-1])
    assert reading.record["contests"][0]["candidates"] == path.record["contests"][0]["candidates"]


def test_the_exif_orientation_of_a_picture_is_applied(reader: cotejo.Reader) -> None:
    picture = Image.open(SHEET).convert("L")
    turned, upright = io.BytesIO(), picture.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    upright.save(turned, "jpeg", quality=95, exif=exif)
    (file,) = reader.read(turned.getvalue())
    (pil,) = reader.read(Image.open(turned))
    assert file.status == pil.status == "accepted"
    assert file.record["sources"][0]["width"] == pil.record["sources"][0]["width"] == picture.width


def test_photos_of_one_sheet_are_joined(reader: cotejo.Reader) -> None:
    picture = Image.open(SHEET).convert("L")
    small = picture.resize((picture.width * 9 // 10, picture.height * 9 // 10))
    both = [*reader.read(SHEET), *reader.read(small), *reader.read(SAMPLES / "acta-0002.jpg")]
    records = reader.join(e for r in both if (e := r.evidence))
    assert [len(r["sources"]) for r in records] == [2, 1]
    assert records[0]["contests"][0]["candidates"] == both[0].record["contests"][0]["candidates"]


def test_a_file_that_is_no_picture_is_an_error_with_code_and_hint(reader: cotejo.Reader, tmp_path: Path) -> None:
    with pytest.raises(cotejo.PictureError) as caught:
        reader.read(b"these are notes", name="notes.txt")
    assert caught.value.code == "not_a_picture" and caught.value.hint
    assert "notes.txt" in str(caught.value) and caught.value.hint in str(caught.value)
    assert pickle.loads(pickle.dumps(caught.value)).code == "not_a_picture"
    (reading,) = reader.read(b"these are notes", strict=False)
    assert reading.status == "rejected" and reading.evidence is None
    with pytest.raises(cotejo.PictureError):
        reader.read(tmp_path / "missing.jpg")
    (receipt,) = reader.read(SAMPLES / "acta-0007.jpg")
    assert receipt.status == "rejected" and receipt.record["findings"][0]["code"] == "no_sheet"
    with pytest.raises(cotejo.ArrayError):
        reader.read(numpy.zeros((4, 4)))
    with pytest.raises(cotejo.ArrayError):
        reader.read(numpy.zeros((0, 4), numpy.uint8))


def test_errors_are_one_tree(reader: cotejo.Reader, tmp_path: Path) -> None:
    with pytest.raises(cotejo.OptionsError, match="between 0 and 1"):
        cotejo.Reader(max_error=2)
    (tmp_path / "bad.toml").write_text("id = 3")
    with pytest.raises(cotejo.FormError):
        cotejo.Reader(forms=tmp_path)
    with pytest.raises(cotejo.RegistryError):
        cotejo.Reader(registry=tmp_path / "missing.csv")
    with pytest.raises(cotejo.EvidenceError):
        reader.join([b"{}"])
    for error in (cotejo.OptionsError, cotejo.FormError, cotejo.RegistryError, cotejo.EvidenceError, cotejo.ArrayError):
        assert issubclass(error, cotejo.CotejoError)


def test_crops_are_cut_on_demand(reader: cotejo.Reader) -> None:
    (reading,) = reader.read(SHEET)
    crops = reader.crops(reading)
    choices = [c["id"] for c in reading.record["contests"][0]["choices"]]
    assert all(set(crops[choice]) == {"digits", "words"} for choice in choices)
    digits = crops[choices[0]]["digits"]
    assert digits.dtype == numpy.uint8 and digits.ndim == 2 and 20 < digits.shape[0] < digits.shape[1] * 2
    assert digits.min() < 100 < 150 < digits.max(), "print on paper"
    some = reader.crops(reading, SHEET.read_bytes(), fields=[choices[0]])
    assert list(some) == [choices[0]] and (some[choices[0]]["digits"] == digits).all()
    with pytest.raises(cotejo.PictureError, match="SHA-256"):
        reader.crops(reading, SAMPLES / "acta-0002.jpg")


def test_a_document_is_decoded_by_another_process(reader: cotejo.Reader, tmp_path: Path) -> None:
    for name, how in (("both.pdf", {"resolution": 200.0}), ("both.tif", {"compression": "tiff_lzw"})):
        pages = [Image.open(SAMPLES / f"acta-000{n}.jpg").convert("L") for n in (1, 2)]
        pages[0].save(tmp_path / name, save_all=True, append_images=pages[1:], **how)
        readings = reader.read(tmp_path / name)
        assert [r.record["sources"][0]["page"] for r in readings] == [0, 1], name
        assert [r.record["sheet"]["table"] for r in readings] == [6, 2], name
    # In a folder where somebody else's `cotejo` lies that is not taken for this one.
    (tmp_path / "cotejo").mkdir()
    (tmp_path / "cotejo" / "__init__.py").write_text("raise SystemExit(3)")
    script = f"import sys; sys.path.pop(0); import cotejo; print(len(cotejo.Reader().read({str(tmp_path / 'both.pdf')!r})))"
    said = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "2"


def test_the_command_is_in_the_wheel_and_says_the_same(reader: cotejo.Reader, tmp_path: Path) -> None:
    (tmp_path / "scans").mkdir()
    for name in ("acta-0001.jpg", "acta-0006.jpg"):
        (tmp_path / "scans" / name).write_bytes((SAMPLES / name).read_bytes())
    Image.open(SAMPLES / "acta-0002.jpg").convert("L").save(tmp_path / "scans" / "2.pdf", resolution=200.0)
    (tmp_path / "scans" / "copy.jpg").write_bytes(SHEET.read_bytes())
    (tmp_path / "scans" / "notes.jpg").write_bytes(b"notes")
    command = [Path(sys.executable).with_name("cotejo"), "run", "scans", "-o", "out", "--reader", "net"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    files = cotejo.files([tmp_path / "scans"])
    assert [f.name for f in files] == ["2.pdf", "acta-0001.jpg", "acta-0006.jpg", "copy.jpg", "notes.jpg"]
    lines = [
        reading.line()
        for file in files
        for reading in reader.read(file.read_bytes(), name=str(file.relative_to(tmp_path)), strict=False)
    ]
    run = reader.write_run(lines, tmp_path / "again", inputs=["scans"])
    assert run["counts"]["records"] == 5 and run["inputs"] == ["scans"]
    for name in ("records.jsonl", "records.csv"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name
    with pytest.raises(cotejo.OutputError):
        reader.write_run(lines, tmp_path / "again")


def test_a_precinct_report_is_read(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("cotejo")
    form = "us-in-2024-precinct-a"
    made = [command, "synth", "-n", "1", "--seed", "3", "--forms", FORMS, "--form", form, "-o", tmp_path / "made"]
    subprocess.run(made, capture_output=True, check=True)
    (reading,) = cotejo.Reader(forms=FORMS).read(tmp_path / "made" / "sheet-0001.jpg")
    record = reading.record
    assert record["form"] is not None and record["form"]["id"] == form
    (truth,) = csv.DictReader((tmp_path / "made" / "truth.csv").open(encoding="utf-8"))
    candidates = {name: n for contest in record["contests"] for name, n in contest["candidates"].items()}
    assert len(candidates) > 10
    for name, n in candidates.items():
        assert n == int(truth[name]), name


def test_the_example_makes_a_table_and_a_picture(tmp_path: Path) -> None:
    example = Path(__file__).resolve().parents[1] / "examples" / "photos_to_table.py"
    command = [sys.executable, example, *(SAMPLES / f"acta-000{n}.jpg" for n in (1, 7)), "-o", tmp_path]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "1 sheets, 1 counted" in said and "no sheet" in said
    table = (tmp_path / "votes.csv").read_text().splitlines()
    assert len(table) == 39 and table[0].startswith("centre,table,contest,candidate")
    picture = numpy.asarray(Image.open(tmp_path / "votes.png").convert("L"))
    assert picture.std() > 20
