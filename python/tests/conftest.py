"""What the tests share: the samples and a reader."""

from pathlib import Path

import cotejo
import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
FORMS = Path(__file__).resolve().parents[2] / "forms"


@pytest.fixture(scope="session")
def reader() -> cotejo.Reader:
    return cotejo.Reader()
