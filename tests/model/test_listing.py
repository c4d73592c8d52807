"""What the FHIR-VZD says beside the card: each comparison, and what the directory may write."""

from __future__ import annotations

import pytest

from linkexchange.model.identifiers import TelematikId
from linkexchange.model.listing import ABSENT, NOT_ASKED, UNREACHABLE, Comparison, Listing, not_asked

PRACTICE, PHARMACY = "1.2.276.0.76.4.50", "1.2.276.0.76.4.54"
NAME = "Praxis Dr. Weiß"


@pytest.mark.parametrize(
    ("listing", "comparison"),
    [
        (NOT_ASKED, Comparison.NOT_ASKED),
        (UNREACHABLE, Comparison.UNREACHABLE),
        (ABSENT, Comparison.ABSENT),
        (Listing(NAME, (PHARMACY,)), Comparison.OTHER_ROLE),
        (Listing("Apotheke", (PHARMACY,)), Comparison.OTHER_ROLE),
        (Listing(NAME), Comparison.OTHER_ROLE),
        (Listing("Praxis Dr. Schwarz", (PRACTICE,)), Comparison.OTHER_NAME),
        (Listing(NAME, (PHARMACY, PRACTICE)), Comparison.AGREES),
    ],
    ids=lambda it: it.value if isinstance(it, Comparison) else None,
)
def test_a_listing_is_compared_with_what_the_card_has_proven(listing: Listing, comparison: Comparison) -> None:
    assert listing.compared(NAME, PRACTICE) is comparison


@pytest.mark.parametrize("name", ["PRAXIS DR. WEISS", "Praxis  Dr Weiß", "Praxis, Dr.Weiß ", "Praxis Dr. Weiß\u200b"])
def test_case_blanks_and_signs_make_no_other_name(name: str) -> None:
    assert Listing(name, (PRACTICE,)).compared(NAME, PRACTICE) is Comparison.AGREES


def test_absence_and_another_role_stand_against_an_approval_and_nothing_else_does() -> None:
    assert {it for it in Comparison if it.stands_against} == {Comparison.ABSENT, Comparison.OTHER_ROLE}


def test_what_the_directory_writes_becomes_one_readable_line_and_oids() -> None:
    said = Listing.said("Praxis\x1b[2J\nam\u202e Markt" + "x" * 500, [PRACTICE, "<b>", "1.2.276.0.76.4.50\n", PHARMACY])
    assert said.name.startswith("Praxis [2J am Markt")
    assert (len(said.name) <= 200, said.name.isprintable()) == (True, True)
    assert said.profession_oids == (PRACTICE, PHARMACY)
    assert len(Listing.said("", [PRACTICE] * 100).profession_oids) == 20


def test_a_hub_without_access_says_of_everybody_that_nobody_was_asked() -> None:
    assert not_asked([TelematikId("1-2")]) == {"1-2": NOT_ASKED}
