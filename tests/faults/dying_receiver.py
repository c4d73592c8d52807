"""A receiver with an outbox that kills itself at a named point: `python dying_receiver.py DATABASE FOLDER PORT POINT`.

It is put together from the parts of the product; the point is reached by wrapping what the process does at its rim.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from linkexchange import bootstrap, documents
from linkexchange.dicom import Callers, Pool, Receiver
from linkexchange.dicom.bulk import Association
from linkexchange.model.identifiers import AeTitle, TelematikId
from linkexchange.model.passport import Passport
from linkexchange.spool import Folder, Intake, guarded
from linkexchange.store import schema
from linkexchange.store.work import Database

KEY = bytes(range(32))
ME, TITLE = TelematikId("5-2-hospital"), AeTitle("OUTBOX")
MODALITY = Passport("modality", AeTitle("MODALITY"), "127.0.0.1", 104)

POINTS: dict[str, tuple[Any, str, bool]] = {
    "before the first byte is written": (os, "write", True),
    "after the first bytes were written": (os, "write", False),
    "before the file is synced": (os, "fsync", True),
    "after the file was synced": (os, "fsync", False),
    "before the row is committed": (Intake, "_enter", True),
    "within the transaction": (Intake, "_write_down", False),
    "before the file is settled": (Folder, "settle", True),
    "after the file was settled": (Folder, "settle", False),
    "before the answer leaves": (Association, "send", True),
    "after the answer has left": (Association, "send", False),
}


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def patch(point: str) -> None:
    if point:
        place, name, before = POINTS[point]
        setattr(place, name, _dying(getattr(place, name), before=before))


def _sync(descriptor: int) -> None:
    """What is patched is looked up at each call."""
    os.fsync(descriptor)


def _dying(real: Callable[..., Any], *, before: bool) -> Callable[..., Any]:
    def wrapped(*arguments: Any, **named: Any) -> Any:
        if before:
            die()
        real(*arguments, **named)
        return die()

    return wrapped


def main() -> None:
    url, path, port, point = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    bootstrap.log_to_stderr("info")
    database = Database(schema.engine_of(url), read_document=documents.read, now=bootstrap.now)
    folder = Folder(path, KEY, max_bytes=1 << 30, alarm_bytes=1 << 30, sync=_sync)
    pool = Pool([AeTitle("NODE")], place="here")
    with guarded(folder):
        intake = Intake(ME, database, folder, title=TITLE, now=bootstrap.now)
        intake.begin()
        patch(point)
        with Receiver(("127.0.0.1", port), pool=pool, known=Callers(lambda: [MODALITY]), outbox=intake):
            time.sleep(60)


if __name__ == "__main__":
    main()
