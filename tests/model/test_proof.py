from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import link_samples
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.model.identifiers import Sha256, SopInstanceUid, TelematikId, TransferSyntaxUid
from linkexchange.model.link import Link
from linkexchange.model.proof import ARRIVED, Delivered, Fate, Proof, lines
from linkexchange.model.study import Manifest
from linkexchange.model.transfer import State

IMPLICIT, JPEG_LS = TransferSyntaxUid("1.2.840.10008.1.2"), TransferSyntaxUid("1.2.840.10008.1.2.4.80")
NOT_STORED = sorted(set(Fate) - ARRIVED)


def _delivered(manifest: Manifest) -> list[Delivered]:
    return [Delivered(uid, Fate.STORED, status=0, attempts=1, bytes=7) for uid in sorted(manifest.uids)]


def _proof(link: Link, delivered: list[Delivered], *, stopped: str = "") -> Proof:
    return Proof(
        transfer=UUID("9b2f4a0e-5f0a-4a77-9a3f-0c8a5d6e7f80"),
        link=link.link,
        origin=link.origin.telematik_id,
        requester=TelematikId("1-2-practice"),
        destination="PACS",
        manifest=link.manifest,
        instances=lines(link.manifest, delivered),
        ended=datetime(2026, 3, 1, 9, 31, tzinfo=UTC),
        stopped=stopped,
    )


@given(link_samples.links)
def test_complete_when_every_instance_is_stored(link: Link) -> None:
    proof = _proof(link, _delivered(link.manifest))
    assert (proof.outcome, proof.missing) == (State.COMPLETE, ())


@given(link_samples.links, st.data())
def test_never_complete_when_any_instance_is_missing(link: Link, data: st.DataObject) -> None:
    gone = data.draw(st.sets(st.sampled_from(sorted(link.manifest.uids)), min_size=1))
    proof = _proof(link, [it for it in _delivered(link.manifest) if it.sop_instance not in gone])
    assert proof.outcome is (State.PARTIAL if proof.stored else State.FAILED)
    assert proof.missing == tuple(sorted(gone))


@given(link_samples.links, st.data())
def test_never_complete_when_any_instance_has_another_fate(link: Link, data: st.DataObject) -> None:
    delivered = _delivered(link.manifest)
    number = data.draw(st.integers(0, len(delivered) - 1))
    delivered[number] = replace(delivered[number], fate=data.draw(st.sampled_from(NOT_STORED)))
    assert _proof(link, delivered).outcome is not State.COMPLETE


@given(link_samples.links, st.integers(1, 50))
def test_strangers_in_the_ledger_make_up_for_nothing(link: Link, surplus: int) -> None:
    """As many instances as expected are no proof: the sets are compared, never the counts."""
    strangers = [Delivered(SopInstanceUid(f"1.3.{number}"), Fate.STORED) for number in range(surplus)]
    proof = _proof(link, [*_delivered(link.manifest)[1:], *strangers])
    assert proof.outcome is not State.COMPLETE
    assert len(proof.instances) == len(link.manifest.uids)


@given(link_samples.links)
def test_nothing_stored_is_failed(link: Link) -> None:
    assert _proof(link, []).outcome is State.FAILED


@given(link_samples.links, st.booleans())
def test_stopped_is_stopped_however_far_it_came(link: Link, whole: bool) -> None:
    delivered = _delivered(link.manifest)[0 if whole else 1 :]
    assert _proof(link, delivered, stopped="wrong-patient").outcome is State.STOPPED


@given(link_samples.links)
def test_every_instance_of_the_manifest_has_its_line_with_series_and_class(link: Link) -> None:
    classes = {it.sop_instance: it.sop_class for it in link.manifest.instances}
    rows = _proof(link, []).instances
    assert {row.delivered.sop_instance: (row.series, row.sop_class) for row in rows} == {
        uid: (series, classes[uid]) for uid, series in link.manifest.homes.items()
    }


@pytest.mark.parametrize(
    ("stored", "stopped", "sentence"),
    [
        (3, "", "complete: 3 of 3 instances"),
        (2, "", "partial: 2 of 3 instances"),
        (0, "", "failed: 0 of 3 instances"),
        (1, "wrong-patient", "stopped: 1 of 3 instances"),
    ],
)
def test_a_person_reads_one_sentence(stored: int, stopped: str, sentence: str) -> None:
    link = link_samples.link(2, 1)
    assert _proof(link, _delivered(link.manifest)[:stored], stopped=stopped).sentence == sentence


@given(link_samples.links, st.integers(0, 3))
def test_the_written_proof_says_what_the_proof_says(link: Link, stored: int) -> None:
    proof = _proof(link, _delivered(link.manifest)[:stored])
    written = json.loads(rfc8785.dumps(proof.to_json()))
    said = [row["sop_instance"] for row in written["instances"] if row["fate"] == "stored"]
    assert (written["outcome"], written["expected"], written["stored"]) == (
        proof.outcome.value,
        len(link.manifest.uids),
        len(said),
    )
    assert (set(said), written["manifest_sha256"]) == (proof.stored, link.manifest.digest)


def test_a_line_keeps_all_that_the_ledger_knows() -> None:
    link = link_samples.link(1)
    (uid,) = link.manifest.uids
    digests = [Sha256(letter * 64) for letter in "abcd"]
    delivered = Delivered(uid, Fate.ALTERED, 0xB000, 2, 42, *digests, "x", Sha256("e" * 64), JPEG_LS, IMPLICIT)
    row = _proof(link, [delivered]).to_json()["instances"][0]
    assert {**row, "series": "", "sop_class": ""} == {
        "series": "",
        "sop_class": "",
        "sop_instance": uid,
        "fate": "altered",
        "status": 0xB000,
        "attempts": 2,
        "bytes": 42,
        "digest_received": "a" * 64,
        "digest_sent": "b" * 64,
        "sha256_pixels": "c" * 64,
        "sha256_pixels_sent": "e" * 64,
        "received_syntax": IMPLICIT,
        "sent_syntax": JPEG_LS,
        "digest_origin": "d" * 64,
        "note": "x",
    }
