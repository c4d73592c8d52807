"""The checker finds nothing wrong with a true transfer, and each untruth that is planted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from checker import Arrival, Evidence, Image, first_bad, violations
from digests import digest_of
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS, InvalidJWSSignature

from linkexchange.conform import made
from linkexchange.conform.images import IMPLICIT, decode, encode
from linkexchange.model.audit import Action, AuditEntry, chain
from linkexchange.model.identifiers import TelematikId

KEY = JWK.generate(kty="EC", crv="P-256")
TRANSFER = "0d9c7c1e-7f0e-4c55-9d0c-5a3c1e0f7a11"
STUDY = {it.uid: Image(it.syntax, it.content) for it in made(3)}
FIRST, SECOND, THIRD = STUDY
ALL = [Arrival(uid, image) for uid, image in STUDY.items()]


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def line(uid: str, **changes: Any) -> dict[str, Any]:
    digest = digest_of(STUDY[uid].content, STUDY[uid].syntax)
    return {
        "sop_instance": uid,
        "fate": "stored",
        "attempts": 1,
        "digest_received": digest,
        "digest_sent": digest,
        **changes,
    }


def proof(*lines: dict[str, Any], key: JWK = KEY, **changes: Any) -> str:
    stored = sum(one["fate"] in {"stored", "held"} for one in lines)
    claims = {"transfer": TRANSFER, "outcome": "complete", "expected": 3, "stored": stored, "instances": lines}
    token = JWS(json.dumps({**claims, **changes}))
    token.add_signature(key, None, json.dumps({"alg": "ES256"}))
    return str(token.serialize(compact=True))


def trail(*actions: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """A true chain, as the product writes it: the checker's reading of the format is thereby held to it."""
    entries: list[AuditEntry] = []
    for action, fields in actions:
        last = entries[-1] if entries else None
        at = datetime(2026, 11, 24, 8, 0, 1, tzinfo=UTC)
        entries.append(chain(TelematikId("1-2-x"), last, action=Action(action), fields=fields, at=at))
    return [{name: getattr(it, name) for name in AuditEntry.__slots__} for it in entries]


def course(*names: str, stored: int = 3) -> list[dict[str, Any]]:
    more = {"pull.ended": {"stored": stored}}
    return trail(*((name, {"transfer": TRANSFER, **more.get(name, {})}) for name in names))


GOOD = ("pull.requested", "pull.permitted", "pull.begun", "pull.ended")
TRUE = Evidence(
    origin=STUDY,
    arrivals=ALL,
    row={"transfer": TRANSFER, "state": "complete", "reason": ""},
    trail=course(*GOOD),
    hub_trail=course("pull.granted"),
    proof=proof(*map(line, STUDY)),
    key=KEY,
    answered=[TRANSFER],
    known=[TRANSFER],
    contacted=frozenset({"127.0.0.1"}),
    allowed=frozenset({"127.0.0.1"}),
)


def state(name: str, reason: str = "") -> dict[str, str]:
    return {"transfer": TRANSFER, "state": name, "reason": reason}


def changed(uid: str, **values: str) -> Arrival:
    """The instance with another value, or re-encoded."""
    ds = decode(STUDY[uid].content, STUDY[uid].syntax)
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return Arrival(uid, Image(IMPLICIT, encode(ds, IMPLICIT)))


def test_it_finds_nothing_wrong_with_a_true_transfer() -> None:
    assert violations(TRUE) == []


def test_it_finds_nothing_wrong_with_a_true_partial_one() -> None:
    lines = [line(FIRST), line(SECOND), line(THIRD, fate="missing", attempts=0)]
    partial = replace(
        TRUE,
        arrivals=ALL[:2],
        row=state("partial"),
        proof=proof(*lines, outcome="partial"),
        trail=course(*GOOD, stored=2),
    )
    assert violations(partial) == []


def test_a_change_of_encoding_alone_is_no_change() -> None:
    lines = [line(uid) for uid in STUDY]
    arrived = [*ALL[:2], changed(THIRD)]
    assert violations(replace(TRUE, arrivals=arrived, proof=proof(*lines), exact=False)) == []


PLANTED: dict[str, tuple[str, Callable[[], Evidence]]] = {
    "reported, never arrived": ("V1", lambda: replace(TRUE, arrivals=ALL[:2])),
    "arrived, not reported": (
        "V1",
        lambda: replace(TRUE, proof=proof(line(FIRST), line(SECOND), line(THIRD, fate="refused"))),
    ),
    "never published": ("V1", lambda: replace(TRUE, arrivals=[*ALL, Arrival("1.2.3", ALL[0].image, 0xA700)])),
    "one bit of an image": (
        "V2",
        lambda: replace(TRUE, arrivals=[*ALL[:2], Arrival(THIRD, Image(ALL[2].image.syntax, _flipped()))]),
    ),
    "a value of a header": ("V2", lambda: replace(TRUE, arrivals=[*ALL[:2], changed(THIRD, PatientID="X")])),
    "a value of a header, re-encoded": (
        "V2",
        lambda: replace(TRUE, exact=False, arrivals=[*ALL[:2], changed(THIRD, PatientID="X")]),
    ),
    "a digest of what was received": (
        "V2",
        lambda: replace(TRUE, proof=proof(line(FIRST), line(SECOND), line(THIRD, digest_received=sha(b"")))),
    ),
    "a digest of what was sent": (
        "V2",
        lambda: replace(TRUE, proof=proof(line(FIRST), line(SECOND), line(THIRD, digest_sent=sha(b"")))),
    ),
    "stored twice, counted once": ("V3", lambda: replace(TRUE, arrivals=[*ALL, ALL[0]])),
    "stored twice, differently": ("V3", lambda: replace(TRUE, arrivals=[*ALL, changed(FIRST)])),
    "complete with one missing": (
        "V4",
        lambda: replace(
            TRUE,
            arrivals=ALL[:2],
            proof=proof(line(FIRST), line(SECOND), line(THIRD, fate="missing"), outcome="complete"),
        ),
    ),
    "not at its end": ("V4", lambda: replace(TRUE, row=state("moving"))),
    "too late": ("V4", lambda: replace(TRUE, seconds=61)),
    "complete without a proof": ("V4", lambda: replace(TRUE, proof="")),
    "failed without a reason": ("V4", lambda: replace(TRUE, arrivals=[], proof="", row=state("failed"))),
    "partial with all": ("V4", lambda: replace(TRUE, row=state("partial"), proof=_outcome("partial"))),
    "failed with something": ("V4", lambda: replace(TRUE, row=state("failed"), proof=_outcome("failed"))),
    "proof and row differ": ("V4", lambda: replace(TRUE, row=state("stopped", "x"))),
    "a proof of less than was published": ("V4", lambda: replace(TRUE, proof=proof(line(FIRST), line(SECOND)))),
    "a count that lies": ("V4", lambda: replace(TRUE, proof=proof(*map(line, STUDY), stored=2))),
    "no decision": ("V5", lambda: replace(TRUE, hub_trail=[])),
    "a denial": ("V5", lambda: replace(TRUE, hub_trail=course("pull.denied"))),
    "no permission": ("V5", lambda: replace(TRUE, trail=course("pull.requested", "pull.begun", "pull.ended"))),
    "begun before it was permitted": (
        "V5",
        lambda: replace(TRUE, trail=course("pull.requested", "pull.begun", "pull.permitted", "pull.ended")),
    ),
    "two ends": ("V5", lambda: replace(TRUE, trail=course(*GOOD, "pull.ended"))),
    "no end": ("V5", lambda: replace(TRUE, trail=course(*GOOD[:3]))),
    "asked for twice": ("V5", lambda: replace(TRUE, trail=course("pull.requested", *GOOD))),
    "another count": ("V5", lambda: replace(TRUE, trail=course(*GOOD, stored=2))),
    "an entry that was altered": ("V5", lambda: replace(TRUE, trail=_altered())),
    "an entry that was taken out": ("V5", lambda: replace(TRUE, trail=[*TRUE.trail[:1], *TRUE.trail[2:]])),
    "an open association": ("V6", lambda: replace(TRUE, open_associations=1)),
    "a lost promise": ("V7", lambda: replace(TRUE, known=[])),
    "a stranger": ("V8", lambda: replace(TRUE, contacted=frozenset({"10.0.0.1"}))),
}


@pytest.mark.parametrize("name", PLANTED)
def test_it_finds(name: str) -> None:
    rule, planted = PLANTED[name]
    assert rule in {found.partition(":")[0] for found in violations(planted())}


@pytest.mark.parametrize("content", [bytes(128) + b"DICM" + ALL[0].image.content, b"-- Pr\xc3\xbcf --"])
def test_it_finds_a_file_with_patient_content(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "left").write_bytes(content)
    found = violations(replace(TRUE, folders=[tmp_path], canaries=["Prüf".encode()]))
    assert [it.partition(":")[0] for it in found] == ["V6"]


def test_it_believes_no_proof_of_another_key() -> None:
    with pytest.raises(InvalidJWSSignature):
        replace(TRUE, proof=proof(*map(line, STUDY), key=JWK.generate(kty="EC", crv="P-256")))


def test_it_names_the_first_bad_entry_of_a_chain() -> None:
    assert first_bad(_altered()) == 2


def _outcome(name: str) -> str:
    return proof(*map(line, STUDY), outcome=name)


def _flipped() -> bytes:
    content = bytearray(ALL[2].image.content)
    content[-1] ^= 1
    return bytes(content)


def _altered() -> list[dict[str, Any]]:
    entries = [dict(it) for it in TRUE.trail]
    entries[1]["fields"] = {**entries[1]["fields"], "more": 1}
    return entries
