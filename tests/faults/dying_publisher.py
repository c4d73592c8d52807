"""A real worker that publishes by itself and kills itself at a named point: `python dying_publisher.py SETTINGS POINT`.

It is the worker of `linkexchange worker`, put together by the same bootstrap; patient index and release rules have one
answer each, and only the ports on whose edge it dies are wrapped. Without a point it lives.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import synthetic
from faults.dying_worker import Before, die

from linkexchange import bootstrap, jobs
from linkexchange.documents.companion import MEDIA_TYPE
from linkexchange.model.identifiers import Kvnr, TelematikId
from linkexchange.model.patient import LocalPatientId, PatientHeader
from linkexchange.ports import Candidate, Judgement, Node
from linkexchange.settings import NodeSettings, load


class After:
    """Whatever it wraps, with the process dead after one method has done its work."""

    def __init__(self, inner: Any, method: str) -> None:
        self._inner, self._method = inner, method

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name != self._method:
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            found(*arguments, **named)
            die()

        return call


class OfPage:
    """The record, with the process dead before or after one method has had a companion page in its hands."""

    def __init__(self, inner: Any, method: str, *, after: bool) -> None:
        self._inner, self._method, self._after = inner, method, after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name != self._method:
            return found

        def call(*arguments: Any) -> Any:
            is_page = arguments[-1].metadata.mime_type == MEDIA_TYPE
            if is_page and not self._after:
                die()
            answer = found(*arguments)
            if is_page:
                die()
            return answer

        return call


class Frozen:
    """The record, with the process frozen (SIGSTOP) when its first document has come to the door."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def store(self, *arguments: Any) -> Any:
        os.kill(os.getpid(), signal.SIGSTOP)
        return self._inner.store(*arguments)


def before_commit(node: Node, method: str) -> Node:
    """In the transaction that has just written this."""

    class Wrapped:
        def __getattr__(self, name: str) -> Any:
            return getattr(node.store, name)

        @contextmanager
        def work(self, participant: TelematikId) -> Iterator[Any]:
            with node.store.work(participant) as work:
                work.links = After(work.links, method)  # type: ignore[misc,assignment]
                yield work

    return replace(node, store=Wrapped())  # type: ignore[arg-type]


POINTS: dict[str, Callable[[Node], Node]] = {
    "": lambda node: node,
    "before the link is committed": lambda node: before_commit(node, "add"),
    "before the hub knows": lambda node: replace(node, hub=Before(node.hub, "register", die)),
    "after the hub knows": lambda node: replace(node, hub=After(node.hub, "register")),
    "before the record has it": lambda node: replace(node, record=Before(node.record, "store", die)),
    "after the record has it": lambda node: replace(node, record=After(node.record, "store")),
    "before the record has the page": lambda node: replace(node, record=OfPage(node.record, "store", after=False)),
    "after the record has the page": lambda node: replace(node, record=OfPage(node.record, "store", after=True)),
    "before that is committed": lambda node: before_commit(node, "stored"),
    "after the newer version is in its place": lambda node: replace(node, record=After(node.record, "replace")),
    "after the newer page is in its place": lambda node: replace(
        node, record=OfPage(node.record, "replace", after=True)
    ),
    "before the end is committed": lambda node: before_commit(node, "withdraw"),
    "after the hub has ended it": lambda node: replace(node, hub=After(node.hub, "withdraw")),
    "before the record has closed it": lambda node: replace(node, record=Before(node.record, "withdraw", die)),
    "after the record has closed it": lambda node: replace(node, record=After(node.record, "withdraw")),
    "after the record has closed the page": lambda node: replace(
        node, record=OfPage(node.record, "withdraw", after=True)
    ),
}
FROZEN = "frozen before the record has it"


class OneAnswer:
    """A patient index and release rules."""

    def kvnr_of(self, header: PatientHeader, local: LocalPatientId) -> Kvnr:
        return synthetic.KVNR

    def judge(self, candidate: Candidate, at: datetime) -> Judgement:
        return Judgement(True, "all")


def main() -> None:
    settings = load(NodeSettings, Path(sys.argv[1]))
    bootstrap.log_to_stderr("info")
    whole = replace(bootstrap.node(settings), index=OneAnswer(), rules=OneAnswer())
    node = replace(whole, record=Frozen(whole.record)) if sys.argv[2] == FROZEN else POINTS[sys.argv[2]](whole)
    asyncio.run(jobs.work(node, bootstrap.queue(settings), bootstrap.pace(settings), destination=""))


if __name__ == "__main__":
    main()
