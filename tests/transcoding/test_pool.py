"""The worker processes: what goes in and out, and what becomes of everybody when one dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import mortality
import psutil
import pytest
import rawdicom as raw
import transcodable
from pydicom import dcmread

from linkexchange.errors import (
    InstanceFault,
    OriginUnavailable,
    SyntaxRefused,
    TranscoderUnavailable,
    TransferInterrupted,
)
from linkexchange.model.syntaxes import EXPLICIT_LITTLE, IMPLICIT_LITTLE
from linkexchange.ports import Brake, IncomingInstance
from linkexchange.transcoding import Limits, TranscodingPool

pytestmark = pytest.mark.slow

RLE = transcodable.shipped("MR_small_RLE.dcm")
PLAIN = dcmread(transcodable.shipped("MR_small.dcm")).PixelData


def pixels(pool: TranscodingPool, instance: IncomingInstance | None = None) -> bytes:
    with pool.transcode(instance or transcodable.incoming(RLE), EXPLICIT_LITTLE) as transcoded:
        return bytes(transcodable.opened(transcoded.instance).PixelData)


def worker_of(pool: TranscodingPool) -> int:
    (idle,) = pool._idle
    return idle.pid


def working() -> int:
    """The one worker that this process has."""
    children = psutil.Process().children()
    (worker,) = [child.pid for child in children if "linkexchange.transcoding.worker" in child.cmdline()]
    return worker


def large() -> IncomingInstance:
    """An image that takes some time to decode, and to be handed over."""
    ds = dcmread(RLE)
    ds.NumberOfFrames, code = 2000, next(transcodable.frames(ds))
    file = transcodable.compressed(ds, [code] * 2000, str(ds.file_meta.TransferSyntaxUID))
    return transcodable.incoming(file)


def test_an_image_comes_back_decoded_under_its_own_uid(pool: TranscodingPool) -> None:
    instance = transcodable.incoming(RLE)
    with pool.transcode(instance, EXPLICIT_LITTLE) as transcoded:
        found = transcodable.opened(transcoded.instance)
    assert (found.SOPInstanceUID, found.PixelData) == (instance.sop_instance, PLAIN)
    assert transcoded.instance.transfer_syntax == EXPLICIT_LITTLE


def test_one_worker_serves_one_image_after_the_other(pool: TranscodingPool) -> None:
    pixels(pool)
    first = worker_of(pool)
    assert pixels(pool) == PLAIN
    assert worker_of(pool) == first


def test_a_refused_image_costs_no_worker_and_its_bytes_are_not_taken_for_the_next(pool: TranscodingPool) -> None:
    pixels(pool)
    first = worker_of(pool)
    with pytest.raises(InstanceFault, match="unknown VR"):
        pixels(pool, transcodable.by_hand(raw.element(0x00100020, "ZZ", bytes(60000)) * 100, raw.JPEG_2000))
    assert (pixels(pool), worker_of(pool)) == (PLAIN, first)


def test_an_image_too_large_for_the_ceiling_is_refused_and_says_so() -> None:
    with (
        closing(TranscodingPool(Limits(memory_bytes=8 << 20))) as pool,
        pytest.raises(SyntaxRefused, match="too large"),
    ):
        pixels(pool, large())


def test_a_worker_that_the_system_kills_says_nothing_of_its_image_and_the_next_gets_a_fresh_one(
    pool: TranscodingPool,
) -> None:
    pixels(pool)
    victim = worker_of(pool)

    def chunks() -> Iterator[bytes]:
        yield from transcodable.incoming(RLE).chunks
        os.kill(victim, signal.SIGKILL)
        yield from (bytes(1 << 16) for _ in range(100))

    with pytest.raises(TranscoderUnavailable, match="killed"):
        pixels(pool, replace(transcodable.incoming(RLE), chunks=chunks()))
    assert pixels(pool) == PLAIN
    assert worker_of(pool) != victim


def test_a_worker_killed_while_it_gives_out_an_image_never_passes_for_its_end(pool: TranscodingPool) -> None:
    def killed_at_the_first_chunk() -> Iterator[bytes]:
        with pool.transcode(large(), EXPLICIT_LITTLE) as transcoded:
            yield next(transcoded.instance.chunks)
            os.kill(working(), signal.SIGKILL)
            yield from transcoded.instance.chunks

    with pytest.raises(TranscoderUnavailable):
        list(killed_at_the_first_chunk())
    assert pixels(pool) == PLAIN


@pytest.mark.parametrize(("part", "broken"), [("_MODULE", "linkexchange.no_such_module"), ("sys.executable", "/none")])
def test_a_worker_that_does_not_start_says_nothing_of_an_image(
    part: str, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"linkexchange.transcoding.process.{part}", broken)
    with closing(TranscodingPool()) as pool:
        with pytest.raises(TranscoderUnavailable, match="does not start"):
            pixels(pool)
        monkeypatch.undo()
        assert pixels(pool) == PLAIN


def test_a_codec_that_crashes_fails_its_image(pool: TranscodingPool) -> None:
    pixels(pool)
    victim = worker_of(pool)

    def chunks() -> Iterator[bytes]:
        yield from transcodable.incoming(RLE).chunks
        os.kill(victim, signal.SIGSEGV)
        yield from (bytes(1 << 16) for _ in range(100))

    with pytest.raises(InstanceFault, match="failed"):
        pixels(pool, replace(transcodable.incoming(RLE), chunks=chunks()))


def test_a_worker_that_died_idle_is_replaced(pool: TranscodingPool) -> None:
    pixels(pool)
    os.kill(worker_of(pool), signal.SIGSEGV)
    mortality.await_end(worker_of(pool))
    assert pixels(pool) == PLAIN


def test_what_takes_too_long_is_ended_wherever_it_is() -> None:
    with closing(TranscodingPool(Limits(seconds=0.05))) as pool:
        with pytest.raises(InstanceFault, match="too long"):
            pixels(pool, large())
        assert pool._idle == []


def test_a_worker_cannot_have_more_memory_than_its_ceiling_nor_write_a_file_or_a_core(pool: TranscodingPool) -> None:
    pixels(pool)
    limits = Path(f"/proc/{worker_of(pool)}/limits").read_text().splitlines()
    soft = {line[:26].strip(): line[26:].split()[0] for line in limits}
    assert (soft["Max file size"], soft["Max core file size"]) == ("0", "0")
    assert 1 << 30 < int(soft["Max address space"]) < 3 << 30


@pytest.mark.slow
def test_memory_beyond_the_ceiling_fails_the_image_and_nothing_else() -> None:
    ds = dcmread(RLE)
    ds.Rows, ds.Columns, ds.NumberOfFrames = 1, 1, 300_000
    many = transcodable.compressed(ds, [bytes(66)] * 300_000, str(ds.file_meta.TransferSyntaxUID))
    with closing(TranscodingPool(Limits(memory_bytes=48 << 20))) as pool:
        with pytest.raises(InstanceFault, match="too much memory"):
            pixels(pool, transcodable.incoming(many))
        assert pixels(pool) == PLAIN


def test_an_image_that_nobody_reads_to_its_end_costs_its_worker_and_blocks_nobody(pool: TranscodingPool) -> None:
    with pool.transcode(large(), EXPLICIT_LITTLE) as transcoded:
        next(transcoded.instance.chunks)
    assert pixels(pool) == PLAIN


def test_what_the_origin_raises_is_raised(pool: TranscodingPool) -> None:
    def chunks() -> Iterator[bytes]:
        yield from transcodable.incoming(RLE).chunks
        raise OriginUnavailable

    with pytest.raises(OriginUnavailable):
        pixels(pool, replace(transcodable.incoming(RLE), chunks=chunks()))
    assert pixels(pool) == PLAIN


def test_two_threads_share_one_worker(pool: TranscodingPool) -> None:
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(pixels(pool))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [PLAIN] * 4
    assert len(pool._idle) == 1


def test_the_brake_ends_a_conversion_at_once_and_is_no_fault_of_the_image(pool: TranscodingPool) -> None:
    brake = Brake()
    timer = threading.Timer(0.3, brake.pull)
    timer.start()
    begun = time.monotonic()

    def slowly() -> Iterator[bytes]:
        with pool.transcode(large(), EXPLICIT_LITTLE, brake=brake) as transcoded:
            for chunk in transcoded.instance.chunks:
                time.sleep(0.05)
                yield chunk

    with pytest.raises(TransferInterrupted):
        list(slowly())
    assert time.monotonic() - begun < 20
    timer.join()


def test_the_brake_also_frees_who_waits_for_a_worker(pool: TranscodingPool) -> None:
    brake = Brake()
    timer = threading.Timer(0.1, brake.pull)
    with pool.transcode(large(), EXPLICIT_LITTLE):
        timer.start()
        with (
            pytest.raises(TransferInterrupted),
            pool.transcode(transcodable.incoming(RLE), EXPLICIT_LITTLE, brake=brake),
        ):
            pytest.fail("a worker was lent twice")
    timer.join()


def test_no_file_appears_anywhere(pool: TranscodingPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where both processes stand, nor behind anything that one of them has opened, deleted or not."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def open_files(process: int | str) -> set[Path]:
        return {link.readlink() for link in Path(f"/proc/{process}/fd").iterdir() if link.is_file()}

    before = open_files("self")
    with pool.transcode(large(), IMPLICIT_LITTLE) as transcoded:
        next(transcoded.instance.chunks)
        assert open_files("self") - before == set()
        assert open_files(working()) == set()
    assert list(tmp_path.iterdir()) == []


def test_a_worker_sees_nothing_of_the_nodes_environment(pool: TranscodingPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINKEXCHANGE_DATABASE_URL", "postgresql://role:password@host/database")
    pixels(pool)
    assert b"password" not in Path(f"/proc/{worker_of(pool)}/environ").read_bytes()


def test_workers_end_with_the_process_that_started_them() -> None:
    code = """
import sys, transcodable
from linkexchange.transcoding import TranscodingPool
pool = TranscodingPool()
with pool.transcode(transcodable.incoming(transcodable.shipped("MR_small_RLE.dcm")), sys.argv[1]) as transcoded:
    list(transcoded.instance.chunks)
print(pool._idle[0].pid, flush=True)
input()
"""
    with mortality.python(
        f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r})\n{code}", EXPLICIT_LITTLE
    ) as process:
        assert process.stdout
        worker = int(process.stdout.readline())
        process.kill()
        mortality.await_end(worker)


def test_nothing_heavy_is_imported_by_the_process_that_asks() -> None:
    code = "import sys, linkexchange.transcoding; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert {"numpy", "pydicom", "gdcm", "openjpeg", "jpeg_ls"}.isdisjoint(loaded)
