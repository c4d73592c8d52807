"""What to ask a PACS for, and under which presentation contexts: computed from the manifest, sent nowhere.

A context names one class and one syntax, so that the PACS sends every instance as it has it stored: of several
syntaxes in one context it would choose one, and convert.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from pynetdicom import AllStoragePresentationContexts

from linkexchange.dicom import identifier
from linkexchange.dicom.line import CONTEXTS_MAX, Proposal
from linkexchange.model.identifiers import SeriesUid, SopInstanceUid, StudyUid

BATCH = 64
"""Instances asked for in one request: their UIDs fill about 4 kB."""

UNCOMPRESSED = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2")
COMPRESSED = (
    "1.2.840.10008.1.2.4.70",  # JPEG
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.90",  # JPEG 2000
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.4.80",  # JPEG-LS
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.5",  # RLE
    "1.2.840.10008.1.2.4.201",  # High-Throughput JPEG 2000
    "1.2.840.10008.1.2.4.202",
    "1.2.840.10008.1.2.4.203",
    "1.2.840.10008.1.2.4.110",  # JPEG XL
    "1.2.840.10008.1.2.4.111",
    "1.2.840.10008.1.2.4.112",
    "1.2.840.10008.1.2.4.100",  # MPEG-2
    "1.2.840.10008.1.2.4.101",
    "1.2.840.10008.1.2.4.102",  # MPEG-4
    "1.2.840.10008.1.2.4.103",
    "1.2.840.10008.1.2.4.104",
    "1.2.840.10008.1.2.4.105",
    "1.2.840.10008.1.2.4.106",
    "1.2.840.10008.1.2.4.107",  # HEVC
    "1.2.840.10008.1.2.4.108",
    "1.2.840.10008.1.2.8.1",  # frames deflated one by one
)
EVERY_SYNTAX = UNCOMPRESSED + COMPRESSED

_STORAGE = "1.2.840.10008.5.1.4.1.1."
# Reports, presentation states, waveforms, documents, RT structures, plans and records: nothing in them to compress.
_WITHOUT_PIXELS = tuple(
    _STORAGE + arc for arc in ("88.", "11.", "9.1.", "9.2.", "9.3.", "9.4.", "104.", "481.3", "481.4", "481.5", "481.6")
)

# Where a PACS does not tell the class (PS3.4 annex B.5) these are tried: common ones first, under every syntax.
_COMMON = ("2", "4", "7", "6.1", "3.1", "1", "1.1", "1.2", "12.1", "12.2", "20", "128", "481.1", "481.2", "2.1", "4.1")
_STANDARD = tuple(sorted(str(context.abstract_syntax) for context in AllStoragePresentationContexts))

Members = Mapping[SeriesUid, Sequence[SopInstanceUid]]


@dataclass(frozen=True, slots=True)
class Request:
    """One C-GET: of the whole study, of a series, or of some instances of a series. `expected` is what it brings."""

    study: StudyUid
    expected: tuple[SopInstanceUid, ...]
    series: SeriesUid | None = None
    by_instance: bool = False

    @property
    def keys(self) -> dict[int, str]:
        """The keys of its identifier: those of all levels above as well (PS3.4 section C.4.3.1.3)."""
        level = "IMAGE" if self.by_instance else "SERIES" if self.series else "STUDY"
        keys = {identifier.LEVEL: level, identifier.STUDY: str(self.study)}
        if self.series:
            keys[identifier.SERIES] = str(self.series)
        if self.by_instance:
            keys[identifier.SOP_INSTANCE] = "\\".join(self.expected)
        return keys


def requests(study: StudyUid, members: Members, wanted: frozenset[SopInstanceUid]) -> Iterator[Request]:
    """As few requests as possible for what is wanted: the study where that is all, whole series, else instances."""
    everything = [uid for uids in members.values() for uid in uids]
    if wanted.issuperset(everything):
        yield Request(study, tuple(everything))
        return
    for series, uids in members.items():
        if wanted.issuperset(uids):
            yield Request(study, tuple(uids), series)
        else:
            yield from by_instance(study, {series: uids}, wanted)


def by_instance(
    study: StudyUid, members: Members, wanted: frozenset[SopInstanceUid], *, batch: int = BATCH
) -> Iterator[Request]:
    """Requests that name what is wanted, so many instances in each."""
    for series, uids in members.items():
        asked = [uid for uid in uids if uid in wanted]
        for at in range(0, len(asked), batch):
            yield Request(study, tuple(asked[at : at + batch]), series, by_instance=True)


def by_series(study: StudyUid, members: Members) -> Iterator[Request]:
    """Whole series, one by one."""
    return (Request(study, tuple(uids), series) for series, uids in members.items())


def groups(sop_classes: Sequence[str], syntaxes: Sequence[str]) -> Iterator[list[Proposal]]:
    """The contexts for these classes, in groups that leave room for the C-GET itself in one association.

    The order of syntaxes is kept: some archives know only the first accepted context of a class.
    """
    group: list[Proposal] = []
    for sop_class in sop_classes:
        proposals = _proposals(sop_class, syntaxes)
        if len(group) + len(proposals) >= CONTEXTS_MAX:
            yield group
            group = []
        group += proposals
    if group:
        yield group


def storing(sop_classes: Collection[str], syntaxes: Sequence[str]) -> list[Proposal]:
    """The contexts to send instances of these classes under: syntax by syntax, as many as one association holds.

    The others are asked for when such an instance comes.
    """
    pairs = ((one, syntax) for syntax in syntaxes for one in sorted(sop_classes) if _may_be(one, syntax))
    return [Proposal(one, (syntax,)) for one, syntax in islice(pairs, CONTEXTS_MAX - 1)]


def candidates() -> Iterator[list[Proposal]]:
    """The contexts of all storage classes, association by association, those first that bring most.

    After the common classes one syntax at a time: that leaves room for most classes in one association.
    """
    yield from groups([_STORAGE + arc for arc in _COMMON], EVERY_SYNTAX)
    for syntax in EVERY_SYNTAX:
        yield from groups(_STANDARD, [syntax])


def _proposals(sop_class: str, syntaxes: Sequence[str]) -> list[Proposal]:
    return [Proposal(sop_class, (syntax,), as_scp=True) for syntax in syntaxes if _may_be(sop_class, syntax)]


def _may_be(sop_class: str, syntax: str) -> bool:
    return syntax in UNCOMPRESSED or not sop_class.startswith(_WITHOUT_PIXELS)
