"""The ImagingStudy with its listing, and the orders that it was made for."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from linkexchange.documents import names
from linkexchange.documents.building import (
    Element,
    coding,
    concept,
    filled,
    filled_series,
    local,
    modalities,
    modality,
    reference,
    resource,
    unsigned,
)
from linkexchange.documents.compose_endpoints import other_endpoints
from linkexchange.documents.text import plain
from linkexchange.model.link import Link, Order
from linkexchange.model.regions import REGIONS, SNOMED_CT
from linkexchange.model.study import Instance, Series

UNNAMED = "Bildgebende Untersuchung"


def imaging_study(link: Link) -> Element:
    """The study."""
    return resource(
        "ImagingStudy",
        "link-imaging-study",
        extension=[_digest(link), _level(link), *_regions(link)],
        identifier=[_study_uid(link)],
        status=link.status.value,
        modality=[coding(names.DICOM_CODE, code) for code in modalities(link)],
        subject=reference(link, "Patient"),
        started=local(link.started) if link.started else None,
        basedOn=[_based_on(link, name, order) for name, order in _orders(link)],
        endpoint=[reference(link, name) for name, _ in other_endpoints(link)],
        numberOfSeries=len(filled_series(link)),
        numberOfInstances=link.manifest.size,
        procedureCode=[{"text": plain(link.description) or UNNAMED}],
        description=plain(link.description),
        series=[_series(link, series) for series in filled_series(link)],
    )


def _study_uid(link: Link) -> Element:
    kind = concept(coding(names.DICOM_CODE, names.STUDY_INSTANCE_UID, "Study Instance UID"))
    return {"type": kind, "system": names.DICOM_UID, "value": names.OID + link.manifest.study}


def _digest(link: Link) -> Element:
    value = base64.b64encode(bytes.fromhex(link.manifest.digest)).decode()
    parts = [{"url": "algorithm", "valueCode": "sha-256"}, {"url": "value", "valueBase64Binary": value}]
    return {"url": names.MANIFEST_DIGEST, "extension": parts}


def _level(link: Link) -> Element:
    return {"url": names.LISTING_LEVEL, "valueCode": link.level.value}


def _regions(link: Link) -> list[Element]:
    """Those of the value set, by its names; no other can be written."""
    known = [REGIONS[it.code] for it in link.regions if it.code in REGIONS and it.system == SNOMED_CT]
    shown = (concept(coding(it.system, it.code, it.display)) for it in known)
    return [{"url": names.ANATOMICAL_REGION, "valueCodeableConcept": it} for it in shown]


def _series(link: Link, series: Series) -> Element:
    return filled(
        uid=str(series.series),
        number=unsigned(series.number),
        modality=coding(names.DICOM_CODE, modality(series)),
        description=plain(series.description),
        numberOfInstances=series.size,
        endpoint=[reference(link, "Endpoint")],
        instance=[_instance(instance) for instance in series.instances],
    )


def _instance(instance: Instance) -> Element:
    return filled(
        uid=str(instance.sop_instance),
        sopClass={"system": names.URI, "code": names.OID + instance.sop_class},
        number=unsigned(instance.number),
    )


def _orders(link: Link) -> Iterator[tuple[str, Order]]:
    """Those of which a number is known, with the names of their resources."""
    known = (Order(*map(plain, (it.accession, it.placer_order_number, it.filler_order_number))) for it in link.orders)
    return ((f"ServiceRequest/{place}", it) for place, it in enumerate(known) if it != Order())


def _based_on(link: Link, name: str, order: Order) -> Element:
    """Who looks for a study by its accession number finds it without following the reference."""
    return filled(**reference(link, name), type="ServiceRequest", identifier=_accession(link, order))


def service_requests(link: Link) -> Iterator[tuple[str, Element]]:
    """The orders by their numbers; the orders themselves stay at the origin."""
    return ((name, _service_request(link, order)) for name, order in _orders(link))


def _service_request(link: Link, order: Order) -> Element:
    origin = link.origin.telematik_id
    placer = _number(names.placer_system(origin), "PLAC", order.placer_order_number)
    filler = _number(names.filler_system(origin), "FILL", order.filler_order_number)
    return resource(
        "ServiceRequest",
        "link-service-request",
        identifier=[it for it in (_accession(link, order), placer, filler) if it],
        status="completed",
        intent="order",
        subject=reference(link, "Patient"),
    )


def _accession(link: Link, order: Order) -> Element | None:
    in_dicom = coding(names.DICOM_CODE, names.ACCESSION_NUMBER, "Accession Number")
    return _number(names.accession_system(link.origin.telematik_id), "ACSN", order.accession, in_dicom)


def _number(system: str, kind: str, value: str, *same: Element) -> Element | None:
    if not value:
        return None
    return {"type": concept(coding(names.IDENTIFIER_TYPE, kind), *same), "system": system, "value": value}
