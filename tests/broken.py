"""Link documents that are wrong in one thing each, picked by hand, with the finding that the validator must give."""

# ruff: noqa: E501 (one case, one line)

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from link_samples import HINT, PATIENT, link

from linkexchange.documents import names, write
from linkexchange.model.link import MediaType
from linkexchange.model.regions import SNOMED_CT

Json = dict[str, Any]
DEVICE, ORDER, ROLE, PERSON, RESOLVER, VIEWER = (
    f"urn:uuid:0000000{place}-0000-4000-8000-000000000000" for place in range(1, 7)
)
LONG = "1." + "2" * 63


@lru_cache(maxsize=1)
def _written() -> bytes:
    return write(link(2, 1), MediaType.JSON, node_url_hint=HINT).content


BASE = "https://linkexchange.example/fhir/StructureDefinition"
CATEGORY = {
    "system": "http://hl7.eu/fhir/eu-health-data-api/CodeSystem/eehrxf-document-priority-category-cs",
    "code": "Medical-Imaging",
}
STUDY_UID_TYPE = {"coding": [{"system": names.DICOM_CODE, "code": "110180"}]}
CREATOR = {"system": "https://profiles.ihe.net/RAD/MADO/CodeSystem/MadoDeviceType", "code": "mado-creator"}


def good() -> Json:
    """A document with all kinds of resources and extensions that a link may have, and nothing wrong with it."""
    bundle: Json = json.loads(_written())
    bundle["entry"] = [it for it in bundle["entry"] if it["resource"]["resourceType"] in _OF_EVERY_LINK]
    bundle["meta"] = {"profile": [f"{BASE}/link-bundle"]}
    _institution(of(bundle, "Organization"))
    _person(of(bundle, "Patient"))
    _study(of(bundle, "ImagingStudy"))
    _ways(of(bundle, "Endpoint"))
    _contents(of(bundle, "Composition"), _url(bundle, "Endpoint"))
    _others(bundle)
    return bundle


_OF_EVERY_LINK = ("Composition", "ImagingStudy", "Patient", "Organization", "Endpoint")


def _url(bundle: Json, kind: str) -> str:
    url: str = next(it["fullUrl"] for it in bundle["entry"] if it["resource"]["resourceType"] == kind)
    return url


def _institution(organization: Json) -> None:
    organization["address"] = [{"use": "work", "city": "Ulm"}]
    organization["identifier"][1:] = [
        {"system": names.BSNR, "value": "123456789"},
        {"system": names.IKNR, "value": "109905003"},
        {"system": names.URI, "value": "urn:oid:1.2.276.0.76.4.188"},
    ]


def _person(patient: Json) -> None:
    weight = {"value": 70, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"}
    patient.update(
        extension=[{"url": "http://example.org/weight", "valueQuantity": weight}],
        photo=[{"contentType": "image/png", "data": "AAAA"}],
        telecom=[{"system": "phone", "value": "030 1234", "use": "home", "rank": 1, "period": {"start": "2020"}}],
        contact=[{"name": {"family": "Größler"}}],
        maritalStatus={"text": "ledig"},
        deceasedBoolean=False,
        _birthDate={"extension": [{"url": "http://example.org/time", "valueTime": "12:00:00"}]},
    )


def _study(study: Json) -> None:
    digest = next(it for it in study["extension"] if it["url"] == names.MANIFEST_DIGEST)
    region = {"coding": [{"system": SNOMED_CT, "code": "67734004", "display": "Upper trunk"}]}
    study["extension"] = [
        digest,
        {"url": names.LISTING_LEVEL, "valueCode": "instance"},
        {"url": names.ANATOMICAL_REGION, "valueCodeableConcept": region},
    ]
    study["identifier"][0]["type"] = STUDY_UID_TYPE
    study["procedureCode"] = [{"text": "CT Thorax"}]
    study.pop("basedOn", None)


def _ways(endpoint: Json) -> None:
    endpoint["extension"] = [
        {"url": names.RETRIEVE_LOCATION_UID, "valueString": "2.25.4712"},
        {"url": names.HOME_COMMUNITY_ID, "valueUri": "urn:oid:2.25.4713"},
        {"url": names.RETRIEVE_AE_TITLE, "valueString": "PACS"},
    ]


def _other_endpoint(profile: str, connection: str, mime_type: str, origin: str) -> Json:
    return {
        "resourceType": "Endpoint",
        "meta": {"profile": [f"{BASE}/{profile}"]},
        "status": "active",
        "connectionType": {"system": names.CONNECTION_TYPE, "code": connection},
        "managingOrganization": {"reference": origin},
        "payloadType": [{"text": profile}],
        "payloadMimeType": [mime_type],
        "address": f"{HINT}/{connection}",
    }


def _contents(composition: Json, endpoint: str) -> None:
    subject, origin = composition["subject"]["reference"], composition["custodian"]["reference"]
    kvnr = {"system": names.KVNR, "value": str(PATIENT.kvnr)}
    text = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>CT</p></div>'}
    composition.update(
        category=[{"coding": [CATEGORY]}],
        subject={"reference": subject, "identifier": kvnr},
        author=[{"reference": DEVICE, "type": "Device"}, {"reference": origin, "type": "Organization"}],
        confidentiality="N",
        section=[{"title": "CT", "text": text, "entry": [{"reference": endpoint}]}],
        attester=[{"mode": "legal", "time": "2026-03-01T09:30:00Z"}],
    )


def _others(bundle: Json) -> None:
    origin, patient = _url(bundle, "Organization"), _url(bundle, "Patient")
    device = {
        "resourceType": "Device",
        "status": "active",
        "manufacturer": "linkexchange",
        "type": {"coding": [CREATOR]},
        "version": [{"value": "1"}],
        "owner": {"reference": origin},
    }
    inside = {"resourceType": "Practitioner", "id": "p1", "name": [{"family": "Arzt"}]}
    accession = {"coding": [{"system": names.IDENTIFIER_TYPE, "code": "ACSN"}]}
    order = {
        "resourceType": "ServiceRequest",
        "contained": [inside],
        "identifier": [{"type": accession, "system": "http://example.org/orders", "value": "A-17"}],
        "status": "completed",
        "intent": "order",
        "subject": {"reference": patient},
        "requester": {"reference": "#p1"},
    }
    person = {"resourceType": "Practitioner", "identifier": [{"system": names.LANR, "value": "123456601"}]}
    role = {"practitioner": {"reference": PERSON}, "organization": {"reference": origin}}
    _add(bundle, DEVICE, device)
    _add(bundle, PERSON, person)
    _add(bundle, ROLE, {"resourceType": "PractitionerRole", **role})
    _add(bundle, ORDER, order)
    _add(bundle, RESOLVER, _other_endpoint("link-resolver-endpoint", "hl7-fhir-rest", "application/fhir+json", origin))
    _add(bundle, VIEWER, _other_endpoint("link-viewer-endpoint", "ihe-iid", "text/html", origin))


def _add(bundle: Json, url: str, resource: Json) -> None:
    bundle["entry"].append({"fullUrl": url, "resource": resource})


def of(bundle: Json, kind: str) -> Json:
    """The one resource of a type; the Bundle itself under its own name."""
    if kind == "Bundle":
        return bundle
    found: Json = next(it["resource"] for it in bundle["entry"] if it["resource"].get("resourceType") == kind)
    return found


class Broken(NamedTuple):
    """One change, and the finding that must come of it: its rule, and how its path ends."""

    name: str
    change: Callable[[Json], object]
    rule: str
    path: str

    def document(self) -> Json:
        """The good document, changed."""
        bundle = copy.deepcopy(good())
        self.change(bundle)
        return bundle


def at(kind: str, path: str, value: Any) -> Callable[[Json], None]:
    """Set an element; `path` has names and numbers, parted by points. `None` takes it out."""

    def change(bundle: Json) -> None:
        *above, last = path.split(".")
        parent: Any = of(bundle, kind)
        for step in above:
            parent = parent[int(step)] if step.isdigit() else parent[step]
        if value is None:
            parent.pop(int(last) if last.isdigit() else last)
        elif last.isdigit() and int(last) == len(parent):
            parent.append(value)
        else:
            parent[int(last) if last.isdigit() else last] = value

    return change


def _repeat(kind: str, path: str) -> Callable[[Json], None]:
    def change(bundle: Json) -> None:
        items = of(bundle, kind)
        for step in path.split("."):
            items = items[int(step)] if step.isdigit() else items[step]
        items.append(copy.deepcopy(items[0]))  # type: ignore[attr-defined]

    return change


def _entries(change: Callable[[list[Json]], object]) -> Callable[[Json], object]:
    return lambda bundle: change(bundle["entry"])


SERIES, FIRST = "series.0", "series.0.instance.0"
_DIGEST = base64.b64encode(b"\0" * 32).decode()

BY_HAND: tuple[Broken, ...] = (
    Broken("no type", at("Bundle", "type", None), "cardinality", "Bundle.type"),
    Broken("another type of Bundle", at("Bundle", "type", "collection"), "document", "Bundle.type"),
    Broken("no such type of Bundle", at("Bundle", "type", "documents"), "binding", "Bundle.type"),
    Broken("no identifier", at("Bundle", "identifier", None), "invariant:bdl-9", "Bundle"),
    Broken("no timestamp", at("Bundle", "timestamp", None), "invariant:bdl-10", "Bundle"),
    Broken("a timestamp without zone", at("Bundle", "timestamp", "2026-03-01T09:30:00"), "type", "Bundle.timestamp"),
    Broken("a total", at("Bundle", "total", 5), "invariant:bdl-1", "Bundle"),
    Broken("a search", at("Bundle", "entry.0.search", {"mode": "match"}), "invariant:bdl-2", "Bundle"),
    Broken("a message", at("Bundle", "type", "message"), "invariant:bdl-12", "Bundle"),
    Broken("a request", at("Bundle", "entry.0.request", {"method": "POST", "url": "x"}), "invariant:bdl-3", "Bundle"),
    Broken("a response", at("Bundle", "entry.0.response", {"status": "200"}), "invariant:bdl-4", "Bundle"),
    Broken("an entry of nothing", at("Bundle", "entry.1", {"fullUrl": "urn:uuid:" + "1" * 36}), "invariant:bdl-5", "entry[1]"),
    Broken("a versioned fullUrl", at("Bundle", "entry.5.fullUrl", "http://x/Device/1/_history/1"), "invariant:bdl-8", "entry[5]"),
    Broken("an entry without name", at("Bundle", "entry.5.fullUrl", None), "document:full-url", "entry[5].fullUrl"),
    Broken("two entries of one name", _entries(lambda it: it.append(copy.deepcopy(it[5]))), "invariant:bdl-7", "Bundle"),
    Broken("no Composition in front", _entries(lambda it: it.append(it.pop(0))), "invariant:bdl-11", "Bundle"),
    Broken("the Patient twice", _entries(lambda it: it.append(it[2] | {"fullUrl": "urn:uuid:" + "1" * 36})), "document:one-each", "ofType(Patient)"),
    Broken("no such resource", at("Device", "resourceType", "Gerät"), "resource", "entry[5].resource"),
    Broken("no resource type", at("Device", "resourceType", None), "type", "entry[5].resource"),
    Broken("an unknown element", at("Patient", "shoeSize", 43), "unknown-element", "resource"),
    Broken("an unknown element deep down", at("Patient", "name.0.nickname", "Ä"), "unknown-element", "name[0]"),
    Broken("a language that is none", at("Patient", "language", "d"), "binding", "language"),
    Broken("no status", at("Composition", "status", None), "cardinality", "status"),
    Broken("a status of something else", at("Composition", "status", "active"), "binding", "status"),
    Broken("no title", at("Composition", "title", None), "cardinality", "title"),
    Broken("an empty title", at("Composition", "title", ""), "type", "title"),
    Broken("no author", at("Composition", "author", None), "cardinality", "author"),
    Broken("an empty list", at("Composition", "author", []), "type", "author"),
    Broken("an author that is a Patient", lambda it: at("ServiceRequest", "performer", [of(it, "PractitionerRole")["organization"]])(it) or at("Composition", "custodian", of(it, "Composition")["subject"])(it), "reference", "custodian"),
    Broken("one value where a list is wanted", at("Composition", "author", {"display": "x"}), "type", "author"),
    Broken("a list where one value is wanted", at("Composition", "title", ["x"]), "type", "title"),
    Broken("a text where an object is wanted", at("Composition", "subject", "x"), "type", "subject"),
    Broken("a number where a text is wanted", at("Composition", "title", 7), "type", "title"),
    Broken("no such day", at("Composition", "date", "2026-02-30"), "type", "date"),
    Broken("no such hour", at("Composition", "date", "2026-02-28T25:00:00Z"), "type", "date"),
    Broken("a reference to nothing", at("Composition", "subject.reference", "urn:uuid:" + DEVICE[-36:].replace("1", "7")), "unresolved", "subject"),
    Broken("a relative reference", at("Composition", "subject.reference", "Patient/1"), "unresolved", "subject"),
    Broken("a section of nothing", at("Composition", "section.0", {"title": "CT"}), "invariant:cmp-1", "section[0]"),
    Broken("a section empty and full", at("Composition", "section.0.emptyReason", {"text": "x"}), "invariant:cmp-2", "section[0]"),
    Broken("a confidentiality that is none", at("Composition", "confidentiality", "secret"), "binding", "confidentiality"),
    Broken("another identifier", at("Composition", "identifier.value", "urn:oid:2.25.1"), "document:identifier", "identifier"),
    Broken("withdrawn by half", at("Composition", "status", "entered-in-error"), "document:status", "status"),
    Broken("a script in the narrative", at("Composition", "text.div", '<div xmlns="http://www.w3.org/1999/xhtml"><script>1</script></div>'), "invariant:txt-1", "div"),
    Broken("a narrative of nothing", at("Composition", "text.div", '<div xmlns="http://www.w3.org/1999/xhtml"> </div>'), "invariant:txt-1", "div"),
    Broken("an open narrative", at("Composition", "text.div", '<div xmlns="http://www.w3.org/1999/xhtml"><p>'), "invariant:txt-1", "div"),
    Broken("an attester without mode", at("Composition", "attester.0.mode", None), "cardinality", "attester[0].mode"),
    Broken("another category", at("Composition", "category.0.coding.0.code", "Imaging"), "invariant:link-cmp-1", "entry[0].resource"),
    Broken("two versions replaced", at("Composition", "relatesTo", [{"code": "replaces", "targetIdentifier": {"system": names.URI, "value": f"urn:oid:2.25.{it}"}} for it in (1, 2)]), "invariant:link-cmp-2", "entry[0].resource"),
    Broken("listed at no level", at("ImagingStudy", "extension.1.valueCode", "series"), "invariant:link-img-4", "entry[1].resource"),
    Broken("two numbers at the origin", at("Patient", "identifier", [{"system": names.KVNR, "value": str(PATIENT.kvnr)}, *({"type": {"coding": [{"system": names.IDENTIFIER_TYPE, "code": "MR"}]}, "value": it} for it in "12")]), "invariant:link-pat-1", "entry[2].resource"),
    Broken("two devices", _entries(lambda it: it.append(it[5] | {"fullUrl": "urn:uuid:" + "1" * 36})), "invariant:link-bdl-6", "Bundle"),
    Broken("two institutions", _entries(lambda it: it.append(it[3] | {"fullUrl": "urn:uuid:" + "1" * 36})), "invariant:link-bdl-4", "Bundle"),
    Broken("two endpoints", _entries(lambda it: it.append(it[4] | {"fullUrl": "urn:uuid:" + "1" * 36})), "invariant:link-bdl-5", "Bundle"),
    Broken("no study", _entries(lambda it: it.pop(1)), "document:one-each", "ofType(ImagingStudy)"),
    Broken("no status of the study", at("ImagingStudy", "status", None), "cardinality", "status"),
    Broken("a study of nobody", at("ImagingStudy", "subject", None), "cardinality", "subject"),
    Broken("a Study UID without urn", at("ImagingStudy", "identifier.0.value", "2.25.4711"), "syntax:uid", "identifier[0].value"),
    Broken("a Study UID with a leading zero", at("ImagingStudy", "identifier.0.value", "urn:oid:2.25.04711"), "syntax:uid", "identifier[0].value"),
    Broken("a series without UID", at("ImagingStudy", f"{SERIES}.uid", None), "cardinality", "series[0].uid"),
    Broken("a Series UID of letters", at("ImagingStudy", f"{SERIES}.uid", "abc"), "syntax:uid", "series[0].uid"),
    Broken("a Series UID too long", at("ImagingStudy", f"{SERIES}.uid", LONG), "type", "series[0].uid"),
    Broken("a series without modality", at("ImagingStudy", f"{SERIES}.modality", None), "cardinality", "series[0].modality"),
    Broken("a series twice", at("ImagingStudy", "series.1.uid", "2.25.4711.1"), "document:unique", "series.uid"),
    Broken("an instance without UID", at("ImagingStudy", f"{FIRST}.uid", None), "cardinality", "instance[0].uid"),
    Broken("an instance without class", at("ImagingStudy", f"{FIRST}.sopClass", None), "cardinality", "instance[0].sopClass"),
    Broken("an instance twice", at("ImagingStudy", f"{FIRST}.uid", "2.25.4711.1.2"), "document:unique", "instance[1].uid"),
    Broken("a SOP Instance UID with a letter", at("ImagingStudy", f"{FIRST}.uid", "2.25.a"), "syntax:uid", "instance[0].uid"),
    Broken("a SOP class that is no UID", at("ImagingStudy", f"{FIRST}.sopClass.code", "CT"), "syntax:uid", "sopClass.code"),
    Broken("a negative number", at("ImagingStudy", f"{FIRST}.number", -1), "type", "instance[0].number"),
    Broken("a number as text", at("ImagingStudy", f"{FIRST}.number", "1"), "type", "instance[0].number"),
    Broken("a number that is none", at("ImagingStudy", f"{FIRST}.number", 1.5), "type", "instance[0].number"),
    Broken("a number too large", at("ImagingStudy", f"{FIRST}.number", 2**31), "type", "instance[0].number"),
    Broken("a number that is a boolean", at("ImagingStudy", f"{FIRST}.number", True), "type", "instance[0].number"),
    Broken("an unknown element of an instance", at("ImagingStudy", f"{FIRST}.size", 1), "unknown-element", "instance[0]"),
    Broken("one instance less", at("ImagingStudy", FIRST, None), "document:count", "series[0].numberOfInstances"),
    Broken("one series less", at("ImagingStudy", "series.1", None), "document:count", "numberOfSeries"),
    Broken("counts that are wrong", at("ImagingStudy", "numberOfInstances", 4), "document:count", "numberOfInstances"),
    Broken("another digest", at("ImagingStudy", "extension.0.extension.1.valueBase64Binary", _DIGEST), "document:digest", "extension"),
    Broken("a digest that is no base64", at("ImagingStudy", "extension.0.extension.1.valueBase64Binary", "?"), "type", "extension[0].extension[1].value"),
    Broken("an extension with value and parts", at("ImagingStudy", "extension.0.valueCode", "x"), "invariant:ext-1", "extension[0]"),
    Broken("an extension without URL", at("ImagingStudy", "extension.0.url", None), "cardinality", "extension[0].url"),
    Broken("an extension of two values", at("ImagingStudy", "extension.0.extension.0.valueString", "x"), "cardinality", "extension[0].extension[0].value"),
    Broken("a KVNR with a wrong check digit", at("Patient", "identifier.0.value", "A123456781"), "syntax:kvnr", "identifier[0].value"),
    Broken("a gender that is none", at("Patient", "gender", "w"), "binding", "gender"),
    Broken("a birth date in German", at("Patient", "birthDate", "28.02.1950"), "type", "birthDate"),
    Broken("dead in two ways", at("Patient", "deceasedDateTime", "2026"), "cardinality", "deceased"),
    Broken("dead as a text", at("Patient", "deceasedBoolean", "false"), "type", "deceased"),
    Broken("a telephone without system", at("Patient", "telecom.0.system", None), "invariant:cpt-2", "telecom[0]"),
    Broken("a rank of nought", at("Patient", "telecom.0.rank", 0), "type", "telecom[0].rank"),
    Broken("a period backwards", at("Patient", "telecom.0.period.end", "2019"), "invariant:per-1", "telecom[0].period"),
    Broken("a contact of nothing", at("Patient", "contact.0", {"gender": "male"}), "invariant:pat-1", "contact[0]"),
    Broken("an empty object", at("Patient", "maritalStatus", {}), "invariant:ele-1", "maritalStatus"),
    Broken("a unit of no system", at("Patient", "extension", [{"url": "http://x.example", "valueQuantity": {"value": 1, "code": "g"}}]), "invariant:qty-3", "extension[0].value"),
    Broken("a photo without its type", at("Patient", "photo", [{"data": "AAAA"}]), "invariant:att-1", "photo[0]"),
    Broken("a control character", at("Patient", "name.0.family", "\x07"), "type", "name[0].family"),
    Broken("extensions of an object", at("Patient", "_name", [{"extension": []}]), "unknown-element", "resource"),
    Broken("an organization without name", lambda it: of(it, "Organization").update(identifier=None, name=None) or [of(it, "Organization").pop(name) for name in ("identifier", "name")], "invariant:org-1", "resource"),
    Broken("a Telematik-ID of letters", at("Organization", "identifier.0.value", "Praxis"), "syntax:telematik-id", "identifier[0].value"),
    Broken("a BSNR of eight digits", at("Organization", "identifier.1.value", "12345678"), "syntax:bsnr", "identifier[1].value"),
    Broken("an IKNR of eight digits", at("Organization", "identifier.2.value", "10990500"), "syntax:iknr", "identifier[2].value"),
    Broken("an IKNR with a wrong check digit", at("Organization", "identifier.2.value", "109905004"), "check-digit:iknr", "identifier[2].value"),
    Broken("an OID with a leading zero", at("Organization", "identifier.3.value", "urn:oid:1.02.3"), "syntax:uri", "identifier[3].value"),
    Broken("a type of identifier that is none", at("Organization", "identifier.0.type.coding.0.code", "TID"), "code", "coding[0].code"),
    Broken("an address at home", at("Organization", "address", [{"use": "home", "city": "Ulm"}]), "invariant:org-2", "address[0]"),
    Broken("an endpoint without status", at("Endpoint", "status", None), "cardinality", "status"),
    Broken("an endpoint without address", at("Endpoint", "address", None), "cardinality", "address"),
    Broken("an endpoint without payload", at("Endpoint", "payloadType", None), "cardinality", "payloadType"),
    Broken("a token in a header", at("Endpoint", "header", ["Authorization: Bearer x"]), "document:secret", "header"),
    Broken("a token in the address", at("Endpoint", "address", HINT + "?access_token=x"), "document:address", "address"),
    Broken("an address without TLS", at("Endpoint", "address", "http://node.example"), "document:address", "address"),
    Broken("an address with a blank", at("Endpoint", "address", "https://node example"), "type", "address"),
    Broken("a MIME type that is none", at("Endpoint", "payloadMimeType", ["dicom"]), "binding", "payloadMimeType[0]"),
    Broken("a connection that is none", at("Endpoint", "connectionType.code", "dicom-wado"), "code", "connectionType.code"),
    Broken("a link that expires before it begins", at("Endpoint", "period.end", "2020-01-01T00:00:00Z"), "invariant:per-1", "period"),
    Broken("an owner that is a Patient", lambda it: at("Device", "owner", of(it, "Composition")["subject"])(it), "reference", "owner"),
    Broken("a LANR with a wrong check digit", at("Practitioner", "identifier.0.value", "123456701"), "syntax:lanr", "identifier[0].value"),
    Broken("an order without intent", at("ServiceRequest", "intent", None), "cardinality", "intent"),
    Broken("a contained reference to nothing", at("ServiceRequest", "requester.reference", "#p2"), "invariant:ref-1", "requester"),
    Broken("contained and not used", at("ServiceRequest", "requester", None), "invariant:dom-3", "resource"),
    Broken("contained in contained", at("ServiceRequest", "contained.0.contained", [{"resourceType": "Practitioner", "id": "q"}]), "invariant:dom-2", "resource"),
    Broken("contained with a version", at("ServiceRequest", "contained.0.meta", {"versionId": "1"}), "invariant:dom-4", "resource"),
    Broken("contained with a label", at("ServiceRequest", "contained.0.meta", {"security": [{"code": "R"}]}), "invariant:dom-5", "resource"),
    Broken("details without a code", at("ServiceRequest", "orderDetail", [{"text": "x"}]), "invariant:prr-1", "resource"),
    Broken("a type that is not that of the target", at("Composition", "subject.type", "Device"), "reference", "subject"),
)  # fmt: skip
