"""The rim: talks to an IDP over HTTP, and believes nothing that the other modules have not proven.

One login is one signature of the card. Answers have limits, redirects are never followed, and an error that is not the
IDP's (a proxy's page) counts as no answer. The clock is a port, since a card may take its time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx

from ti_adapter import bounded, compact
from ti_adapter.card import Card
from ti_adapter.errors import CardFailed
from ti_adapter.idp import challenge, discovery, exchange, keys, redirect, request
from ti_adapter.idp.discovery import DiscoveryDocument
from ti_adapter.idp.errors import IdpRefused, IdpSilent
from ti_adapter.idp.exchange import LoggedIn
from ti_adapter.idp.keys import EncryptionKey, Prove, SigningKey
from ti_adapter.idp.redirect import AuthorizationCode
from ti_adapter.idp.request import AuthorizationRequest, Registration
from ti_adapter.idp.tokens import USUAL, Expected, TokenRules
from ti_adapter.pki import Admission
from ti_adapter.pki.extensions import read_admission

_ANSWER_MAX_BYTES = 256 * 1024
"""Where reading ends; what each answer may have is a rule of its own, and less."""
_ANSWER_TIME_MAX = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Idp:
    """A proven IDP: keep it until `document.expires`, and ask anew when a key is no longer the right one."""

    document: DiscoveryDocument
    signing_key: SigningKey
    encryption_key: EncryptionKey


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    location: str
    content: bytes


class IdpClient:
    """An IDP at an address, as seen by a primary system.

    `http` brings TLS, proxy and time-outs. `user_agent` is asked for by the IDP, which refuses a call without it.
    `issuer` is what its document has to say, and may differ from the address: the IDP has one in the internet and one
    in the TI. Every method raises `IdpSilent` where the IDP does not answer, and `IdpRefused` where it says no.
    """

    def __init__(
        self,
        http: httpx.Client,
        url: str,
        *,
        issuer: str,
        user_agent: str,
        prove: Prove,
        clock: Callable[[], datetime],
    ) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._issuer = issuer
        self._headers = {"user-agent": user_agent, "accept-encoding": "identity"}
        self._prove = prove
        self._clock = clock

    def discover(self) -> Idp:
        """Fetch and prove the document and both keys.

        Raises `DiscoveryRefused`, `KeyRefused` and `CertificateRefused`.
        """
        token = self._get(self._url + discovery.WELL_KNOWN)
        document = discovery.verify(
            token.decode("ascii", "replace"), issuer=self._issuer, prove=self._prove, now=self._clock()
        )
        signing = self._get(document.uri_puk_idp_sig)
        encryption = self._get(document.uri_puk_idp_enc)
        return Idp(
            document,
            keys.read_signing_key(signing, self._prove, self._clock()),
            keys.read_encryption_key(encryption, self._prove, self._clock()),
        )

    def authorize(self, uri: str, card: Card, idp: Idp) -> AuthorizationCode:
        """The code for a record system that keeps the verifier and has sent us to `uri`.

        Raises `RequestRefused`, `ChallengeRefused`, `RedirectRefused` and `CardFailed`.
        """
        return self._authorize(request.read(uri, idp.document.authorization_endpoint), card, idp)

    def log_in(self, registration: Registration, card: Card, idp: Idp, *, rules: TokenRules = USUAL) -> LoggedIn:
        """Log an institution in at a client of ours, with a verifier of our own.

        Raises what `authorize` raises, `AnswerRefused`, `EnvelopeRefused`, `IdTokenRefused`, `AccessTokenRefused`, and
        `CertificateRefused` where the card's certificate names no institution.
        """
        own = request.begin(registration, idp.document.authorization_endpoint)
        expected = Expected(
            idp.document.issuer,
            registration.client_id,
            registration.audience,
            registration.scope,
            own.request.nonce,
            _institution(card),
            rules,
        )
        code = self._authorize(own.request, card, idp)
        token_key = exchange.make_token_key(own.code_verifier, idp.encryption_key)
        form = {
            "grant_type": "authorization_code",
            "client_id": registration.client_id,
            "code": code.code,
            "redirect_uri": registration.redirect_uri,
            "key_verifier": token_key.key_verifier,
        }
        answer = self._call("POST", idp.document.token_endpoint, form)
        if answer.status != 200:
            raise IdpSilent(f"HTTP {answer.status}")
        tokens = exchange.read_answer(answer.content)
        return exchange.accept(tokens, token_key.key, key=idp.signing_key, expected=expected, now=self._clock())

    def _authorize(self, asked: AuthorizationRequest, card: Card, idp: Idp) -> AuthorizationCode:
        token = challenge.read_answer(self._get(asked.uri, asked))
        proven = challenge.verify(
            token, issuer=idp.document.issuer, key=idp.signing_key, request=asked, now=self._clock()
        )
        form = {"signed_challenge": challenge.answer(proven, card, idp.encryption_key)}
        answer = self._call("POST", idp.document.authorization_endpoint, form)
        if answer.status != 302:
            raise IdpSilent(f"HTTP {answer.status}")
        return redirect.read(answer.location, asked)

    def _get(self, url: str, asked: AuthorizationRequest | None = None) -> bytes:
        """A page of the IDP, which answers an authorization request that it refuses with a redirect."""
        answer = self._call("GET", url)
        if answer.status == 302 and asked:
            redirect.read(answer.location, asked)
        if answer.status != 200:
            raise IdpSilent(f"HTTP {answer.status}")
        return answer.content

    def _call(self, method: str, url: str, form: Mapping[str, str] | None = None) -> _Answer:
        try:
            with self._http.stream(method, url, data=form, headers=self._headers, follow_redirects=False) as response:
                content = self._limited(response)
        except (httpx.HTTPError, httpx.InvalidURL) as wrong:
            raise IdpSilent(type(wrong).__name__) from wrong
        if response.status_code >= 400:
            raise _refusal(response.status_code, content)
        return _Answer(response.status_code, response.headers.get("location", ""), content)

    def _limited(self, response: httpx.Response) -> bytes:
        """Its bytes as they come: what was compressed unasked would have to be unpacked before it could be measured.

        The time-outs of `http` hold for each piece, so that an answer in drops needs an end of its own.
        """
        end, late = self._clock() + _ANSWER_TIME_MAX, IdpSilent("the answer takes too long")
        chunks = bounded.in_time(response.iter_raw(), lambda: self._clock() > end, late)
        return bounded.whole(chunks, _ANSWER_MAX_BYTES, IdpSilent("the answer is too large"))


def _institution(card: Card) -> Admission:
    """Who the card says it is; the parser raises half a dozen unrelated classes."""
    try:
        extensions = card.certificate.extensions
    except CardFailed:
        raise
    except Exception as wrong:
        raise CardFailed("the card's certificate cannot be read") from wrong
    return read_admission(extensions)


def _refusal(status: int, content: bytes) -> IdpRefused | IdpSilent:
    try:
        said = compact.json_object(content)
    except ValueError:
        return IdpSilent(f"HTTP {status}")
    refused = redirect.refusal(said)
    return refused if refused.code and status < 500 else IdpSilent(f"HTTP {status} {refused.code}".strip())
