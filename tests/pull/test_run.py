"""A pull from the click to the proof, and every way in which it may go wrong on the way."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from world import HOSPITAL, KVNR, PRACTICE, World, data_set, uid

from linkexchange import publish, pull
from linkexchange.errors import (
    OriginPacsUnavailable,
    OriginUnavailable,
    Overtaken,
    PacsRejectsNode,
    PacsUnavailable,
    PacsWithholds,
    UnknownPacs,
)
from linkexchange.model.access import Reason
from linkexchange.model.identifiers import SopInstanceUid
from linkexchange.model.patient import PatientHeader
from linkexchange.model.transfer import State
from linkexchange.signing import verify


def test_a_study_arrives_byte_for_byte_and_the_proof_says_complete(world: World) -> None:
    transfer = world.pull(world.publish())
    assert transfer.state is State.COMPLETE
    assert world.pacs[PRACTICE].instances == world.pacs[HOSPITAL].instances
    proof = world.proof(transfer.transfer)
    assert (proof["outcome"], proof["stored"], proof["expected"]) == ("complete", 4, 4)


def test_the_proof_names_each_instance_with_the_digests_of_both_ends(world: World) -> None:
    proof = world.proof(world.pull(world.publish()).transfer)
    for row in proof["instances"]:  # type: ignore[attr-defined]
        assert row["digest_origin"] == row["digest_received"] == row["digest_sent"]
        assert (row["fate"], row["attempts"], row["status"]) == ("stored", 1, 0)


def test_every_step_of_a_pull_is_written_down_at_all_three_places(world: World) -> None:
    world.pull(world.publish())
    assert world.actions(world.nodes) == ["pull.requested", "pull.permitted", "pull.begun", "pull.ended"]
    assert world.actions(world.resolver.store)[-2:] == ["session.opened", "pull.granted"]  # type: ignore[arg-type]
    assert world.actions(world.nodes, HOSPITAL)[-2:] == ["serving.begun", "serving.ended"]


def test_a_finished_transfer_that_is_run_again_changes_nothing(world: World) -> None:
    transfer = world.pull(world.publish())
    calls = world.wire.calls
    pull.run(world.practice, transfer.transfer)
    assert world.wire.calls == calls
    assert world.transfer(transfer.transfer).state is State.COMPLETE


def test_an_unknown_destination_is_refused_before_anything_is_written(world: World) -> None:
    with pytest.raises(UnknownPacs):
        world.pull(world.publish(), destination="elsewhere")
    assert world.actions(world.nodes) == []


# Refusals: nothing is asked of the origin, whoever refused writes it down, the requester reads a reason it may know.


def test_a_record_that_refuses_ends_the_pull_without_a_call_to_hub_or_origin(world: World) -> None:
    entry = world.publish()
    world.records[PRACTICE].entitled = False
    transfer = world.pull(entry)
    assert (transfer.state, transfer.reason) == (State.FAILED, "not-entitled")
    assert world.wire.calls == 0
    assert world.actions(world.nodes)[-1] == "pull.refused"
    assert "pull.granted" not in world.actions(world.resolver.store)  # type: ignore[arg-type]


def _withdraw(world: World) -> None:
    [link] = [published.link.link for published in _published(world)]
    world.hospital.sessions.use(lambda session: world.hospital.hub.withdraw(session, link))


def _published(world: World):  # type: ignore[no-untyped-def]
    with world.nodes.work(HOSPITAL) as work:
        return work.links.recent()


def _lose_role(world: World) -> None:
    world.roles[PRACTICE] = "1.2.276.0.76.4.54"


def _alter_document(world: World) -> None:
    entry, (kvnr, document, title) = next(iter(world.held.items()))
    spaced = document.content.replace(b"?>", b"?> ", 1)
    world.held[entry] = (kvnr, type(document)(spaced, document.media_type), title)


def _expire(world: World) -> None:
    world.clock.advance(days=4000)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_withdraw, f"denied: {Reason.LINK}"),
        (_lose_role, "identity-refused: role-not-permitted"),
        (_alter_document, f"denied: {Reason.LINK}"),
        (_expire, f"denied: {Reason.LINK}"),
    ],
)
def test_r1_what_the_resolver_denies_never_reaches_the_origin(world: World, spoil, reason: str) -> None:  # type: ignore[no-untyped-def]
    entry = world.publish()
    spoil(world)
    transfer = world.pull(entry)
    assert (transfer.state, transfer.reason) == (State.FAILED, reason)
    assert world.wire.calls == 0
    denials = {"pull.denied", "session.refused"}
    assert denials & set(world.actions(world.resolver.store))  # type: ignore[arg-type]
    assert world.pacs[PRACTICE].instances == {}


def test_l_04_a_document_of_another_patients_record_is_refused(world: World) -> None:
    entry = world.publish()
    other = type(KVNR).with_check_digit("B87654321")
    _, document, title = world.held[entry]
    world.held["strange"] = (other, document, title)
    transfer = world.pull("strange", kvnr=other)
    assert (transfer.state, transfer.reason) == (State.STOPPED, "wrong-patient: KVNR of document and record")
    assert world.wire.calls == 0


# The wrong patient.


@pytest.mark.parametrize(
    "changes",
    [
        {"PatientName": "Schmidt^Eva"},
        {"PatientBirthDate": "19800101"},
        {"PatientSex": "F"},
    ],
)
def test_l_04_an_image_header_that_contradicts_the_record_lets_nothing_pass(
    world: World, changes: dict[str, str]
) -> None:
    entry = world.publish()
    world.pacs[HOSPITAL].instances = {uid(number): data_set(number, **changes) for number in range(1, 5)}
    transfer = world.pull(entry)
    assert transfer.state is State.STOPPED
    assert transfer.reason == f"wrong-patient: {next(iter(changes))}"
    assert world.pacs[PRACTICE].instances == {}
    assert world.pacs[PRACTICE].sent == []
    assert world.proof(transfer.transfer)["stored"] == 0


def test_l_04_a_header_without_any_proof_of_identity_lets_nothing_pass(world: World) -> None:
    entry = world.publish()
    bare = data_set(1, OtherPatientIDsSequence=[], PatientID="other")  # type: ignore[arg-type]
    world.pacs[HOSPITAL].instances = {uid(1): bare}
    transfer = world.pull(entry)
    assert (transfer.state, transfer.reason) == (State.STOPPED, "wrong-patient: PatientID")
    assert world.pacs[PRACTICE].instances == {}


@pytest.mark.parametrize(
    "holder",
    [
        PatientHeader("4711", name="Schmidt^Eva", birth_date=date(1980, 1, 1)),
        PatientHeader("4711"),
    ],
)
def test_l_04_a_patient_id_that_the_own_pacs_has_for_somebody_else_lets_nothing_pass(
    world: World, holder: PatientHeader
) -> None:
    entry = world.publish()
    world.pacs[PRACTICE].patients["4711"] = holder
    transfer = world.pull(entry)
    assert transfer.state is State.STOPPED
    assert transfer.reason.startswith("patient-id-taken")
    assert world.pacs[PRACTICE].sent == []
    assert world.wire.calls == 0


@pytest.mark.parametrize("birth_date", [date(1970, 1, 2), None])
def test_a_patient_id_that_the_own_pacs_has_for_the_same_person_is_no_hindrance(
    world: World, birth_date: date | None
) -> None:
    entry = world.publish()
    world.pacs[PRACTICE].patients["4711"] = PatientHeader("4711", name="MUELLER^JOERG", birth_date=birth_date)
    assert world.pull(entry).state is State.COMPLETE


# What does not answer.


def test_an_origin_that_does_not_answer_lets_the_transfer_wait_with_the_reason(world: World) -> None:
    transfer = world.ask(world.publish())
    world.wire.down = True
    with pytest.raises(OriginUnavailable):
        pull.run(world.practice, transfer)
    row = world.transfer(transfer)
    assert (row.state, row.reason) == (State.WAITING, "origin-unavailable: connection refused")


def test_an_origin_whose_pacs_is_down_lets_the_transfer_wait_and_go_on_later(world: World) -> None:
    transfer = world.ask(world.publish())
    world.pacs[HOSPITAL].down = True
    with pytest.raises(OriginPacsUnavailable):
        pull.run(world.practice, transfer)
    assert world.transfer(transfer).reason.startswith("origin-pacs-unavailable")
    world.pacs[HOSPITAL].down = False
    pull.run(world.practice, transfer)
    assert world.transfer(transfer).state is State.COMPLETE


def test_an_own_pacs_that_is_down_lets_the_transfer_wait_without_asking_the_origin(world: World) -> None:
    transfer = world.ask(world.publish())
    world.pacs[PRACTICE].down = True
    with pytest.raises(PacsUnavailable):
        pull.run(world.practice, transfer)
    assert world.transfer(transfer).reason == "pacs-unavailable: association refused"
    assert world.wire.calls == 0


@given(cut=st.integers(min_value=0, max_value=4))
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_after_a_break_only_what_is_missing_is_sent(world: World, cut: int) -> None:
    world.pacs[PRACTICE].instances.clear()
    world.pacs[PRACTICE].sent.clear()
    transfer = world.ask(world.publish())
    world.wire.carried, world.wire.cut_after = 0, cut
    if cut < 4:
        with pytest.raises(OriginUnavailable):
            pull.run(world.practice, transfer)
    world.wire.cut_after = None
    pull.run(world.practice, transfer)
    assert world.transfer(transfer).state is State.COMPLETE
    assert sorted(world.pacs[PRACTICE].sent) == sorted(world.pacs[HOSPITAL].instances)


def test_what_breaks_off_after_it_has_brought_something_goes_on_at_once_with_a_new_grant(world: World) -> None:
    entry = world.publish(*[data_set(number) for number in range(1, 8)])
    world.pacs[HOSPITAL].breaks_after = 3
    read = world.records[PRACTICE].read
    assert world.pull(entry).state is State.COMPLETE
    assert (world.wire.calls, world.records[PRACTICE].read - read) == (3, 3)


def test_what_breaks_off_with_nothing_new_waits_for_the_queue(world: World) -> None:
    transfer = world.ask(world.publish())
    world.wire.cut_after = 2
    with pytest.raises(OriginUnavailable):
        pull.run(world.practice, transfer)
    assert (world.transfer(transfer).state, world.wire.calls) == (State.WAITING, 2)


def _withholds(world: World, withheld: set[SopInstanceUid]) -> None:
    hospital = world.pacs[HOSPITAL]
    retrieve = hospital.retrieve

    def some(manifest: Any, wanted: frozenset[SopInstanceUid], **how: Any) -> Any:
        if wanted <= withheld:
            raise PacsWithholds("C-GET ends with status A702")
        return retrieve(manifest, wanted - withheld, **how)

    hospital.retrieve = some  # type: ignore[method-assign]


def test_1_1_01_what_the_pacs_of_the_origin_lists_and_never_sends_is_missing_while_all_else_arrives(
    world: World,
) -> None:
    entry = world.publish()
    _withholds(world, {uid(2), uid(3)})
    transfer = world.pull(entry)
    assert (transfer.state, transfer.reason) == (State.PARTIAL, "")
    fates = {row["sop_instance"]: row["fate"] for row in world.proof(transfer.transfer)["instances"]}  # type: ignore[attr-defined]
    assert fates == {uid(1): "stored", uid(2): "missing", uid(3): "missing", uid(4): "stored"}


def test_a_pacs_of_the_origin_that_sends_nothing_of_a_study_at_all_is_waited_for(world: World) -> None:
    transfer = world.ask(world.publish())
    _withholds(world, {uid(number) for number in range(1, 5)})
    with pytest.raises(OriginPacsUnavailable, match="A702"):
        pull.run(world.practice, transfer)
    assert world.transfer(transfer).state is State.WAITING


def test_f_08_an_own_pacs_that_rejects_the_node_for_good_ends_the_transfer_with_the_reason(world: World) -> None:
    entry = world.publish()

    def reject(*_: Any, **__: Any) -> Any:
        raise PacsRejectsNode("association rejected: calling AE title not recognized, permanent")

    world.pacs[PRACTICE].held = reject  # type: ignore[method-assign]
    transfer = world.pull(entry)
    assert (transfer.state, world.wire.calls) == (State.STOPPED, 0)
    assert transfer.reason.startswith("pacs-rejects-node: association rejected")


def test_f_08_a_pacs_of_the_origin_that_rejects_its_node_for_good_ends_the_transfer_with_the_reason(
    world: World,
) -> None:
    entry = world.publish()

    def reject(*_: Any, **__: Any) -> Any:
        raise PacsRejectsNode("association rejected: calling AE title not recognized, permanent")

    world.pacs[HOSPITAL].retrieve = reject  # type: ignore[method-assign]
    transfer = world.pull(entry)
    assert transfer.state is State.STOPPED
    assert transfer.reason.startswith("origin-pacs-rejects-node: association rejected")


def test_a_second_run_does_not_count_what_the_first_has_done_into_its_pace(world: World) -> None:
    transfer = world.ask(world.publish())
    world.wire.cut_after = 2
    with pytest.raises(OriginUnavailable):
        pull.run(world.practice, transfer)
    world.wire.cut_after = None
    pull.run(world.practice, transfer)
    with world.nodes.work(PRACTICE) as work:
        counts = work.transfers.counts(transfer)
    assert (counts.before, counts.done) == (2, 4)


# What is missing, refused or altered.


@given(missing=st.sets(st.integers(min_value=1, max_value=4), min_size=1))
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_with_any_instance_missing_a_transfer_is_never_complete_and_the_list_is_exact(
    world: World, missing: set[int]
) -> None:
    world.pacs[PRACTICE].instances.clear()
    entry = world.publish()
    world.pacs[HOSPITAL].missing = {uid(number) for number in missing}
    transfer = world.pull(entry)
    world.pacs[HOSPITAL].missing = set()
    assert transfer.state is (State.FAILED if len(missing) == 4 else State.PARTIAL)
    absent = [row["sop_instance"] for row in world.proof(transfer.transfer)["instances"] if row["fate"] != "stored"]  # type: ignore[attr-defined]
    assert set(absent) == {uid(number) for number in missing}


def test_a_missing_instance_is_asked_for_again_before_the_transfer_is_partial(world: World) -> None:
    entry = world.publish()
    world.pacs[HOSPITAL].missing = {uid(2)}
    world.pull(entry)
    assert world.wire.calls == 3


def test_an_instance_that_the_destination_refuses_is_listed_with_its_status(world: World) -> None:
    entry = world.publish()
    world.pacs[PRACTICE].status = lambda it: 0x0122 if it == uid(3) else 0
    transfer = world.pull(entry)
    assert transfer.state is State.PARTIAL
    [row] = [row for row in world.proof(transfer.transfer)["instances"] if row["fate"] != "stored"]  # type: ignore[attr-defined]
    assert (row["sop_instance"], row["fate"], row["status"], row["attempts"]) == (uid(3), "refused", 0x0122, 1)


def test_a_destination_out_of_resources_is_tried_again(world: World) -> None:
    entry = world.publish()
    answers = iter([0xA700, 0, 0, 0, 0, 0])
    world.pacs[PRACTICE].status = lambda _: next(answers)
    assert world.pull(entry).state is State.COMPLETE


def test_a_warning_counts_as_stored_and_stays_in_the_proof(world: World) -> None:
    entry = world.publish()
    world.pacs[PRACTICE].status = lambda _: 0xB000
    transfer = world.pull(entry)
    assert transfer.state is State.COMPLETE
    assert {row["status"] for row in world.proof(transfer.transfer)["instances"]} == {0xB000}  # type: ignore[attr-defined]


def test_bytes_that_are_not_those_that_the_origin_sent_are_never_complete(world: World) -> None:
    entry = world.publish()
    world.wire.alters = {uid(1)}
    transfer = world.pull(entry)
    assert transfer.state is State.PARTIAL
    [row] = [row for row in world.proof(transfer.transfer)["instances"] if row["fate"] != "stored"]  # type: ignore[attr-defined]
    assert (row["sop_instance"], row["fate"]) == (uid(1), "altered")


def test_a_truncated_instance_is_refused_and_listed_and_the_others_arrive(world: World) -> None:
    entry = world.publish()
    world.pacs[HOSPITAL].instances[uid(2)] = data_set(2)[:-100]
    transfer = world.pull(entry)
    assert transfer.state is State.PARTIAL
    assert uid(2) not in world.pacs[PRACTICE].instances
    assert len(world.pacs[PRACTICE].instances) == 3


def test_an_instance_that_is_not_the_one_in_its_envelope_is_refused(world: World) -> None:
    entry = world.publish()
    world.pacs[HOSPITAL].instances[uid(2)] = data_set(4)
    transfer = world.pull(entry)
    assert transfer.state is State.PARTIAL
    assert len(world.pacs[PRACTICE].instances) == 3


# Grants end, links end, workers change.


def test_a_grant_that_ends_in_the_middle_is_renewed_and_the_rest_arrives(world: World) -> None:
    entry = world.publish()
    pacs = world.pacs[PRACTICE]
    pacs.status = lambda _: world.clock.advance(seconds=200) or 0  # type: ignore[attr-defined,func-returns-value]
    read = world.records[PRACTICE].read
    assert world.pull(entry).state is State.COMPLETE
    assert world.records[PRACTICE].read > read + 1


def test_an_entitlement_that_ends_in_the_middle_stops_the_transfer_at_its_renewal(world: World) -> None:
    entry = world.publish()

    def end_entitlement(_: object) -> int:
        world.clock.advance(seconds=301)  # type: ignore[attr-defined]
        world.records[PRACTICE].entitled = False
        return 0

    world.pacs[PRACTICE].status = end_entitlement
    transfer = world.pull(entry)
    assert (transfer.state, transfer.reason) == (State.STOPPED, "not-entitled")
    assert world.proof(transfer.transfer)["stored"] == 1


def test_a_link_withdrawn_at_the_origin_is_served_no_further(world: World) -> None:
    entry = world.publish()
    [published] = _published(world)

    def withdraw(_: object) -> int:
        publish.withdraw(world.hospital, published.link.link)
        return 0

    world.pacs[PRACTICE].status = withdraw
    transfer = world.pull(entry)
    assert transfer.state is State.STOPPED
    assert transfer.reason == "link-withdrawn"
    assert world.proof(transfer.transfer)["stored"] == 1


def test_a_worker_that_was_overtaken_changes_nothing(world: World) -> None:
    transfer = world.ask(world.publish())

    def overtake(_: object) -> int:
        world.pacs[PRACTICE].status = lambda _: 0
        pull.run(world.practice, transfer)
        return 0

    world.pacs[PRACTICE].status = overtake
    with pytest.raises(Overtaken):
        pull.run(world.practice, transfer)
    assert world.transfer(transfer).state is State.COMPLETE
    assert [name for name in world.actions(world.nodes) if name == "pull.ended"] == ["pull.ended"]
    proof = world.proof(transfer)
    # The first worker had counted one image ahead when it was overtaken, and could not take that back.
    assert sorted(row["attempts"] for row in proof["instances"]) in ([1, 1, 1, 2], [1, 1, 2, 2])  # type: ignore[attr-defined]


def test_a_transfer_that_does_not_exist_is_a_clear_error(world: World) -> None:
    from linkexchange.errors import UnknownTransfer

    with pytest.raises(UnknownTransfer):
        pull.run(world.practice, uuid4())


def test_read_at_is_the_moment_before_the_record_is_read(world: World) -> None:
    entry = world.publish()
    record = world.records[PRACTICE]
    retrieve = record.retrieve

    def slow(kvnr: object, entry: str):  # type: ignore[no-untyped-def]
        world.clock.advance(seconds=timedelta(seconds=61).total_seconds())  # type: ignore[attr-defined]
        return retrieve(kvnr, entry)  # type: ignore[arg-type]

    record.retrieve = slow  # type: ignore[method-assign,assignment]
    transfer = world.pull(entry)
    assert transfer.reason == f"denied: {Reason.STALE}"


def test_the_hub_keeps_the_signed_request_of_every_decision(world: World) -> None:
    world.pull(world.publish())
    with world.resolver.store.engine.begin() as connection:  # type: ignore[attr-defined]
        connection.execute(text("SELECT set_config('linkexchange.participant', :me, true)"), {"me": PRACTICE})
        signed, inputs = connection.execute(text("SELECT request, inputs FROM decisions")).one()
    assert verify(signed, world.signers[PRACTICE].public).claims["user"] == inputs["user"] == "Dr. Test"
