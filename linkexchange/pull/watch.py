"""Beside a run that moves instances: writes down what it has achieved, and stops it when it must.

The thread that moves may wait for a peer for a minute; this one looks twice a second, pulls the brake when a person
or a resolver has said stop or another worker has taken over, and keeps the reason. Not everything heeds a brake: where
the thread does not come back at once, this one ends the transfer in its place, and that run is overtaken.
"""

from __future__ import annotations

from contextlib import suppress
from threading import Event, Thread
from types import TracebackType
from typing import Self

from linkexchange.errors import Fault, Overtaken, Unavailable
from linkexchange.model.transfer import FINAL, Transfer
from linkexchange.ports import Brake, Node, Progress, UnitOfWork
from linkexchange.pull import finish
from linkexchange.pull.ledger import Ledger

LOOK_SECONDS = 0.5
PATIENCE_SECONDS = 0.5


class Watch:
    """As a context: on leaving it what is left is written down, and the reason of a stop is raised."""

    def __init__(self, node: Node, run: Transfer, ledger: Ledger) -> None:
        self._node = node
        self._run = run
        self._ledger = ledger
        self._over = Event()
        self._thread = Thread(target=self._look, name="watch", daemon=True)
        self._why: Fault | None = None
        self._told: Progress | None = None
        self.brake = Brake()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        if self._why is None or isinstance(self._why, finish.HEEDED):
            self._write_down()
        if self._why is not None:
            raise self._why from value

    def _look(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            try:
                with self._node.store.work(self._node.me) as work:
                    finish.heed(self._node, work, self._run)
                    self._tell_news(work)
            except Fault as fault:
                self._why = fault
                self.brake.pull()
                break
        if isinstance(self._why, finish.HEEDED) and not self._over.wait(PATIENCE_SECONDS):
            self._end(self._why)

    def _end(self, stop: Fault) -> None:
        with suppress(Unavailable, Overtaken):
            self._write_down()
            with self._node.store.work(self._node.me) as work:
                claimed = work.transfers.claim(self._run.transfer)
            if claimed.state not in FINAL:
                finish.refuse(self._node, claimed, stop)

    def _write_down(self) -> None:
        with self._node.store.work(self._node.me) as work:
            self._tell_news(work)

    def _tell_news(self, work: UnitOfWork) -> None:
        if news := self._ledger.news():
            work.transfers.end_instances(self._run, news)
        progress = self._ledger.progress
        if progress != self._told and work.transfers.progress(self._run, progress):
            work.emit("pull.progress", transfer=str(self._run.transfer), done=progress.done)
            self._told = progress
