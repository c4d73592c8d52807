"""Client and simulated MHD Service over the record that XDS writes: the same document both ways."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from epa_login import OTHER, PRAXIS
from fhir.resources.R4B.bundle import Bundle
from mhd_bench import KVNR, MhdBench
from xds_samples import CODES, DOCUMENT, ENTRY, SLOTS, SUBMISSION

from ti_adapter.epa import Advice, EpaCode, EpaRefused, RecordState
from ti_adapter.epa.mhd import Asking, MhdSearch
from ti_adapter.epa.xds import Wanted
from ti_adapter.epa.xds.names import Availability
from ti_adapter.simulator.shape import SimulatedInstitution
from ti_adapter.xds import Code

pytestmark = pytest.mark.slow

REPOSITORY = "1.2.276.0.76.3.1.1"
PHARMACY = SimulatedInstitution("3-1.1", "Apotheke", ("1.2.276.0.76.4.54",))
PAYER = SimulatedInstitution("8-1.1", "Kasse", ("1.2.276.0.76.4.59",))
EDMP = (Code("urn:gematik:ig:DMP-Asthma:v4", "1.3.6.1.4.1.19376.3.276.1.5.6", "eDMP"),)


@pytest.fixture
def bench() -> MhdBench:
    bench = MhdBench()
    bench.store()
    return bench


def refusal(bench: MhdBench, search: MhdSearch | None = None) -> EpaRefused:
    with pytest.raises(EpaRefused) as refused:
        bench.mhd().find(search or MhdSearch())
    assert KVNR.value not in str(refused.value)
    return refused.value


@pytest.mark.parametrize("asking", Asking)
def test_the_same_document_is_found_and_read_both_ways(bench: MhdBench, asking: Asking) -> None:
    (by_xds,) = bench.found_by_xds()
    (found,) = bench.mhd(asking).find(MhdSearch())
    told = by_xds.metadata.entry
    slots = {name: values for name, values in told.slots.items() if name != "repositoryUniqueId"}
    assert found.entry == replace(told, slots=slots) == ENTRY
    assert (found.entry_uuid, found.availability) == (by_xds.entry_uuid, Availability.APPROVED)
    (got,) = bench.xds().retrieve([Wanted("2.25.7", REPOSITORY)]).documents
    assert bench.mhd().retrieve(found) == got.content == DOCUMENT.content
    assert bench.mhd().read(found.entry_uuid) == found


def test_what_fhir_knows_beside_xds_is_told(bench: MhdBench) -> None:
    (found,) = bench.mhd().find(MhdSearch())
    assert [one.code for one in found.categories] == ["reports"]
    assert found.size == len(DOCUMENT.content)
    assert base64.b64decode(found.hash) == hashlib.sha1(DOCUMENT.content, usedforsecurity=False).digest()
    assert found.file_name == "2.25.7.xml"


def test_an_update_is_seen_with_its_comments_and_its_old_version_is_not(bench: MhdBench) -> None:
    (known,) = bench.found_by_xds()
    entry = replace(known.metadata.entry, title="MR Schädel")
    bench.xds().update(known, replace(known.metadata, entry=entry, comments="Seite berichtigt"), SUBMISSION)
    (found,) = bench.mhd().find(MhdSearch())
    assert (found.entry.title, found.comments) == ("MR Schädel", "Seite berichtigt")
    assert found.entry_uuid == bench.found_by_xds()[0].entry_uuid != known.entry_uuid
    with pytest.raises(EpaRefused) as gone:
        bench.mhd().read(known.entry_uuid)
    assert (gone.value.status, gone.value.code, gone.value.advice) == (404, EpaCode.NOT_FOUND, Advice.SEARCH)


@pytest.mark.parametrize("way", ["hidden", "removed", "replaced"])
def test_what_is_not_there_by_xds_is_not_there_by_mhd(bench: MhdBench, way: str) -> None:
    (found,) = bench.mhd().find(MhdSearch())
    (known,) = bench.found_by_xds()
    if way == "hidden":
        bench.login.documents.rules.hide(KVNR.value, known.entry_uuid.removeprefix("urn:uuid:"))
    elif way == "removed":
        bench.xds().remove([known.entry_uuid])
    else:
        new = replace(DOCUMENT, metadata=replace(DOCUMENT.metadata, entry=replace(ENTRY, unique_id="2.25.9")))
        bench.xds().provide_and_register([replace(new, replaces=known.entry_uuid)], SUBMISSION)
    assert found.entry_uuid not in [one.entry_uuid for one in bench.mhd().find(MhdSearch())]
    for call in (lambda: bench.mhd().read(found.entry_uuid), lambda: bench.mhd().retrieve(found)):
        with pytest.raises(EpaRefused, match="notFound"):
            call()


def test_replaced_documents_are_none_even_where_they_are_asked_for(bench: MhdBench) -> None:
    assert bench.mhd().find(MhdSearch(statuses=(Availability.DEPRECATED,))) == ()
    assert len(bench.mhd().find(MhdSearch(statuses=tuple(Availability)))) == 1


TYPE, OTHER_CODE = CODES["typeCode"], (Code("BEFU", "1.3.6.1.4.1.19376.3.276.1.5.9"),)
FITTING: dict[str, tuple[MhdSearch, int]] = {
    "a type": (MhdSearch(codes={"typeCode": TYPE}), 1),
    "another type": (MhdSearch(codes={"typeCode": OTHER_CODE}), 0),
    "one of two types": (MhdSearch(codes={"typeCode": (*OTHER_CODE, *TYPE)}), 1),
    "a code of another scheme": (MhdSearch(codes={"typeCode": (Code("BILD", "1.2.3"),)}), 0),
    "all codes at once": (MhdSearch(codes=CODES), 1),
    "a class and another type": (MhdSearch(codes={"classCode": CODES["classCode"], "typeCode": OTHER_CODE}), 0),
    "a category": (MhdSearch(codes={"confidentialityCode": (Code("reports", "1.2.276.0.76.5.511"),)}), 1),
    "another category": (MhdSearch(codes={"confidentialityCode": (Code("eab", "1.2.276.0.76.5.511"),)}), 0),
    "from its moment on": (MhdSearch(created_from=datetime(2026, 3, 1, 9, 30, tzinfo=UTC)), 1),
    "from a later moment on": (MhdSearch(created_from=datetime(2026, 3, 1, 9, 30, 1, tzinfo=UTC)), 0),
    "before its moment": (MhdSearch(created_to=datetime(2026, 3, 1, 9, 30, tzinfo=UTC)), 0),
    "between two moments": (
        MhdSearch(created_from=datetime(2026, 3, 1, tzinfo=UTC), created_to=datetime(2026, 3, 2, tzinfo=UTC)),
        1,
    ),
    "the begin of its title": (MhdSearch(title="ct schä"), 1),
    "the end of its title": (MhdSearch(title="Schädel"), 0),
    "a word in it": (MhdSearch(text="bundle"), 1),
    "a word that is not in it": (MhdSearch(text="Knie"), 0),
    "its number": (MhdSearch(unique_id="2.25.7"), 1),
    "another number": (MhdSearch(unique_id="2.25.70"), 0),
}


@pytest.mark.parametrize("asking", Asking)
@pytest.mark.parametrize("name", FITTING)
def test_documents_are_found_by_what_they_are_about(bench: MhdBench, name: str, asking: Asking) -> None:
    search, count = FITTING[name]
    assert len(bench.mhd(asking).find(search)) == count


def test_a_code_with_what_separates_in_fhir_is_found() -> None:
    bench = MhdBench()
    odd = (Code("a,b|c$d\\e", "1.2.3"),)
    bench.store(codes=CODES | {"eventCodeList": odd}, title="Eins, zwei|drei")
    assert len(bench.mhd().find(MhdSearch(codes={"eventCodeList": odd}, title="eins, zwei|"))) == 1
    assert bench.mhd().find(MhdSearch(codes={"eventCodeList": (Code("a", "1.2.3"), Code("b|c$d\\e", "1.2.3"))})) == ()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_pages_are_put_together(size: int) -> None:
    bench = MhdBench()
    for count in range(7):
        bench.store(f"2.25.{count}")
    before = len(bench.requests)
    found = bench.mhd().find(MhdSearch(page_size=size))
    assert [one.entry.unique_id for one in found] == [f"2.25.{count}" for count in reversed(range(7))]
    assert len(bench.requests) - before == -(-7 // size)


def test_nothing_is_found_in_an_empty_record() -> None:
    assert MhdBench().mhd().find(MhdSearch()) == ()


def test_the_number_of_the_insured_stands_in_its_header_and_in_the_form_and_in_no_address(bench: MhdBench) -> None:
    (found,) = bench.mhd().find(MhdSearch())
    search = bench.requests[-1]
    bench.mhd().read(found.entry_uuid)
    bench.mhd().retrieve(found)
    for request in bench.requests:
        assert KVNR.value not in str(request.url)
        assert [name for name, value in request.headers.items() if KVNR.value in value] == ["x-insurantid"]
    assert (
        dict(parse_qsl(search.content.decode()))["patient.identifier"] == f"http://fhir.de/sid/gkv/kvid-10|{KVNR.value}"
    )
    assert [it.content for it in bench.requests[-2:]] == [b"", b""]
    assert len({it.headers["x-request-id"] for it in bench.requests}) == len(bench.requests)
    assert KVNR.value not in repr(found)


def test_the_bundle_is_fhir_and_its_links_do_not_name_the_insured() -> None:
    bench = MhdBench()
    bench.store("2.25.1")
    bench.store("2.25.2")
    bench.mhd().find(MhdSearch(page_size=1))
    said = [it.json() for it in bench.login.exchanges.responses if it.request.url.path.endswith("_search")]
    assert [Bundle.model_validate(it).total for it in said] == [2, 2]
    assert not any(KVNR.value in link["url"] for it in said for link in it["link"])


MANDATORY = ("masterIdentifier", "identifier", "status", "type", "category", "subject", "content", "context")


def test_the_reference_has_what_gematiks_profile_requires(bench: MhdBench) -> None:
    (found,) = bench.mhd().find(MhdSearch())
    bench.mhd().read(found.entry_uuid)
    said = bench.login.exchanges.responses[-1].json()
    assert set(MANDATORY) <= said.keys()
    assert "custodian" not in said
    attachment = said["content"][0]["attachment"]
    assert {"contentType", "language", "url", "title", "creation"} <= attachment.keys()
    assert said["content"][0]["format"]["system"] == "urn:oid:1.3.6.1.4.1.19376.1.2.3"
    assert said["context"]["facilityType"]["coding"][0]["code"] == "PRA"
    assert said["identifier"][0] == {
        "system": "urn:ietf:rfc:3986",
        "value": found.entry_uuid,
        "use": "official",
    }
    assert [one["coding"][0]["code"] for one in said["securityLabel"]] == ["N", "reports"]


def test_a_document_of_another_media_type_comes_by_xds_alone() -> None:
    bench = MhdBench()
    bench.store(mime_type="image/jpeg", content=b"\xff\xd8")
    (found,) = bench.mhd().find(MhdSearch())
    with pytest.raises(ValueError, match="XDS"):
        bench.mhd().retrieve(found)


def test_without_an_entitlement_and_after_its_end_nothing_is_told(bench: MhdBench) -> None:
    (found,) = bench.mhd().find(MhdSearch())
    for days in (0, -1):
        bench.entitle(days)
        refused = refusal(bench)
        assert (refused.status, refused.code, refused.advice) == (403, EpaCode.NOT_ENTITLED, Advice.READ_CARD)
        for call in (lambda: bench.mhd().read(found.entry_uuid), lambda: bench.mhd().retrieve(found)):
            with pytest.raises(EpaRefused, match="notEntitled"):
                call()
    bench.record.entitled = {OTHER.telematik_id: bench.login.now + timedelta(days=1)}
    assert refusal(bench).code is EpaCode.NOT_ENTITLED


def test_what_a_role_may_not_read_is_not_found() -> None:
    bench = MhdBench()
    bench.store("2.25.1")
    bench.store("2.25.2", codes=CODES | {"formatCode": EDMP})
    for institution, numbers in ((PRAXIS, ["2.25.2", "2.25.1"]), (PHARMACY, ["2.25.1"]), (PAYER, [])):
        other = MhdBench(institution, bench.login)
        assert [one.entry.unique_id for one in other.mhd().find(MhdSearch())] == numbers
    (hidden, _) = bench.mhd().find(MhdSearch())
    with pytest.raises(EpaRefused, match="notFound"):
        MhdBench(PHARMACY, bench.login).mhd().retrieve(hidden)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (RecordState.UNKNOWN, (404, EpaCode.NO_HEALTH_RECORD, Advice.LOCATE)),
        (RecordState.SUSPENDED, (409, EpaCode.STATUS_MISMATCH, Advice.WAIT)),
    ],
)
def test_a_record_that_cannot_be_used_is_refused(
    bench: MhdBench, state: RecordState, expected: tuple[int, EpaCode, Advice]
) -> None:
    bench.record.state = state
    refused = refusal(bench)
    assert (refused.status, refused.code, refused.advice) == expected


def test_without_a_login_it_is_refused(bench: MhdBench) -> None:
    bench.login.sessions.close()
    assert refusal(bench).code is EpaCode.INVALID_AUTH


def test_a_search_is_one_access_and_reading_a_document_another(bench: MhdBench) -> None:
    (found,) = bench.mhd().find(MhdSearch(text="bundle"))
    bench.mhd().retrieve(found)
    seen = [(it.operation, it.outcome) for it in bench.login.documents.rules.accesses(KVNR.value)]
    assert seen == [("store", "ok"), ("find", "ok"), ("find", "ok"), ("retrieve", "ok")]


def test_times_of_any_length_come_through() -> None:
    bench = MhdBench()
    slots = SLOTS | {"creationTime": ("20260301",), "serviceStartTime": ("202603",), "serviceStopTime": ("2026030109",)}
    bench.store(slots=slots)
    (found,) = bench.mhd().find(MhdSearch(created_from=datetime(2026, 3, 1, tzinfo=UTC)))
    told = {name: found.entry.slots[name][0] for name in ("creationTime", "serviceStartTime", "serviceStopTime")}
    assert told == {"creationTime": "20260301", "serviceStartTime": "202603", "serviceStopTime": "20260301090000"}
