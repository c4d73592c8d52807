from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from digests import digest_of
from spool.conftest import ALARM_BYTES, KEY, MAX_BYTES, files, incoming, send, waiting
from structlog.testing import capture_logs
from world import CT, EXPLICIT, HOSPITAL, PRACTICE, STUDY, data_set, in_chunks, series_of, uid

from linkexchange.errors import PacsUnavailable, StateUnavailable
from linkexchange.model.identifiers import AeTitle, SopClassUid
from linkexchange.spool import Folder, Intake
from linkexchange.spool.intake import Status
from linkexchange.store.work import Database


def big(number: int, kilobytes: int) -> bytes:
    """A data set with so many kilobytes of pixels."""
    small = data_set(number)
    at = small.rindex(b"\xe0\x7f\x10\x00")
    size = kilobytes << 10
    return small[: at + 8] + size.to_bytes(4, "little") + bytes([number]) * size


def events(database: Database) -> list[str]:
    return [it.topic for it in database.events_after(HOSPITAL, 0)]


def test_what_is_taken_waits_with_its_row_and_its_file(intake: Intake, folder: Folder) -> None:
    send(intake, 1)
    [it] = waiting(intake)
    content = data_set(1)
    assert (it.sop_instance, it.sop_class, it.study, it.series) == (uid(1), CT, STUDY, series_of(1))
    assert (it.bytes, it.digest) == (len(content), digest_of(content, EXPLICIT))
    assert (it.transfer_syntax, it.calling, it.delivered) == (EXPLICIT, "MODALITY", False)
    assert b"".join(folder.read(it.file)) == content
    assert [path.name for path in files(folder)] == [it.file.hex]


def test_the_file_is_on_disk_before_the_row_is_committed_and_the_row_before_the_answer(
    database: Database, folder: Folder, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    monkeypatch.setattr(folder, "_sync", lambda fd: order.append("synced"))
    settle = folder.settle
    monkeypatch.setattr(folder, "settle", lambda file: (order.append(f"rows: {len(waiting(intake))}"), settle(file)))
    send(intake, 1)
    assert order == ["synced", "synced", "rows: 1"]


def test_the_same_image_twice_is_one(intake: Intake, folder: Folder) -> None:
    send(intake, 1)
    before = waiting(intake)
    send(intake, 1)
    assert waiting(intake) == before
    assert len(files(folder)) == 1


@pytest.mark.parametrize("damaged", [False, True])
def test_another_image_under_the_same_uid_is_refused_and_overwrites_nothing(
    damaged: bool, intake: Intake, folder: Folder
) -> None:
    send(intake, 1)
    before = waiting(intake)
    if damaged:
        files(folder)[0].write_bytes(b"")
    assert intake.take("MODALITY", incoming(1, StudyDescription="another")) == Status.CONFLICT
    assert waiting(intake) == before
    assert len(files(folder)) == 1


def test_a_damaged_image_that_comes_once_more_takes_its_place(intake: Intake, folder: Folder) -> None:
    send(intake, 1)
    files(folder)[0].write_bytes(b"damaged")
    send(intake, 1)
    [it] = waiting(intake)
    assert b"".join(folder.read(it.file)) == data_set(1)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (data_set(2), Status.NOT_WHAT_IT_SAYS),
        (data_set(1)[:-7], Status.UNREADABLE),
        (b"\x08\x00\x05\x00CS\xff\xffnonsense", Status.UNREADABLE),
        (b"", Status.UNREADABLE),
    ],
)
def test_what_is_no_whole_image_or_another_one_is_refused_and_leaves_nothing(
    content: bytes, status: Status, intake: Intake, folder: Folder
) -> None:
    instance = replace(incoming(1), chunks=in_chunks(content))
    assert intake.take("MODALITY", instance) == status
    assert (waiting(intake), files(folder)) == ([], [])


def test_a_class_that_is_not_that_of_the_command_is_refused(intake: Intake) -> None:
    other = SopClassUid("1.2.840.10008.5.1.4.1.1.4")
    assert intake.take("MODALITY", replace(incoming(1), sop_class=other)) == Status.NOT_WHAT_IT_SAYS


def test_an_association_that_breaks_off_leaves_nothing(intake: Intake, folder: Folder) -> None:
    def broken() -> Iterator[bytes]:
        yield data_set(1)[:400]
        raise PacsUnavailable("gone")

    with pytest.raises(PacsUnavailable):
        intake.take("MODALITY", replace(incoming(1), chunks=broken()))
    assert (waiting(intake), files(folder)) == ([], [])
    send(intake, 1)


def test_beyond_the_limit_nothing_is_taken_and_what_waits_stays(intake: Intake, folder: Folder) -> None:
    assert intake.take("M", incoming(1, big(1, 700))) == Status.TAKEN
    assert intake.take("M", incoming(2, big(2, 400))) == Status.FULL
    assert [it.sop_instance for it in waiting(intake)] == [uid(1)]
    assert len(files(folder)) == 1
    assert intake.take("M", incoming(3, big(3, 200))) == Status.TAKEN


def test_there_is_one_alarm_past_the_share_and_one_at_the_limit(intake: Intake, database: Database) -> None:
    with capture_logs() as logs:
        for number in range(1, 7):
            intake.take("M", incoming(number, big(number, 200)))
    assert events(database) == ["outbox.received", "outbox.alarm", "outbox.full"]
    [alarm] = [it for it in database.events_after(HOSPITAL, 0) if it.topic == "outbox.alarm"]
    assert ALARM_BYTES <= int(alarm.body["bytes"]) < MAX_BYTES
    assert [it["event"] for it in logs].count("the outbox fills up") == 1


def test_the_alarm_comes_again_when_it_was_over(intake: Intake, database: Database) -> None:
    for _ in range(2):
        assert intake.take("M", incoming(1, big(1, 900))) == Status.TAKEN
        with database.work(HOSPITAL) as work:
            work.outbox.drop([it.file for it in waiting(intake)])
        send(intake, 2)
        with database.work(HOSPITAL) as work:
            work.outbox.drop([it.file for it in waiting(intake)])
    assert events(database).count("outbox.alarm") == 2


@pytest.mark.parametrize("call", ["write", "open", "fsync"])
def test_f_04_a_disk_that_is_full_or_fails_is_no_room_and_recovers(
    call: str, database: Database, tmp_path: Path, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "no space", "/path/with/a/name")

    real = getattr(os, call)

    def sync(descriptor: int) -> None:
        os.fsync(descriptor)  # looked up anew for each call

    folder = Folder(tmp_path / "spool", KEY, max_bytes=MAX_BYTES, alarm_bytes=ALARM_BYTES, sync=sync)
    descriptor = folder.lock()
    intake = Intake(HOSPITAL, database, folder, title=AeTitle("OUTBOX"), now=clock)
    with capture_logs() as logs, monkeypatch.context() as patched:
        patched.setattr(os, call, full)
        assert intake.take("MODALITY", incoming(1)) == Status.FULL
    assert getattr(os, call) is real
    assert (waiting(intake), files(folder)) == ([], [])
    assert "path" not in str(logs)
    send(intake, 1)
    os.close(descriptor)


def test_an_alarm_that_was_not_committed_is_told_with_the_next_image(intake: Intake, database: Database) -> None:
    """The commit of the first one fails after the alarm has been written."""
    assert intake.take("M", incoming(1, big(1, 700))) == Status.TAKEN
    real = database.work

    @contextmanager
    def cut(participant: Any) -> Iterator[Any]:
        with real(participant) as work:
            yield work
            if work.outbox.bytes() > ALARM_BYTES:
                raise StateUnavailable

    database.work = cut  # type: ignore[method-assign]
    assert intake.take("M", incoming(2, big(2, 200))) == Status.FULL
    database.work = real  # type: ignore[method-assign]
    assert "outbox.alarm" not in events(database)
    assert intake.take("M", incoming(2, big(2, 200))) == Status.TAKEN
    assert "outbox.alarm" in events(database)


@pytest.mark.parametrize(("set_up", "then"), [("off", "on"), ("local", "local"), ("on", "on")])
def test_the_commit_waits_for_the_disk_also_at_a_server_that_does_not(
    set_up: str, then: str, intake: Intake, database: Database
) -> None:
    send(intake, 1)
    with database.work(HOSPITAL) as work:
        connection = work._connection
        connection.exec_driver_sql(f"SET LOCAL synchronous_commit = {set_up}")
        work.outbox.add(waiting(intake)[0])
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == then


def test_f_05_without_the_database_nothing_is_acknowledged(
    intake: Intake, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise StateUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(intake.store, "work", away)
        assert intake.take("MODALITY", incoming(1)) == Status.FULL
    assert (waiting(intake), files(folder)) == ([], [])


def test_f_07_a_commit_whose_answer_never_came_is_not_guessed(
    intake: Intake, folder: Folder, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row is there, and whoever sends again is told so; without it the file goes at the next start."""
    real = type(database).work

    class Cut:
        def __init__(self) -> None:
            self.calls = 0

        def __call__(self, participant: Any) -> Any:
            self.calls += 1
            return _cut(real(database, participant)) if self.calls == 2 else real(database, participant)

    monkeypatch.setattr(database, "work", Cut())
    assert intake.take("MODALITY", incoming(1)) == Status.FULL
    monkeypatch.undo()
    assert len(waiting(intake)) == 1
    assert b"".join(folder.read(waiting(intake)[0].file)) == data_set(1)
    send(intake, 1)
    assert len(waiting(intake)) == 1


class _cut:  # noqa: N801 - a context manager
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __enter__(self) -> Any:
        return self._inner.__enter__()

    def __exit__(self, *why: Any) -> None:
        self._inner.__exit__(*why)
        raise StateUnavailable


def test_a_start_clears_away_what_was_never_acknowledged_and_ends_what_was_begun(
    intake: Intake, folder: Folder, database: Database
) -> None:
    send(intake, 1, 2)
    one, two = waiting(intake)
    orphan = folder._path / f"{'0' * 32}.part"
    orphan.write_bytes(b"sealed")
    (folder._path / one.file.hex).rename(folder._path / f"{one.file.hex}.part")
    with database.work(HOSPITAL) as work:
        work.outbox.drop([two.file])
    intake.begin()
    assert [path.name for path in files(folder)] == [one.file.hex]
    with database.work(HOSPITAL) as work:
        assert work.outbox.files() == {one.file}


def test_what_was_acknowledged_and_has_lost_its_row_is_reported_and_never_removed_by_itself(
    intake: Intake, folder: Folder, database: Database, postgres: Any
) -> None:
    send(intake, 1)
    [it] = waiting(intake)
    with postgres.superuser_of(database) as connection:
        connection.execute("DELETE FROM spool")
    with capture_logs() as logs:
        intake.begin()
    assert [path.name for path in files(folder)] == [it.file.hex]
    assert [(it["event"], it["strays"]) for it in logs] == [("the spool was put in order", 1)]


def test_the_trail_has_one_entry_for_a_study_and_no_image(intake: Intake, database: Database) -> None:
    send(intake, 1, 2, 3)
    with database.audit_trail(HOSPITAL) as entries:
        [entry] = list(entries)
    assert (entry.action, entry.fields) == ("outbox.received", {"study": STUDY, "calling": "MODALITY"})


def test_nobody_else_sees_the_rows(intake: Intake, database: Database) -> None:
    send(intake, 1)
    with database.work(PRACTICE) as work:
        assert (work.outbox.files(), list(work.outbox.waiting()), work.outbox.bytes()) == (frozenset(), [], 0)


def test_nothing_of_an_image_is_ever_written_in_the_clear(intake: Intake, folder: Folder, postgres: Any) -> None:
    """Neither in the folder nor in the files of the database, its log of transactions included, nor in our log."""
    pixels, name = b"\xde\xad\xbe\xef" * 128, "Geheim^Renate"
    content = data_set(1, PatientName=name).replace(b"\x01" * 512, pixels)
    assert pixels in content
    with capture_logs() as logs:
        assert intake.take("MODALITY", incoming(1, content)) == Status.TAKEN
        assert intake.take("MODALITY", incoming(1, content[:-9])) == Status.UNREADABLE
    with postgres.superuser() as connection:
        connection.execute("CHECKPOINT")
    everything = [path for path in (*folder._path.rglob("*"), *postgres.folder.rglob("*")) if path.is_file()]
    assert any(_has(path, b"MODALITY") for path in everything), "the search finds what is there"
    assert [path for path in everything if _has(path, pixels[:64], name.encode())] == []
    assert name not in str(logs)
    assert uid(1) not in str(logs)


def _has(path: Path, *patterns: bytes) -> bool:
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return any(pattern in content for pattern in patterns)
