"""The evidence of a Key Object Selection: which instances there are, and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from linkexchange.documents.addresses import is_plain_address
from linkexchange.documents.elements import demand, only
from linkexchange.documents.kos.defects import Defect
from linkexchange.documents.kos.held import NO_AE_TITLE
from linkexchange.documents.kos.manifest import Whereabouts
from linkexchange.documents.kos.view import View
from linkexchange.model.identifiers import AeTitle, Oid, SeriesUid, SopClassUid, SopInstanceUid, StudyUid

_PREFIXES = ("urn:oid:", "oid:")
_HTTPS = "https://"


@dataclass(frozen=True, slots=True)
class SeriesEvidence:
    """One series as it is listed."""

    series: SeriesUid
    instances: tuple[tuple[SopInstanceUid, SopClassUid], ...]
    whereabouts: Whereabouts


def listing(document: View) -> tuple[StudyUid, tuple[SeriesEvidence, ...]]:
    """The one study of the document and its series.

    Raises:
        DocumentFault: It is not one study, or not that of the document; a series stands there twice.
    """
    path = "CurrentRequestedProcedureEvidenceSequence"
    studies = list(document.items(path))
    study = only({it.uid(StudyUid, "StudyInstanceUID") for it in studies}, f"{path}.StudyInstanceUID")
    demand(document.uid(StudyUid, "StudyInstanceUID") == study, "StudyInstanceUID", "must be that of the evidence")
    series = tuple(_series(it) for one in studies for it in one.items("ReferencedSeriesSequence"))
    demand(len({it.series for it in series}) == len(series), "ReferencedSeriesSequence", "must be unique")
    return study, series


def whereabouts(series: tuple[SeriesEvidence, ...], seen: set[Defect]) -> Whereabouts:
    """Where the study is: a link has one place."""
    places = {it.whereabouts for it in series}
    if len(places) > 1:
        seen.add(Defect.LOCATIONS_DIFFER)
    return series[0].whereabouts if series else Whereabouts()


def _series(item: View) -> SeriesEvidence:
    place = Whereabouts(_address(item), _location(item), _ae_title(item))
    return SeriesEvidence(item.uid(SeriesUid, "SeriesInstanceUID"), tuple(_references(item)), place)


def _references(item: View) -> Iterator[tuple[SopInstanceUid, SopClassUid]]:
    for it in item.items("ReferencedSOPSequence"):
        yield it.uid(SopInstanceUid, "ReferencedSOPInstanceUID"), it.uid(SopClassUid, "ReferencedSOPClassUID")


def _address(item: View) -> str | None:
    """A token in an address would lie in a record for years, for all to read: such a manifest is refused as a whole."""
    url = item.words("RetrieveURL")
    if not url:
        return None
    demand(is_plain_address(_HTTPS + url.partition("://")[2]), "RetrieveURL", "not a plain URL")
    if not url.startswith(_HTTPS):
        item.seen.add(Defect.ADDRESS_NOT_HTTPS)
        return None
    return url


def _location(item: View) -> Oid | None:
    value = item.text("RetrieveLocationUID")
    bare = next((value.removeprefix(it) for it in _PREFIXES if value.startswith(it)), value)
    if bare != value:
        item.seen.add(Defect.LOCATION_PREFIXED)
    try:
        return Oid(bare)
    except ValueError:
        item.seen.add(Defect.LOCATION_NO_OID if value else Defect.LOCATION_MISSING)
        return None


def _ae_title(item: View) -> AeTitle | None:
    value = item.text("RetrieveAETitle")
    if value == NO_AE_TITLE:
        item.seen.add(Defect.AE_TITLE_UNKNOWN)
    try:
        return AeTitle(value) if value != NO_AE_TITLE else None
    except ValueError:
        return None
