"""What a node does in the TI, from the trust list to the document, against the whole simulated TI over real sockets."""

from __future__ import annotations

import pytest
from simulated_ti import utc_now
from simulated_world import World, patient_id
from xds_samples import DOCUMENT, ENTRY, SUBMISSION

from ti_adapter.epa.xds import Search, Wanted
from ti_adapter.pki import OcspClient, Question, verify_institution

pytestmark = pytest.mark.slow
KVNR = "X110411675"


def test_from_the_trust_list_to_the_document_and_back(whole_ti: World) -> None:
    node, ti = whole_ti.node("klinik", system=2), whole_ti
    ti.patients.open_record(KVNR, system=2)
    who = verify_institution(node.card.certificate, node.tsl.trust(), utc_now())
    known = node.tsl.known
    assert known
    OcspClient(utc_now).check(Question.about(who, known.ocsp_url(who.issuer)), node.tsl.trust())
    assert node.locate(KVNR) == "2"
    assert node.log_in()
    ti.switchboard.insert_egk("klinik", KVNR)
    node.entitle_by_card(KVNR)
    documents = node.documents(KVNR)
    documents.provide_and_register([DOCUMENT], SUBMISSION)
    (found,) = documents.find(Search(patient_id(KVNR))).documents
    assert found.metadata.entry.unique_id == ENTRY.unique_id
    (got,) = documents.retrieve([Wanted(ENTRY.unique_id, found.repository_unique_id)]).documents
    assert got.content == DOCUMENT.content
    assert [line.operation for line in ti.patients.accesses(KVNR)] == ["store", "find", "find", "retrieve"]
