"""Names of what can be revoked."""

from __future__ import annotations

import pytest

from linkexchange.model.revocation import REVOKED, RevocationKind, named

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
