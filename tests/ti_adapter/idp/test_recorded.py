"""A login at gematik's idp-server, recorded once (`tests/interoperability/with_idp_server.py`): believed for ever.

Its JOSE and its certificates are not ours. The moment is that of the record.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from ti_adapter.idp import LoggedIn, challenge, discovery, exchange, keys, redirect, request
from ti_adapter.idp.errors import ChallengeRefused, DiscoveryRefused, EnvelopeRefused, IdTokenRefused
from ti_adapter.idp.tokens import Expected
from ti_adapter.pki import TrustList
from ti_adapter.pki.extensions import read_admission

VECTOR: dict[str, str] = json.loads((Path(__file__).parents[2] / "vectors/idp-server-login.json").read_text())
AT = datetime.fromisoformat(VECTOR["at"])
CLIENT, AUDIENCE, SCOPE = "ePA", "https://epa.audience.de", "openid epa"


def certificate(name: str) -> x509.Certificate:
    return x509.load_der_x509_certificate(base64.b64decode(VECTOR[name]))


PROVE = keys.vouched_for(TrustList((certificate("authority"),)))
KEY = keys.read_signing_key(VECTOR["signing_key"].encode(), PROVE, AT)
ASKED = request.read(VECTOR["request"], f"{VECTOR['issuer']}/sign_response")


def document(now: datetime = AT) -> discovery.DiscoveryDocument:
    return discovery.verify(VECTOR["discovery"], issuer=VECTOR["issuer"], prove=PROVE, now=now)


def challenged(now: datetime = AT) -> challenge.Challenge:
    token = challenge.read_answer(VECTOR["challenge"].encode())
    return challenge.verify(token, issuer=VECTOR["issuer"], key=KEY, request=ASKED, now=now)


def logged_in(now: datetime = AT, *, nonce: str = ASKED.nonce) -> LoggedIn:
    institution = read_admission(certificate("card").extensions)
    expected = Expected(VECTOR["issuer"], CLIENT, AUDIENCE, SCOPE, nonce, institution)
    answer = exchange.read_answer(VECTOR["tokens"].encode())
    return exchange.accept(answer, bytes.fromhex(VECTOR["token_key"]), key=KEY, expected=expected, now=now)


def test_its_document_and_its_keys_are_believed() -> None:
    assert document().authorization_endpoint == f"{VECTOR['issuer']}/sign_response"
    assert keys.read_encryption_key(VECTOR["encryption_key"].encode(), PROVE, AT).kid == "puk_idp_enc"
    assert KEY.kid == "puk_idp_sig"


def test_its_challenge_repeats_the_request_and_its_redirect_brings_a_code() -> None:
    assert challenged().unknown == ()
    assert redirect.read(VECTOR["redirect"], ASKED).unknown == ()


def test_its_tokens_say_who_has_logged_in() -> None:
    done = logged_in()
    assert (done.id_token.telematik_id, done.id_token.profession_oid) == ("5-2.9001", "1.2.276.0.76.4.53")
    assert (done.access_token.audience, done.access_token.scope) == (AUDIENCE, SCOPE)


def test_all_of_it_comes_to_an_end() -> None:
    with pytest.raises(DiscoveryRefused, match="step 12: expired"):
        document(AT + timedelta(hours=24, minutes=1))
    with pytest.raises(ChallengeRefused, match="step 12: expired"):
        challenged(AT + timedelta(minutes=4))
    with pytest.raises(EnvelopeRefused):
        logged_in(AT + timedelta(minutes=6))


def test_its_id_token_is_for_one_request() -> None:
    with pytest.raises(IdTokenRefused, match="step 15: nonce"):
        logged_in(nonce="another")
