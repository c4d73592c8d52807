from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from linkexchange.xdt import PatientFolder, folder


def left(path: Path, name: str, content: bytes = b"x", age: float = 10.0) -> Path:
    file = path / name
    file.write_bytes(content)
    os.utime(file, (time.time() - age,) * 2)
    return file


def test_files_are_ready_when_they_are_quiet_the_oldest_first(tmp_path: Path) -> None:
    second, first = left(tmp_path, "a.gdt", age=20), left(tmp_path, "b.001", age=30)
    left(tmp_path, "c.gdt", age=0)
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(first)
    assert list(PatientFolder(tmp_path).ready()) == [first, second]


def test_a_folder_that_is_not_there_has_no_files(tmp_path: Path) -> None:
    assert list(PatientFolder(tmp_path / "share").ready()) == []


def test_what_was_read_is_removed_once_and_again(tmp_path: Path) -> None:
    file = left(tmp_path, "a.gdt")
    watched = PatientFolder(tmp_path)
    assert watched.read(file) == b"x"
    watched.done(file)
    watched.done(file)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_read_is_kept_under_a_name_that_names_nobody(tmp_path: Path) -> None:
    watched = PatientFolder(tmp_path)
    name = watched.put_aside(left(tmp_path, "Müller_Jörg.gdt"))
    assert [it.name for it in (tmp_path / folder.UNREADABLE).iterdir()] == [name]
    assert list(watched.ready()) == []


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "FILE_MAX_BYTES", 1)
    with pytest.raises(ValueError, match="too large"):
        PatientFolder(tmp_path).read(left(tmp_path, "a.gdt", b"xx"))
