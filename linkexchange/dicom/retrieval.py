"""C-GET until everything has come that the PACS has.

Archives differ in how they fail. Orthanc stops at the first instance that it cannot send, dcmqrscp sends only what
fits the first accepted context of its class, pynetdicom's qrscp knows no lists of UIDs; each has its own status for
it. So the set of UIDs decides, and what did not come is looked for in this order:

1. The study or whole series where all of that is wanted, else lists of instances.
2. C-FIND: what the PACS does not list any more is not there.
3. What it lists, in lists of instances, then one by one.
4. Once more for each compressed syntax, whose contexts then stand first.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field

from linkexchange.dicom import association as rare
from linkexchange.dicom.bulk import Association, associate
from linkexchange.dicom.dimse import FIND, GET
from linkexchange.dicom.getting import get
from linkexchange.dicom.line import Line
from linkexchange.dicom.plan import COMPRESSED, EVERY_SYNTAX, Request, by_instance, groups, requests
from linkexchange.dicom.summary import listing
from linkexchange.errors import MessageFault, PacsWithholds, UnknownStudy
from linkexchange.model.identifiers import SeriesUid, SopInstanceUid
from linkexchange.model.study import Manifest
from linkexchange.ports import Brake, IncomingInstance

_Instances = Generator[IncomingInstance, None, None]


@dataclass
class Retrieval:
    """One walk down the ladder; `outstanding` is what has not come yet."""

    line: Line
    manifest: Manifest
    outstanding: set[SopInstanceUid]
    brake: Brake
    members: dict[SeriesUid, list[SopInstanceUid]] = field(init=False)
    status: int = 0
    came: int = 0

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
        if self.outstanding and not self.came:
            raise PacsWithholds(f"it lists the instances but C-GET ends with status {self.status:04X}")

    def _under(
        self, syntaxes: Sequence[str], ask: Callable[[Association, frozenset[SopInstanceUid]], _Instances]
    ) -> _Instances:
        """Ask for what is outstanding, in as many associations as its contexts need."""
        classes = {it.sop_class for it in self.manifest.instances if it.sop_instance in self.outstanding}
        for group in groups(sorted(classes), syntaxes):
            of_group = {proposal.abstract_syntax for proposal in group}
            wanted = {it.sop_instance for it in self.manifest.instances if it.sop_class in of_group}
            with associate(self.line, [GET, *group], self.brake) as association:
                yield from ask(association, frozenset(wanted & self.outstanding))

    def _all_at_once(self, association: Association, wanted: frozenset[SopInstanceUid]) -> _Instances:
        return self._send(association, requests(self.manifest.study, self.members, wanted))

    def _in_lists(self, association: Association, wanted: frozenset[SopInstanceUid]) -> _Instances:
        return self._send(association, by_instance(self.manifest.study, self.members, wanted))

    def _by_name(self, association: Association, wanted: frozenset[SopInstanceUid]) -> _Instances:
        yield from self._in_lists(association, wanted)
        left = frozenset(wanted & self.outstanding)
        yield from self._send(association, by_instance(self.manifest.study, self.members, left, batch=1))

    def _send(self, association: Association, these: Iterator[Request]) -> _Instances:
        for request in these:
            before = len(self.outstanding)
            self.status = yield from get(association, request.keys, self.outstanding)
            self.came += before - len(self.outstanding)

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
