"""The pages of docs/reference: those that are made are up to date, and the examples of the others are what they say."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest

from linkexchange.admit import Admission
from linkexchange.model import keyset, told
from linkexchange.model.access import Reason
from linkexchange.model.audit import Action, AuditEntry, first_bad
from linkexchange.model.directory import TYP as DIRECTORY_TYP
from linkexchange.model.directory import accept as accept_directory
from linkexchange.model.enrolment import TRANSITIONS as STANDINGS
from linkexchange.model.enrolment import Standing
from linkexchange.model.findings import Answer, Check, Findings
from linkexchange.model.grant import TYP as GRANT_TYP
from linkexchange.model.grant import accept
from linkexchange.model.identifiers import LinkId, SeriesUid, Sha256, SopClassUid, SopInstanceUid, StudyUid, TelematikId
from linkexchange.model.participant import Participant
from linkexchange.model.passport import Passport
from linkexchange.model.proof import TYP as PROOF_TYP
from linkexchange.model.proof import Delivered, Fate, Proof, lines
from linkexchange.model.request import TYP as REQUEST_TYP
from linkexchange.model.request import read
from linkexchange.model.revocation import REVOKED, RevocationKind
from linkexchange.model.study import Instance, Manifest, Series
from linkexchange.ports import Course
from linkexchange.resolve import Resolver
from linkexchange.signing import Proven
from linkexchange.web import enrolment as desk
from linkexchange.web import resolver as web

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "docs/reference"
NOW = datetime(2026, 11, 24, 8, 0, 1, tzinfo=UTC)
PRACTICE, HOSPITAL = TelematikId("1-20012345678"), TelematikId("5-2-121212")


def _page(name: str) -> str:
    return (PAGES / name).read_text()


def _examples(name: str) -> list[Any]:
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", _page(name), re.DOTALL)]


def _first_column(name: str, heading: str) -> list[str]:
    """What stands in code type in the first column of the tables behind a heading."""
    text = _page(name).partition(heading)[2].split("\n## ")[0]
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "scripts/reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MADE: dict[str, Callable[[], str]] = _script().PAGES


@pytest.mark.parametrize("name", MADE)
def test_a_page_that_is_made_from_code_is_up_to_date(name: str) -> None:
    assert _page(name) == MADE[name](), "run scripts/reference.py"


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.name)
def test_every_page_says_for_whom_it_is_and_of_which_kind(page: Path) -> None:
    title, empty, head = page.read_text().splitlines()[:3]
    assert (title[:2], empty, head.startswith("*Reference")) == ("# ", "", True)


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/**/*.md")), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_page_that_is_referred_to_is_there(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_page_that_code_refers_to_is_there() -> None:
    named = {
        page
        for folder in ("linkexchange", "ti-adapter", "scripts")
        for file in (ROOT / folder).rglob("*.py")
        for page in re.findall(r"docs/[a-z/-]+\.md", file.read_text())
    }
    assert [page for page in sorted(named) if not (ROOT / page).exists()] == []


# --- request and grant ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("claims", _examples("request.md"), ids=lambda claims: claims["authority"])
def test_the_example_of_a_request_is_read(claims: dict[str, Any]) -> None:
    request = read(Proven(REQUEST_TYP, "", claims), audience="https://hub.example", requester=PRACTICE, now=NOW)
    assert request.claims("https://hub.example") == claims


def test_the_page_lists_the_claims_and_the_type_of_a_request() -> None:
    assert _first_column("request.md", "## Claims") == list(_examples("request.md")[0])
    assert f"`{REQUEST_TYP}`" in _page("request.md")


def test_the_page_lists_every_public_reason() -> None:
    assert [reason for reason in Reason if f"`{reason}`" not in _page("request.md")] == []


def test_the_example_of_a_grant_is_accepted() -> None:
    (claims,) = _examples("grant.md")
    thumbprint = claims["cnf"]["x5t#S256"]
    grant = accept(Proven(GRANT_TYP, "", claims), audience=HOSPITAL, thumbprint=thumbprint, now=NOW)
    assert grant.claims("https://hub.example") == claims
    assert timedelta(seconds=300) == grant.expires - grant.issued


def test_the_page_lists_the_claims_and_the_type_of_a_grant() -> None:
    assert _first_column("grant.md", "## Claims") == list(_examples("grant.md")[0])
    assert f"`{GRANT_TYP}`" in _page("grant.md")


# --- proof ------------------------------------------------------------------------------------------------------------


def _manifest(example: dict[str, Any]) -> Manifest:
    rows = groupby(example["instances"], key=lambda row: row["series"])
    series = [
        Series(
            SeriesUid(uid),
            "",
            tuple(Instance(SopInstanceUid(row["sop_instance"]), SopClassUid(row["sop_class"])) for row in group),
        )
        for uid, group in rows
    ]
    return Manifest(StudyUid(example["study"]), tuple(series))


def _delivered(row: dict[str, Any]) -> Delivered:
    digests = [row[name] for name in ("digest_received", "digest_sent", "sha256_pixels", "digest_origin")]
    return Delivered(
        SopInstanceUid(row["sop_instance"]),
        Fate(row["fate"]),
        row["status"],
        row["attempts"],
        row["bytes"],
        *(digest and Sha256(digest) for digest in digests),
        note=row["note"],
        received_syntax=row["received_syntax"],
    )


def test_the_example_of_a_proof_is_what_its_own_lines_make() -> None:
    (example,) = _examples("proof.md")
    manifest = _manifest(example)
    proof = Proof(
        transfer=UUID(example["transfer"]),
        link=LinkId(example["link"]),
        origin=TelematikId(example["origin"]),
        requester=TelematikId(example["requester"]),
        destination=example["destination"],
        manifest=manifest,
        instances=lines(manifest, map(_delivered, example["instances"])),
        ended=datetime.fromisoformat(example["ended"]),
    )
    assert proof.to_json() == example


def test_the_page_lists_every_member_of_a_proof_and_of_its_lines() -> None:
    (example,) = _examples("proof.md")
    members = _first_column("proof.md", "## Members")
    assert members == [*example, *example["instances"][0]]
    assert f"`{PROOF_TYP}`" in _page("proof.md")


def test_the_page_explains_every_fate() -> None:
    assert [fate for fate in Fate if f"`{fate}`: " not in _page("proof.md").replace("\n", " ")] == []


# --- audit trail and events -------------------------------------------------------------------------------------------


def test_the_example_of_an_audit_trail_is_whole() -> None:
    (rows,) = _examples("audit.md")
    entries = [
        AuditEntry(**{**row, "at": datetime.fromisoformat(row["at"]), "action": Action(row["action"])}) for row in rows
    ]
    assert (len(entries), first_bad(entries)) == (2, None)
    assert _first_column("audit.md", "## Entry") == list(rows[0])


def test_the_page_lists_every_action() -> None:
    assert sorted(_first_column("audit.md", "## Actions")) == sorted(Action)


def _emitted() -> set[str]:
    """Topics that stand in the code: as text, as an action, or as the action that a helper was called with."""
    text = "".join(file.read_text() for file in (ROOT / "linkexchange").rglob("*.py"))
    actions = {Action[name].value for name in re.findall(r"\.emit\(Action\.([A-Z_]+)\.value", text)}
    helped = {Action[name].value for name in re.findall(r"(?:_write_down\(work, |action=)Action\.([A-Z_]+)", text)}
    decided = {Action.PULL_GRANTED.value, Action.PULL_DENIED.value, *(action.value for action in REVOKED.values())}
    return actions | helped | decided | set(re.findall(r"\.emit\(\"([a-z.]+)\"", text))


def test_the_page_lists_every_topic() -> None:
    assert set(_first_column("events.md", "| topic")) == _emitted()


def test_the_example_of_an_event_has_the_listed_members() -> None:
    (example,) = _examples("events.md")
    assert list(example) == _first_column("events.md", "# The event stream")[:4]


# --- passport ---------------------------------------------------------------------------------------------------------


def test_the_example_of_a_passport_is_read() -> None:
    example, _ = _examples("passport.md")
    assert Passport.from_json(example).to_json() == example
    assert _first_column("passport.md", "# The passport of a PACS") == list(example)


def test_the_example_of_findings_is_read() -> None:
    _, example = _examples("passport.md")
    assert Findings.from_json(example).to_json() == example


def test_the_page_lists_the_members_of_findings_every_answer_and_every_check() -> None:
    _, example = _examples("passport.md")
    checks = _first_column("passport.md", "### Checks")
    assert _first_column("passport.md", "## Findings") == [*example, *Answer, *checks]
    assert sorted(checks) == sorted(Check)


# --- hub --------------------------------------------------------------------------------------------------------------


def test_the_page_lists_every_operation_of_the_hub() -> None:
    resolver = Resolver("", None, None, None, None)  # type: ignore[arg-type] - nothing is called
    app = web.application(resolver, admission=Admission(None, None, None, None))  # type: ignore[arg-type]
    there = {f"{method} {route.path}" for route in app.routes for method in route.methods}
    assert set(_first_column("hub-api.md", "## Operations")) == there


def test_the_examples_of_the_hub_s_interface_are_taken() -> None:
    link, offer, transfer, participant = _examples("hub-api.md")
    assert set(transfer) == {field.name for field in fields(Course)}
    assert web.LinkBody.model_validate(link).link == link["link"]
    assert web.OfferBody.model_validate(offer).receiver == PRACTICE
    assert Participant.from_json(participant).to_json() == participant


def test_the_example_of_an_application_has_the_listed_members_which_are_all_there_are() -> None:
    (example,) = _examples("enrolment.md")
    assert desk.ApplicationBody.model_validate(example).application().participant.telematik_id == PRACTICE
    assert _first_column("enrolment.md", "## Application") == list(example)
    assert set(example) == set(desk.ApplicationBody.model_fields)


def test_the_page_lists_every_standing_and_what_may_follow_it() -> None:
    rows = re.findall(r"^\| `([a-z]+)` \| [^|]* \| ([^|]*) \|$", _page("enrolment.md"), re.MULTILINE)
    listed = {Standing(name): set(re.findall(r"`([a-z]+)`", after)) for name, after in rows if name in set(Standing)}
    assert listed == {it: set(after) for it, after in STANDINGS.items()}


def test_the_page_lists_every_operation_of_the_desk() -> None:
    app = desk.application(Admission(None, None, None, None))  # type: ignore[arg-type] - nothing is called
    there = {f"{method} {route.path}" for route in app.routes for method in route.methods}
    assert set(_first_column("enrolment.md", "## The desk")) == there


def test_the_example_of_the_signed_directory_is_accepted() -> None:
    (claims,) = _examples("directory.md")
    issued = datetime.fromtimestamp(claims["iat"], UTC)
    snapshot = accept_directory(Proven(DIRECTORY_TYP, "", claims), issuer=claims["iss"], now=issued)
    assert snapshot.claims(claims["iss"]) == claims
    assert _first_column("directory.md", "## Signed") == list(claims)
    assert f"`{DIRECTORY_TYP}`" in _page("directory.md")


def test_the_page_lists_the_members_of_every_body() -> None:
    headings = ("## Link\n", "## Offer\n", "## Transfer\n", "## Participant\n")
    for heading, example in zip(headings, _examples("hub-api.md"), strict=True):
        assert _first_column("hub-api.md", heading) == list(example)


def test_the_examples_of_keys_and_revocations_are_read_and_their_pages_list_the_claims() -> None:
    (keys,), (page,) = _examples("keys.md"), _examples("revocations.md")
    issued = datetime.fromtimestamp(keys["iat"], UTC)
    key_set = keyset.accept(Proven(keyset.TYP, "", keys), issuer=keys["iss"], now=issued, newest=None)
    assert [jwk.thumbprint() for jwk in key_set.keys.keys.values()] == list(key_set.keys.keys)
    told.accept(Proven(told.TYP, "", page), issuer=page["iss"], after=page["after"], now=issued)
    assert _first_column("keys.md", "## Key set") == list(keys)
    assert _first_column("revocations.md", "## Page")[: len(page)] == list(page)
    assert _first_column("revocations.md", "### Line") == list(page["revocations"][0])
    assert _first_column("revocations.md", "# The list of revocations") == list(RevocationKind)
    for name, typ in (("keys.md", keyset.TYP), ("revocations.md", told.TYP)):
        assert f"`{typ}`" in _page(name)
