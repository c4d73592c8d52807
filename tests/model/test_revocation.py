"""Names of what can be revoked."""

from __future__ import annotations

import pytest
import wishes

from linkexchange.model.grant import Grant
from linkexchange.model.revocation import REVOKED, Revocation, RevocationKind, named, of_grant

TRANSFER = "9b2f4a0e-5f0a-4a77-9a3f-0c8a5d6e7f80"
RIGHT = {
    RevocationKind.INSTITUTION: "1-2-practice",
    RevocationKind.NODE: "A" * 43,
    RevocationKind.LINK: "6f0c1c52-0f1e-4c55-9d0c-5a3c1e0f7a11",
    RevocationKind.TRANSFER: TRANSFER,
}


@pytest.mark.parametrize("kind", RevocationKind)
def test_each_kind_has_names_and_an_action_of_its_own(kind: RevocationKind) -> None:
    assert named(kind, RIGHT[kind]) == (kind, RIGHT[kind])
    assert REVOKED[kind].value == f"{kind.value}.revoked"


@pytest.mark.parametrize("kind", RevocationKind)
@pytest.mark.parametrize("wrong", ["", "A" * 42, "\x00", "6f0c1c52-0f1e-4c55-9d0c-5a3c1e0f7a1"])
def test_what_is_no_name_is_refused_without_being_repeated(kind: RevocationKind, wrong: str) -> None:
    with pytest.raises(ValueError, match=r"not|badly") as refused:
        named(kind, wrong)
    assert not wrong or wrong not in str(refused.value)


def test_a_transfer_has_one_spelling() -> None:
    kind = RevocationKind.TRANSFER
    assert named(kind, TRANSFER.upper()) == named(kind, TRANSFER.replace("-", "")) == (kind, TRANSFER)


def test_a_line_of_the_list_is_about_what_it_names() -> None:
    line = Revocation(7, RevocationKind.TRANSFER, TRANSFER, "verloren", wishes.NOW)
    assert (line.name, line.lifted) == ((RevocationKind.TRANSFER, TRANSFER), False)


def test_a_grant_ends_with_its_transfer_its_link_its_node_and_with_either_institution() -> None:
    grant = Grant(
        grant=wishes.TRANSFER,
        transfer=wishes.TRANSFER,
        requester=wishes.PRACTICE,
        origin=wishes.HOSPITAL,
        link=wishes.LINK,
        study=wishes.STUDY,
        manifest_digest=wishes.MANIFEST_DIGEST,
        authority=wishes.BY_RECORD.authority,
        purpose=wishes.BY_RECORD.purpose,
        thumbprint="A" * 43,
        issued=wishes.NOW,
    )
    assert set(of_grant(grant)) == {
        (RevocationKind.TRANSFER, str(wishes.TRANSFER)),
        (RevocationKind.LINK, wishes.LINK),
        (RevocationKind.NODE, "A" * 43),
        (RevocationKind.INSTITUTION, wishes.PRACTICE),
        (RevocationKind.INSTITUTION, wishes.HOSPITAL),
    }
