"""What a user writes, for mypy alone."""

import cotejo
import numpy
from numpy.typing import NDArray
from PIL import Image


def votes(reader: cotejo.Reader, pixels: NDArray[numpy.uint8]) -> dict[str, int | None]:
    out: dict[str, int | None] = {}
    for reading in [*reader.read("a.jpg"), *reader.read(b""), *reader.read(pixels), *reader.read(Image.open("a.jpg"))]:
        for contest in reading.record["contests"]:
            for choice in contest["choices"]:
                out[choice["id"]] = choice["votes"]["value"]
    crop: NDArray[numpy.uint8] = reader.crops(reading)["EG_MUD"]["digits"]
    assert crop.ndim == 2
    return out
