"""The workers that convert images: started when the first image needs one, and replaced when one is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Condition

from linkexchange.errors import TransferInterrupted
from linkexchange.model.identifiers import TransferSyntaxUid
from linkexchange.ports import Brake, IncomingInstance, Transcoded
from linkexchange.transcoding.process import Limits, Worker


class TranscodingPool:
    """A `Transcoder` with at most `size` worker processes. Any thread may use it; `close` ends idle workers.

    It is made after a fork and not before one. Its workers end by themselves when the process ends.
    """

    def __init__(self, limits: Limits | None = None, *, size: int = 1) -> None:
        self._limits = limits or Limits()
        self._size = size
        self._idle: list[Worker] = []
        self._lent = 0
        self._change = Condition()

    @contextmanager
    def transcode(
        self, instance: IncomingInstance, target: TransferSyntaxUid, *, brake: Brake | None = None
    ) -> Iterator[Transcoded]:
        """See `ports.Transcoder`. With the brake pulled, `TransferInterrupted` is raised at once."""
        brake = brake or Brake()
        with self._lend(brake) as worker, brake.stops(worker.kill):
            answer = worker.ask(instance.transfer_syntax, target, instance.chunks)
            converted = replace(instance, transfer_syntax=target, chunks=worker.take(answer.length))
            yield Transcoded(converted, answer.before, answer.after)

    def close(self) -> None:
        """End the workers that have nothing to do."""
        with self._change:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.close()

    @contextmanager
    def _lend(self, brake: Brake) -> Iterator[Worker]:
        idle = self._reserve(brake)
        worker = None
        try:
            worker = self._fit(idle)
            yield worker
        finally:
            self._take_back(worker)

    def _reserve(self, brake: Brake) -> Worker | None:
        """Wait for a place; with it comes a worker, if one is idle."""
        with brake.stops(self._wake), self._change:
            while self._lent == self._size and not brake.pulled:
                self._change.wait()
            if brake.pulled:
                raise TransferInterrupted("stopped")
            self._lent += 1
            return self._idle.pop() if self._idle else None

    def _fit(self, worker: Worker | None) -> Worker:
        if worker and worker.usable:
            return worker
        if worker:
            worker.close()
        return Worker(self._limits)

    def _take_back(self, worker: Worker | None) -> None:
        if worker and not worker.usable:
            worker.close()
            worker = None
        with self._change:
            self._lent -= 1
            if worker:
                self._idle.append(worker)
            self._change.notify()

    def _wake(self) -> None:
        with self._change:
            self._change.notify_all()
