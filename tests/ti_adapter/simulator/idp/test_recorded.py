"""A login that another client made: gematik's own Go library against the simulated IDP, recorded once.

Its JOSE is not ours: own ECDH-ES, own ECDSA, own JSON. What it sent has to be read here for ever.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    BrainpoolP256R1,
    EllipticCurvePublicKey,
    derive_private_key,
)

from ti_adapter import compact
from ti_adapter.idp import jwe, request
from ti_adapter.idp.errors import EnvelopeRefused
from ti_adapter.pki import TrustList
from ti_adapter.simulator.idp import card_answer
from ti_adapter.simulator.idp.refusal import Code, Refusal

VECTOR: dict[str, str] = json.loads((Path(__file__).parents[3] / "vectors/idp-login.json").read_text())
KEY = derive_private_key(int(VECTOR["encryption_key"], 16), BrainpoolP256R1())
SIGNING = EllipticCurvePublicKey.from_encoded_point(BrainpoolP256R1(), bytes.fromhex(VECTOR["signing_key"]))
TRUST = TrustList((x509.load_der_x509_certificate(base64.b64decode(VECTOR["authority"])),))
AT = datetime.fromisoformat(VECTOR["at"])


def answered(sealed: str, now: datetime = AT) -> card_answer.Answered:
    return card_answer.read(sealed, KEY, SIGNING, TRUST, now)


def test_its_answer_to_the_challenge_is_read_as_its_institutions() -> None:
    read = answered(VECTOR["signed_challenge"])
    assert read.who.admission.telematik_id == VECTOR["telematik_id"]
    assert (read.challenge["nonce"], read.challenge["state"]) == (VECTOR["nonce"], VECTOR["state"])


def test_its_verifier_is_opened_and_fits_its_challenge() -> None:
    said = compact.json_object(jwe.decrypt(VECTOR["key_verifier"], KEY, AT))
    assert said["code_verifier"] == VECTOR["code_verifier"]
    assert len(compact.content_of(str(said["token_key"]))) == 32
    challenge = answered(VECTOR["signed_challenge"]).challenge
    assert challenge["code_challenge"] == request.code_challenge(VECTOR["code_verifier"])


def test_its_answer_is_too_late_three_minutes_after() -> None:
    with pytest.raises(Refusal) as refused:
        answered(VECTOR["signed_challenge"], AT + timedelta(seconds=181))
    assert refused.value.code is Code.CHALLENGE_EXPIRED


def test_another_content_under_its_seal_is_refused() -> None:
    head = VECTOR["key_verifier"].rpartition(".")[0]
    with pytest.raises(EnvelopeRefused, match="step 7: decryption"):
        jwe.decrypt(f"{head}.{compact.segment(bytes(16))}", KEY, AT)
