"""C-GET until everything has come that the PACS has.

Archives differ in how they fail. Orthanc stops at the first instance that it cannot send, dcmqrscp sends only what
fits the first accepted context of its class, pynetdicom's qrscp knows no lists of UIDs; each has its own status for
it. So the set of UIDs decides, and what did not come is looked for in this order:

1. The study or whole series where all of that is wanted, else lists of instances.
2. C-FIND: what the PACS does not list any more is not there.
3. What it lists, in lists of instances, then one by one.
4. Once more for each compressed syntax, whose contexts then stand first.

Some archives end the association at an image that they cannot read. What is left is then asked for one by one, and the
image that is asked for when that happens again is set aside, lest it keep back all others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from linkexchange.dicom import association as rare
from linkexchange.dicom.bulk import Association, associate
from linkexchange.dicom.dimse import FIND, GET
from linkexchange.dicom.getting import get
from linkexchange.dicom.line import Line, Proposal
from linkexchange.dicom.plan import COMPRESSED, EVERY_SYNTAX, Request, by_instance, groups, requests
from linkexchange.dicom.summary import listing
from linkexchange.errors import MessageFault, PacsUnavailable, PacsWithholds, UnknownStudy
from linkexchange.model.identifiers import SeriesUid, SopInstanceUid
from linkexchange.model.study import Manifest
from linkexchange.ports import Brake, IncomingInstance

BREAKS_MAX = 3
"""So many images may each end an association; after more of them it is no matter of images."""
QUICK_SECONDS = 5.0
"""Whoever has been silent for longer is not asked again: nobody would wait for that."""

_Instances = Generator[IncomingInstance, None, None]
_Ask = Callable[[Association, frozenset[SopInstanceUid]], Generator[IncomingInstance, None, None]]


@dataclass
class Retrieval:
    """One walk down the ladder; `outstanding` is what has not come yet, but for what is set `aside`.

    `asked` is what has been asked for and not answered to its end, since when something came last.
    """

    line: Line
    manifest: Manifest
    outstanding: set[SopInstanceUid]
    brake: Brake
    members: dict[SeriesUid, list[SopInstanceUid]] = field(init=False)
    status: int = 0
    came: int = 0
    aside: set[SopInstanceUid] = field(default_factory=set)
    asked: frozenset[SopInstanceUid] = frozenset()
    since: float = 0.0

    def __post_init__(self) -> None:
        self.members = {one.series: [it.sop_instance for it in one.instances] for one in self.manifest.series}

    def run(self) -> _Instances:
        """Yield what comes; raises `PacsWithholds` when nothing comes of what the PACS lists."""
        yield from self._under(EVERY_SYNTAX, self._all_at_once)
        if self.outstanding:
            self.outstanding &= self._listed()
            yield from self._under(EVERY_SYNTAX, self._by_name)
            for first in COMPRESSED:
                others = [syntax for syntax in EVERY_SYNTAX if syntax != first]
                yield from self._under([first, *others], self._in_lists)
        if self.aside and not self.came:
            raise PacsWithholds("it lists the instances but ends the association when it is to send them")
        if self.outstanding and not self.came:
            raise PacsWithholds(f"it lists the instances but C-GET ends with status {self.status:04X}")

    def _under(self, syntaxes: Sequence[str], ask: _Ask) -> _Instances:
        """Ask for what is outstanding, in as many associations as its contexts need."""
        classes = {it.sop_class for it in self.manifest.instances if it.sop_instance in self.outstanding}
        for group in groups(sorted(classes), syntaxes):
            of_group = {proposal.abstract_syntax for proposal in group}
            wanted = {it.sop_instance for it in self.manifest.instances if it.sop_class in of_group}
            yield from self._in_spite_of_breaks([GET, *group], wanted, ask)

    def _in_spite_of_breaks(self, proposals: Sequence[Proposal], wanted: set[SopInstanceUid], ask: _Ask) -> _Instances:
        """Ask, and after an abort ask one by one. Raises `PacsUnavailable` where it lies at no single image."""
        while left := frozenset(wanted & self.outstanding):
            try:
                with associate(self.line, proposals, self.brake) as association:
                    yield from ask(association, left)
                return
            except PacsUnavailable:
                if not self._goes_on():
                    raise
            ask = self._singly

    def _goes_on(self) -> bool:
        """Whether to ask again after a break; the only image that was being asked for is set aside."""
        asked, self.asked = self.asked, frozenset()
        silent_seconds = time.monotonic() - self.since
        if self.brake.pulled or not asked or silent_seconds > QUICK_SECONDS or len(self.aside) == BREAKS_MAX:
            return False
        if len(asked) == 1:
            self.aside |= asked
            self.outstanding -= asked
        return True

    def _all_at_once(self, association: Association, wanted: frozenset[SopInstanceUid]) -> _Instances:
        return self._send(association, requests(self.manifest.study, self.members, wanted))

    def _in_lists(self, association: Association, wanted: frozenset[SopInstanceUid]) -> _Instances:
        return self._send(association, by_instance(self.manifest.study, self.members, wanted))

    def _by_name(self, association: Association, wanted: frozenset[SopInstanceUid]) -> _Instances:
        yield from self._in_lists(association, wanted)
        yield from self._singly(association, frozenset(wanted & self.outstanding))

    def _singly(self, association: Association, wanted: frozenset[SopInstanceUid]) -> _Instances:
        return self._send(association, by_instance(self.manifest.study, self.members, wanted, batch=1))

    def _send(self, association: Association, these: Iterator[Request]) -> _Instances:
        for request in these:
            self.asked, self.since = frozenset(request.expected), time.monotonic()
            with closing(get(association, request.keys, self.outstanding)) as instances:
                self.status = yield from self._noting(instances)
            self.asked = frozenset()

    def _noting(self, instances: Generator[IncomingInstance, None, int]) -> Generator[IncomingInstance, None, int]:
        """What `yield from` does, and note that something has come."""
        while True:
            try:
                instance = next(instances)
            except StopIteration as end:
                return int(end.value)
            self.came += 1
            yield instance
            self.since = time.monotonic()

    def _listed(self) -> set[SopInstanceUid]:
        """What it lists; all that is outstanding where its list is none."""
        try:
            with rare.associate(self.line, [FIND], self.brake) as association:
                found = listing(association, self.manifest.study)
        except UnknownStudy:
            return set()
        except MessageFault:
            return set(self.outstanding)
        return {uid for uids in found.members.values() for uid in uids}
