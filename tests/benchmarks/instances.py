"""What is timed of a document of many instances. Each run builds its link anew, so that no digest is kept."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from profiles.script import script

from linkexchange import documents
from linkexchange.model.identifiers import SeriesUid, SopClassUid, SopInstanceUid, StudyUid
from linkexchange.model.link import Document, Link, MediaType
from linkexchange.model.study import Instance, Manifest
from linkexchange.validation import validate

EXAMPLES = script("profile_examples")
EXAMPLE = "mr-10000"


def built(rows: list[list[str]], sizes: list[int]) -> Link:
    """A link out of texts, as a PACS lists them: study, then UID and class of each instance."""
    of, listed = _example(), iter(rows)
    series = tuple(
        replace(it, series=SeriesUid(str(it.series)), instances=tuple(_instance(next(listed)) for _ in range(size)))
        for it, size in zip(of.manifest.series, sizes, strict=True)
    )
    return replace(of, manifest=Manifest(StudyUid(str(of.manifest.study)), series))


def _instance(row: list[str]) -> Instance:
    uid, sop_class, number = row
    return Instance(SopInstanceUid(uid), SopClassUid(sop_class), int(number))


@cache
def _example() -> Link:
    link: Link = EXAMPLES.links()[EXAMPLE]
    return link


def listing(per_series: int) -> tuple[list[list[str]], list[int]]:
    """So many instances of each of the example's series, and their numbers."""
    cut = [it.instances[:per_series] for it in _example().manifest.series]
    rows = [[str(it.sop_instance), str(it.sop_class), str(it.number)] for one in cut for it in one]
    return rows, [len(it) for it in cut]


class Ours:
    """Build, write, read and validate with this software."""

    def __init__(self, per_series: int) -> None:
        self._rows, self._sizes = listing(per_series)
        self.xml, self.json = self.write(MediaType.XML), self.write(MediaType.JSON)

    @property
    def instances(self) -> int:
        """How many."""
        return len(self._rows)

    def write(self, media_type: MediaType) -> Document:
        """Build and write; the writer validates."""
        return documents.write(built(self._rows, self._sizes), media_type, node_url_hint=EXAMPLES.HINT)

    def write_and_validate(self, media_type: MediaType) -> None:
        """Build and write, and then look for everything that could be wrong with what was written."""
        report = validate(self.write(media_type))
        assert report.is_good, report.findings[:3]

    def read(self, document: Document) -> None:
        """Read as a node does, which validates and believes nothing."""
        assert documents.read(document).manifest.size == len(self._rows)

    def find(self, document: Document) -> None:
        """Read, and look for everything that could be wrong, as `linkexchange validate` does."""
        assert validate(document).is_good
