"""The two listings of a Key Object Selection: the evidence that counts, and the content that describes it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from pydicom.uid import UID

from linkexchange.documents.kos.encoding import encoded
from linkexchange.documents.kos.flavour import (
    CODES,
    IMAGE_LIBRARY,
    IMAGE_LIBRARY_GROUP,
    INSTANCE_NUMBER,
    INSTANCES_UNIT,
    MANIFEST,
    MODALITY,
    SERIES_NUMBER,
    SERIES_UID,
    SERIES_UNIT,
    TARGET_REGION,
    UNKNOWN_REGION,
    Codes,
    Concept,
    Flavour,
)
from linkexchange.documents.kos.items import ACQUISITION, CONTAINS, code, coded, container, counted, item, worded
from linkexchange.model.identifiers import SopClassUid
from linkexchange.model.link import Code, Link
from linkexchange.model.study import Instance, Series

Elements = dict[str, str | list[bytes]]


def evidence(link: Link, address: str | None) -> bytes:
    """The one item of the Current Requested Procedure Evidence Sequence."""
    listed = [_series_reference(link, series, address) for series in link.manifest.series]
    return encoded(StudyInstanceUID=str(link.manifest.study), ReferencedSeriesSequence=listed)


def _series_reference(link: Link, series: Series, address: str | None) -> bytes:
    ways = {
        "RetrieveURL": address,
        "RetrieveLocationUID": str(link.origin.location or ""),
        "RetrieveAETitle": str(link.retrieve_ae or ""),
    }
    return encoded(
        SeriesInstanceUID=str(series.series),
        ReferencedSOPSequence=[_reference(it) for it in series.instances],
        **{keyword: value for keyword, value in ways.items() if value},
    )


def _reference(instance: Instance) -> bytes:
    return encoded(ReferencedSOPClassUID=str(instance.sop_class), ReferencedSOPInstanceUID=str(instance.sop_instance))


def content(link: Link, flavour: Flavour) -> Elements:
    """The root of the content tree (TID 2010), with TID 1600 before the references where MADO wants it."""
    references = [_entry(it, []) for series in link.manifest.series for it in series.instances]
    codes = CODES.get(flavour)
    described = [container(IMAGE_LIBRARY, list(_library(link, codes)))] if codes else []
    return {
        "ValueType": "CONTAINER",
        "ConceptNameCodeSequence": [code(codes.title if codes else MANIFEST)],
        "ContinuityOfContent": "SEPARATE",
        "ContentTemplateSequence": [encoded(MappingResource="DCMR", TemplateIdentifier="2010")],
        "ContentSequence": [*described, *references],
    }


def _library(link: Link, codes: Codes) -> Iterator[bytes]:
    for modality in sorted({series.modality for series in link.manifest.series if series.modality}):
        yield coded(MODALITY, _of_dicom(modality))
    for region in map(_region, link.regions) if link.regions else [UNKNOWN_REGION]:
        yield coded(TARGET_REGION, region)
    yield counted(codes.series_count, len(link.manifest.series), SERIES_UNIT)
    for series in link.manifest.series:
        yield container(IMAGE_LIBRARY_GROUP, [*_description(series, codes), *map(_described_entry, series.instances)])


def _of_dicom(modality: str) -> Concept:
    return Concept(modality, "DCM", modality)


def _region(region: Code) -> Concept:
    return Concept(region.code, "SCT", region.display or region.code)


def _description(series: Series, codes: Codes) -> Iterator[bytes]:
    if series.modality:
        yield coded(MODALITY, _of_dicom(series.modality))
    if series.description:
        yield worded(codes.series_description, series.description)
    if series.number is not None:
        yield worded(SERIES_NUMBER, str(series.number))
    yield item(ACQUISITION, "UIDREF", SERIES_UID, UID=str(series.series))
    yield counted(codes.instance_count, len(series.instances), INSTANCES_UNIT)


def _described_entry(instance: Instance) -> bytes:
    number = instance.number
    return _entry(instance, [worded(INSTANCE_NUMBER, str(number))] if number is not None else [])


def _entry(instance: Instance, content: list[bytes]) -> bytes:
    described: Elements = {"ContentSequence": content} if content else {}
    kind = value_type(instance.sop_class)
    return item(CONTAINS, kind, None, ReferencedSOPSequence=[_reference(instance)], **described)


@lru_cache(256)
def value_type(sop_class: SopClassUid) -> str:
    """Whether a SOP class is one of images, of waveforms, or of something else, by its name in PS3.6."""
    name = UID(sop_class).name
    if "Waveform Storage" in name:
        return "WAVEFORM"
    return "IMAGE" if "Image Storage" in name else "COMPOSITE"
