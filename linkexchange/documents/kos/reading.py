"""A Key Object Selection is read: tolerant towards how it is written, strict towards what it lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkexchange.documents.elements import demand
from linkexchange.documents.kos.defects import Defect
from linkexchange.documents.kos.manifest import KosManifest
from linkexchange.documents.kos.parsing import parse
from linkexchange.errors import DocumentFault
from linkexchange.model.identifiers import StudyUid, Uid
from linkexchange.model.study import Instance, Manifest, Series

if TYPE_CHECKING:
    from linkexchange.documents.kos.description import Description
    from linkexchange.documents.kos.evidence import SeriesEvidence
    from linkexchange.documents.kos.view import View

SOP_CLASS = "1.2.840.10008.5.1.4.1.1.88.59"


def read(content: bytes) -> KosManifest:
    """Read a manifest of XDS-I.b or MADO, whoever wrote it.

    1. Limits of size and number; the head of the file; a syntax that is not deflated (`parsing`, `encoding`).
    2. SOP class and title of a manifest.
    3. The evidence is the listing: one study, no series and no instance twice (`evidence`).
    4. What describes it must agree with it: counts, instances that are named, our digest where it stands (`described`).

    What is odd and harms nothing is in `defects`.

    Raises:
        DocumentFault: With the element and the rule it breaks, never with a value.
    """
    document = parse(content)
    demand(document.text("SOPClassUID") == SOP_CLASS, "SOPClassUID", "must be Key Object Selection Document Storage")
    return _read(document)


def _read(document: View) -> KosManifest:
    from linkexchange.documents.kos import heads
    from linkexchange.documents.kos.description import described
    from linkexchange.documents.kos.evidence import listing, whereabouts

    study, series = listing(document)
    description = described(document)
    manifest = _manifest(study, series, description)
    digest = heads.digest(document)
    demand(not digest or digest == manifest.digest, "manifest digest", "must equal the listing")
    return KosManifest(
        sop_instance=document.uid(Uid, "SOPInstanceUID"),
        manifest=manifest,
        subject=heads.subject(document),
        creator=heads.creator(document),
        whereabouts=whereabouts(series, document.seen),
        published=heads.published(document),
        expires=heads.expires(document),
        started=heads.started(document),
        description=document.text("StudyDescription"),
        orders=heads.orders(document),
        regions=tuple(description.regions),
        replaces=heads.replaces(document),
        particulars=heads.particulars(document),
        defects=tuple(it for it in Defect if it in document.seen),
    )


def _manifest(study: StudyUid, listed: tuple[SeriesEvidence, ...], said: Description) -> Manifest:
    try:
        manifest = Manifest(study, tuple(_series(it, said) for it in listed))
    except ValueError:
        raise DocumentFault("ReferencedSOPSequence: no instance, or one listed twice") from None
    _check_against(manifest, said)
    return manifest


def _series(listed: SeriesEvidence, said: Description) -> Series:
    words = said.series.get(listed.series)
    instances = tuple(Instance(uid, sop_class, said.numbers.get(uid)) for uid, sop_class in listed.instances)
    if words is None:
        return Series(listed.series, "", instances)
    return Series(listed.series, words.modality, instances, words.number, words.description)


def _check_against(manifest: Manifest, said: Description) -> None:
    """What is described and not listed, or counted otherwise, was lost on the way; nobody could say which is right."""
    sizes = {it.series: it.size for it in manifest.series}
    demand(said.named <= manifest.uids, "ContentSequence", "names an instance that the evidence does not list")
    demand(said.series.keys() <= sizes.keys(), "ImageLibraryGroup", "describes a series that is not listed")
    demand(said.series_count in {None, len(sizes)}, "NumberOfStudyRelatedSeries", "must equal the listing")
    for series, words in said.series.items():
        demand(words.size in {None, sizes[series]}, "NumberOfSeriesRelatedInstances", "must equal the listing")
