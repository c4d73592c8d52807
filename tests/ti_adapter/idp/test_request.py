from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ti_adapter.idp import redirect, request
from ti_adapter.idp.errors import IdpRefused, RedirectRefused, RequestRefused
from ti_adapter.idp.reason import Reason

ENDPOINT = "https://idp.example/sign_response"
PARAMETERS = {
    "client_id": "ePA",
    "redirect_uri": "https://record.example/idp",
    "response_type": "code",
    "state": "state",
    "nonce": "nonce",
    "scope": "openid epa",
    "code_challenge": "c" * 43,
    "code_challenge_method": "S256",
}
UUID = "c0e2a77c-dfae-4b93-9baf-f170683962cb"


def uri(**changes: str) -> str:
    return f"{ENDPOINT}?{urlencode({**PARAMETERS, **changes})}"


def refusal(address: str) -> tuple[int, str]:
    with pytest.raises(RequestRefused) as refused:
        request.read(address, ENDPOINT)
    return refused.value.step, refused.value.reason


def test_the_request_of_a_record_system_is_read_and_kept_as_it_is() -> None:
    asked = request.read(uri(), ENDPOINT)
    assert (asked.uri, asked.client_id, asked.scope) == (uri(), "ePA", "openid epa")
    assert (asked.state, asked.nonce, asked.code_challenge) == ("state", "nonce", "c" * 43)


def test_the_spelling_of_the_example_in_gematiks_openapi_is_understood() -> None:
    assert request.read(uri().replace("client_id=", "clientid="), ENDPOINT).client_id == "ePA"


@pytest.mark.parametrize(
    ("address", "step", "reason"),
    [
        pytest.param(uri(state="s" * 9000), 1, Reason.SIZE, id="too long"),
        pytest.param(uri().replace("idp.example", "idp.example.org"), 2, Reason.ENDPOINT, id="another host"),
        pytest.param(uri().replace("https", "http", 1), 2, Reason.ENDPOINT, id="without TLS"),
        pytest.param(uri().replace("//", "//x@", 1), 2, Reason.ENDPOINT, id="a user"),
        pytest.param(uri() + "#here", 2, Reason.ENDPOINT, id="a fragment"),
        pytest.param(ENDPOINT, 3, Reason.PARAMETERS, id="nothing"),
        pytest.param(uri() + "&state=other", 3, Reason.PARAMETERS, id="a state twice"),
        pytest.param(uri() + "&clientid=other", 3, Reason.PARAMETERS, id="a client in two spellings"),
        pytest.param(uri(nonce=""), 3, Reason.PARAMETERS, id="an empty nonce"),
        pytest.param(uri() + "&%ff=%ff", 3, Reason.PARAMETERS, id="no text"),
        pytest.param(uri(response_type="token"), 4, Reason.RESPONSE_TYPE, id="another response type"),
        pytest.param(uri(code_challenge_method="plain"), 5, Reason.CODE_CHALLENGE, id="plain PKCE"),
        pytest.param(uri(code_challenge="c"), 5, Reason.CODE_CHALLENGE, id="a short challenge"),
        pytest.param(uri(scope="openidx epa"), 6, Reason.SCOPE, id="no openid"),
    ],
)
def test_i06_a_request_that_is_not_to_be_followed_is_refused_at_its_step(
    address: str, step: int, reason: Reason
) -> None:
    assert refusal(address) == (step, reason)


@given(st.text())
def test_whatever_comes_is_refused_as_a_request_and_nothing_else(text: str) -> None:
    with pytest.raises(RequestRefused):
        request.read(f"{ENDPOINT}?{text}", ENDPOINT)


@given(st.text())
def test_whatever_leads_back_is_refused_as_a_redirect_and_nothing_else(text: str) -> None:
    with pytest.raises((RedirectRefused, IdpRefused)):
        redirect.read(text, request.read(uri(), ENDPOINT))


def test_a_redirect_address_with_a_query_of_its_own_is_recognised() -> None:
    asked = request.read(uri(redirect_uri="https://record.example/?to=idp"), ENDPOINT)
    assert redirect.read("https://record.example/?to=idp&code=c&state=state", asked).code == "c"
    with pytest.raises(RedirectRefused, match="step 4: redirect"):
        redirect.read("https://record.example/?code=c&state=state", asked)


def test_an_error_that_comes_by_redirect_has_its_code_and_number_and_nothing_of_its_text() -> None:
    said = {
        "error": "invalid_request",
        "gematik_code": "2007",
        "gematik_uuid": UUID,
        "gematik_error_text": "very-secret",
    }
    with pytest.raises(IdpRefused) as refused:
        redirect.read(f"{PARAMETERS['redirect_uri']}?{urlencode(said)}", request.read(uri(), ENDPOINT))
    assert (refused.value.code, refused.value.uuid, str(refused.value)) == ("2007", UUID, "IDP: 2007 (software)")
    assert "very-secret" not in repr(refused.value)


@pytest.mark.parametrize("query", ["code", "code=%ff", "code=c&code=d", "&".join(f"p{n}=x" for n in range(60))])
def test_a_redirect_that_cannot_be_read_is_none(query: str) -> None:
    with pytest.raises(RedirectRefused, match="step 2: parameters"):
        redirect.read(f"{PARAMETERS['redirect_uri']}?{query}", request.read(uri(), ENDPOINT))


def test_a_code_or_number_that_is_none_is_not_kept() -> None:
    made = redirect.refusal({"gematik_code": "<b>", "gematik_uuid": "very-secret"})
    assert (made.code, made.uuid, str(made)) == ("", "", "IDP: no code (idp)")


def test_the_code_does_not_show_in_the_text_of_what_was_read() -> None:
    location = f"{PARAMETERS['redirect_uri']}?code=very-secret&state=state"
    assert "very-secret" not in repr(redirect.read(location, request.read(uri(), ENDPOINT)))
    assert dict(parse_qsl(location.partition("?")[2]))["code"] == "very-secret"
