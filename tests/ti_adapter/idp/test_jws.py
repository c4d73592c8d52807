from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from hypothesis import given
from hypothesis import strategies as st
from simulated_idp import CARD, CARDS, CLINIC, IDENTITY

from ti_adapter import compact
from ti_adapter.errors import CardFailed
from ti_adapter.idp import jws
from ti_adapter.idp.errors import ChallengeRefused
from ti_adapter.idp.reason import Reason
from ti_adapter.simulator.card import SimulatedCard
from ti_adapter.simulator.idp.draft import Draft
from ti_adapter.simulator.shape import Shape

KIND = jws.Kind(ChallengeRefused, frozenset({"jwt"}))
KEY = IDENTITY.signing.key
HEADER = {"alg": "BP256R1", "typ": "JWT", "kid": "puk_idp_sig"}
TOKEN = Draft(HEADER, {"iss": "idp"}, KEY, IDENTITY.strangers).sign()


def proven(token: str, kid: str = "puk_idp_sig", key: Any = KEY) -> dict[str, object]:
    return jws.prove(jws.read(token, KIND), kid, key.public_key())


def test_what_is_signed_says_its_claims_whatever_the_case_of_its_typ() -> None:
    assert proven(TOKEN) == {"iss": "idp"}
    assert proven(Draft({**HEADER, "typ": "jwt"}, {"iss": "idp"}, KEY, KEY).sign()) == {"iss": "idp"}


def test_i08_a_key_on_another_curve_proves_nothing_even_where_the_signature_is_its_own() -> None:
    key = generate_private_key(SECP256R1())
    token = Draft(HEADER, {"iss": "idp"}, key, key).sign()
    with pytest.raises(ChallengeRefused, match="step 5: curve"):
        proven(token, key=key)


def test_a_key_of_another_name_proves_nothing() -> None:
    with pytest.raises(ChallengeRefused, match="step 5: unknown-key"):
        proven(TOKEN, kid="puk_disc_sig")


@given(st.data())
def test_i08_a_flipped_bit_anywhere_is_refused(data: st.DataObject) -> None:
    segments = TOKEN.split(".")
    position = data.draw(st.integers(0, 2))
    content = bytearray(compact.content_of(segments[position]))
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    segments[position] = compact.segment(bytes(content))
    with pytest.raises(ChallengeRefused):
        proven(".".join(segments))


@given(st.one_of(st.text(), st.from_regex(r"(?a:[\w-]{0,60}\.){2}[\w-]{0,60}", fullmatch=True)))
def test_whatever_comes_is_refused_as_its_kind_and_nothing_else(text: str) -> None:
    with pytest.raises(ChallengeRefused):
        proven(text)


def test_claims_nested_without_end_are_no_payload() -> None:
    token = Draft(HEADER, {}, KEY, KEY).sign(b"[" * 9000)
    with pytest.raises(ChallengeRefused, match="step 7: payload"):
        proven(token)


def test_a_number_that_json_does_not_know_is_no_payload() -> None:
    with pytest.raises(ChallengeRefused, match="step 7: payload"):
        proven(Draft(HEADER, {}, KEY, KEY).sign(b'{"exp":NaN}'))


def test_a_card_signs_with_brainpool_and_says_so() -> None:
    token = jws.sign(CARD, {"typ": "JWT"}, b'{"njwt":"x"}')
    header = compact.json_object(compact.content_of(token.split(".")[0]))
    assert header == {"alg": "BP256R1", "typ": "JWT"}
    kind = jws.Kind(ChallengeRefused, frozenset({"jwt"}), frozenset({"alg", "typ"}))
    assert jws.prove(jws.read(token, kind), None, CARD.key.public_key()) == {"njwt": "x"}


class BrokenCard:
    certificate = CARD.certificate

    def external_authenticate(self, _: bytes) -> bytes:
        return b"no DER"


@pytest.mark.parametrize(
    "card",
    [BrokenCard(), SimulatedCard(CARD.certificate, KEY), CARDS.card(CLINIC, Shape(curve=SECP256R1()))],
    ids=["no signature", "another key", "another curve"],
)
def test_a_card_that_does_not_sign_as_itself_has_failed(card: Any) -> None:
    with pytest.raises(CardFailed):
        jws.sign(card, {"typ": "JWT"}, b"{}")


def test_no_token_shows_in_the_text_of_what_was_read() -> None:
    assert TOKEN not in repr(jws.read(TOKEN, KIND))
    assert Reason.SIGNATURE in str(ChallengeRefused(6, Reason.SIGNATURE))
