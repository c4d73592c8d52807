from __future__ import annotations

import socket
import threading
import time

import pytest

from linkexchange.demo import pacs
from linkexchange.demo.free_ports import HOST, free_port
from linkexchange.errors import PacsUnavailable
from linkexchange.model.identifiers import AeTitle
from linkexchange.model.passport import Passport


def test_a_pacs_that_starts_slowly_is_waited_for() -> None:
    late = Passport("late", AeTitle("LATE"), HOST, free_port())
    began = threading.Event()

    def start() -> None:
        time.sleep(0.2)
        began.set()
        with socket.create_server((HOST, late.port)) as listener:
            listener.accept()[0].close()

    thread = threading.Thread(target=start)
    thread.start()
    pacs.until_listening([late])
    assert began.is_set()
    thread.join()


def test_a_pacs_that_never_starts_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacs, "READY_SECONDS", 0.1)
    with pytest.raises(PacsUnavailable, match="never does not listen"):
        pacs.until_listening([Passport("never", AeTitle("NEVER"), HOST, free_port())])
