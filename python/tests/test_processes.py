"""A reader among threads and processes."""

import concurrent.futures
import multiprocessing
import os
import pickle
import signal
import threading
import time
from pathlib import Path

import cotejo
import pytest
from conftest import SAMPLES

SHEETS = [SAMPLES / f"acta-000{n}.jpg" for n in (1, 2, 4, 6)]


def texts(reader: cotejo.Reader, path: Path) -> list[str]:
    return [reading.to_json() for reading in reader.read(path)]


def test_threads_read_side_by_side_with_the_same_outcome(reader: cotejo.Reader) -> None:
    alone = [texts(reader, path) for path in SHEETS]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda path: texts(reader, path), SHEETS * 3))
    assert together == alone * 3


def test_the_interpreter_is_free_while_a_sheet_is_read(reader: cotejo.Reader) -> None:
    turns, over = 0, threading.Event()

    def turn() -> None:
        nonlocal turns
        while not over.is_set():
            turns += 1
            time.sleep(0.001)

    thread = threading.Thread(target=turn)
    thread.start()
    started = time.monotonic()
    reader.read(SHEETS[0])
    took, seen = time.monotonic() - started, turns
    over.set()
    thread.join()
    assert seen > took / 0.02, f"{seen} turns in {took} s"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_read_what_the_reader_was_made_for(reader: cotejo.Reader, method: str) -> None:
    alone = [texts(reader, path) for path in SHEETS]
    context = multiprocessing.get_context(method)
    with context.Pool(2) as pool:
        there = pool.starmap_async(texts, [(reader, path) for path in SHEETS]).get(timeout=120)
    assert there == alone


def test_a_process_that_is_forked_while_threads_read_reads_on(reader: cotejo.Reader) -> None:
    alone = texts(reader, SHEETS[1])
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        work = [pool.submit(texts, reader, path) for path in SHEETS]
        time.sleep(0.1)
        child = os.fork()
        if child == 0:
            # Nothing of the parent's is to be cleaned up here.
            os._exit(0 if texts(reader, SHEETS[1]) == alone else 1)
        deadline = time.monotonic() + 120
        while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < deadline:
            time.sleep(0.05)
        if ended == (0, 0):
            os.kill(child, signal.SIGKILL)
        assert ended == (child, 0)
        assert [w.result() for w in work][1] == alone


def test_a_forked_process_makes_readers_of_its_own(reader: cotejo.Reader) -> None:
    child = os.fork()
    if child == 0:
        (reading,) = cotejo.Reader(qr=False).read(SHEETS[0])
        os._exit(0 if reading.record["sheet"]["table"] == 6 else 1)
    deadline = time.monotonic() + 60
    while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < deadline:
        time.sleep(0.05)
    if ended == (0, 0):
        os.kill(child, signal.SIGKILL)
    assert ended == (child, 0)


def test_a_reader_is_sent_with_its_options() -> None:
    there = pickle.loads(pickle.dumps(cotejo.Reader(max_error=1e-6, qr=False)))
    assert "max_error=1e-06" in repr(there) and "qr=False" in repr(there)
    (reading,) = there.read(SHEETS[0])
    assert reading.record["sheet"]["qr"] is None
