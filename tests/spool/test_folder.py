from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from spool.conftest import KEY, files
from world import CT, EXPLICIT, STUDY, series_of, uid

from linkexchange.errors import SettingRefused, SpoolDamaged
from linkexchange.model.identifiers import Sha256
from linkexchange.model.outbox import Spooled
from linkexchange.spool import Folder, guarded
from linkexchange.spool.sealing import BLOCK_BYTES

CONTENT = bytes(range(256)) * (BLOCK_BYTES // 100)


def put(folder: Folder, file: UUID, content: bytes = CONTENT) -> None:
    with folder.writing(file) as writing:
        writing.write(content)
        writing.end()
        writing.kept = True


def row(file: UUID, size: int, clock_at: object) -> Spooled:
    return Spooled(file, STUDY, series_of(1), CT, uid(1), EXPLICIT, size, Sha256("0" * 64), clock_at, "M")  # type: ignore[arg-type]


def test_what_was_written_is_read_in_blocks_before_and_after_it_is_settled(folder: Folder) -> None:
    file = uuid4()
    put(folder, file)
    assert b"".join(folder.read(file)) == CONTENT
    folder.settle(file)
    folder.settle(file)
    assert max(map(len, folder.read(file))) <= BLOCK_BYTES
    assert b"".join(folder.read(file)) == CONTENT


def test_names_tell_nothing_and_nobody_else_may_read(folder: Folder) -> None:
    put(folder, uuid4())
    [path] = files(folder)
    assert UUID(hex=path.name.removesuffix(".part")).version == 4
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_is_not_kept_is_gone(folder: Folder) -> None:
    with folder.writing(uuid4()) as writing:
        writing.write(CONTENT)
    with pytest.raises(ZeroDivisionError), folder.writing(uuid4()) as writing:
        writing.write(b"%d" % (1 // 0))
    assert files(folder) == []


def test_the_file_is_synced_and_then_its_folder_before_the_end_returns(tmp_path: Path) -> None:
    synced: list[str] = []

    def sync(descriptor: int) -> None:
        about = os.fstat(descriptor)
        synced.append("folder" if stat.S_ISDIR(about.st_mode) else f"{about.st_size} bytes")

    folder = Folder(tmp_path / "spool", KEY, max_bytes=1, alarm_bytes=1, sync=sync)
    with guarded(folder):
        synced.clear()
        put(folder, uuid4(), b"x" * 100)
    assert synced == ["164 bytes", "folder"]


@pytest.mark.parametrize("number", [1, 2])
def test_a_sync_that_fails_leaves_nothing(number: int, tmp_path: Path) -> None:
    calls: list[int] = []

    def sync(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == number:
            raise OSError(errno.EIO, "")

    (tmp_path / "spool").mkdir(mode=0o700)
    folder = Folder(tmp_path / "spool", KEY, max_bytes=1, alarm_bytes=1, sync=sync)
    with guarded(folder):
        with pytest.raises(OSError, match="5"):
            put(folder, uuid4())
        assert files(folder) == []


def test_a_file_that_is_not_there_or_was_renamed_cannot_be_read(folder: Folder) -> None:
    with pytest.raises(SpoolDamaged, match="FileNotFoundError"):
        list(folder.read(uuid4()))
    put(folder, uuid4())
    other = uuid4()
    files(folder)[0].rename(folder._path / other.hex)
    with pytest.raises(SpoolDamaged):
        list(folder.read(other))


def test_damage_in_the_second_block_shows_behind_the_first(folder: Folder) -> None:
    file = uuid4()
    put(folder, file)
    [path] = files(folder)
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    blocks = folder.read(file)
    assert next(blocks) == CONTENT[:BLOCK_BYTES]
    with pytest.raises(SpoolDamaged):
        list(blocks)


def test_a_short_look_finds_what_is_gone_cut_or_sealed_with_another_key(folder: Folder, clock: object) -> None:
    file = uuid4()
    put(folder, file)
    spooled = row(file, len(CONTENT), clock)
    assert folder.is_whole(spooled)
    other = Folder(folder._path, bytes(range(2, 34)), max_bytes=1, alarm_bytes=1)
    assert not other.is_whole(spooled)
    [path] = files(folder)
    path.write_bytes(path.read_bytes()[:-1])
    assert not folder.is_whole(spooled)
    path.unlink()
    assert not folder.is_whole(spooled)


def test_what_is_removed_is_gone_and_may_be_removed_again(folder: Folder) -> None:
    one, two = uuid4(), uuid4()
    put(folder, one)
    put(folder, two)
    folder.settle(two)
    assert folder.found() == ({one}, {two})
    folder.remove([one, two, uuid4()])
    folder.remove([one, two])
    assert files(folder) == []


def test_only_one_process_receives_into_a_folder(folder: Folder) -> None:
    with pytest.raises(SettingRefused, match="SPOOL_FOLDER: another process"):
        folder.lock()


def test_a_folder_that_nobody_receives_into_is_another_machines(tmp_path: Path) -> None:
    assert not Folder(tmp_path, KEY, max_bytes=1, alarm_bytes=1).is_here


def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir(mode=0o755)
    with pytest.raises(SettingRefused, match="SPOOL_FOLDER: others may enter"):
        Folder(tmp_path / "spool", KEY, max_bytes=1, alarm_bytes=1).lock()
