"""The simulated IDP itself, without HTTP: what it publishes, asks, believes and issues.

Challenges live three minutes and codes one, each good for one use; tokens live five minutes.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ti_adapter import compact
from ti_adapter.idp import jwe, jws
from ti_adapter.idp.discovery import ACR
from ti_adapter.idp.errors import EnvelopeRefused
from ti_adapter.idp.request import Registration, code_challenge
from ti_adapter.idp.tokens import at_hash
from ti_adapter.pki import ProvenCertificate, TrustList
from ti_adapter.simulator.idp import asked, card_answer
from ti_adapter.simulator.idp.draft import Draft, Seal
from ti_adapter.simulator.idp.identity import DISCOVERY_KID, SIGNING_KID, IdpIdentity, shown
from ti_adapter.simulator.idp.refusal import Code, Refusal
from ti_adapter.simulator.idp.switch import Switch
from ti_adapter.simulator.revocation import IsRevoked, never_revoked

CHALLENGE_SECONDS, CODE_SECONDS, TOKEN_SECONDS, DISCOVERY_SECONDS = 180, 60, 300, 86_400


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code stands for."""

    client: Registration
    request: Mapping[str, object] = field(repr=False)
    who: ProvenCertificate
    expires: float


class IdpService:
    """Its challenges that were answered, and its codes that wait to be exchanged, lie in memory."""

    def __init__(
        self,
        identity: IdpIdentity,
        trust: TrustList,
        clients: Sequence[Registration],
        switch: Switch,
        clock: Callable[[], datetime],
        *,
        is_revoked: IsRevoked = never_revoked,
    ) -> None:
        self.identity = identity
        self.clients = tuple(clients)
        self.switch = switch
        self.clock = clock
        self._trust = trust
        self._is_revoked = is_revoked
        self._salt = secrets.token_hex(16)
        self._answered: set[str] = set()
        self._grants: dict[str, Grant] = {}

    def discovery(self, url: str) -> str:
        """The signed document of an IDP at this address, which is its issuer as well."""
        identity = self.identity
        header = {"alg": jws.ALGORITHM, "typ": "JWT", "kid": DISCOVERY_KID}
        header_with = {**header, "x5c": [shown(identity.discovery.certificate)]}
        claims = {**_members(url), **self._times(DISCOVERY_SECONDS)}
        return self.switch.sign("discovery", Draft(header_with, claims, identity.discovery.key, identity.strangers))

    def challenge(self, said: Mapping[str, str], issuer: str) -> str:
        """A challenge for an authorization request; raises `Refusal`."""
        client = asked.client_of(said, self.clients)
        asked.check_authorization(said, client)
        names = ("client_id", "redirect_uri", "response_type", "scope", "state", "nonce")
        claims = {
            "iss": issuer,
            "token_type": "challenge",
            "snc": secrets.token_urlsafe(32),
            "jti": secrets.token_hex(8),
            **{name: said[name] for name in (*names, "code_challenge", "code_challenge_method")},
            **self._times(CHALLENGE_SECONDS),
        }
        return self._sign("challenge", "JWT", claims)

    def redirect(self, signed_challenge: str) -> str:
        """Where an answered challenge leads, with a code; raises `Refusal`."""
        answered = card_answer.read(
            signed_challenge,
            self.identity.encryption,
            self.identity.signing.key.public_key(),
            self._trust,
            self.clock(),
        )
        if self._is_revoked(answered.who.certificate):
            raise Refusal(Code.CERTIFICATE)
        claims = answered.challenge
        if str(claims["jti"]) in self._answered:
            raise Refusal(Code.CHALLENGE)
        self._answered.add(str(claims["jti"]))
        names = ("client_id", "redirect_uri")
        client = asked.client_of({name: str(claims[name]) for name in names}, self.clients)
        code = secrets.token_urlsafe(48)
        expires = self.clock().timestamp() + CODE_SECONDS
        self._grants[code] = Grant(client, claims, answered.who, expires)
        return self.switch.redirect(client.redirect_uri, {"code": code, "state": str(claims["state"])})

    def exchange(self, said: Mapping[str, str], issuer: str) -> bytes:
        """Tokens for a code; raises `Refusal`."""
        asked.check_exchange(said, self.clients)
        grant = self._grants.pop(said["code"], None)
        if grant is None:
            raise Refusal(Code.CODE)
        if self.clock().timestamp() >= grant.expires:
            raise Refusal(Code.CODE_EXPIRED)
        if grant.client.client_id != said["client_id"]:
            raise Refusal(Code.TOKEN_CLIENT)
        if grant.client.redirect_uri != said.get("redirect_uri"):
            raise Refusal(Code.REDIRECT)
        return self._issue(grant, self._token_key(grant, said["key_verifier"]), issuer)

    def _token_key(self, grant: Grant, key_verifier: str) -> bytes:
        try:
            said = compact.json_object(jwe.decrypt(key_verifier, self.identity.encryption, self.clock()))
            token_key, verifier = compact.content_of(str(said["token_key"])), str(said["code_verifier"])
        except (EnvelopeRefused, ValueError, LookupError) as wrong:
            raise Refusal(Code.KEY_VERIFIER) from wrong
        if len(token_key) != jwe.TOKEN_KEY_BYTES:
            raise Refusal(Code.KEY_VERIFIER)
        if code_challenge(verifier) != grant.request["code_challenge"]:
            raise Refusal(Code.CODE_VERIFIER)
        return token_key

    def _issue(self, grant: Grant, token_key: bytes, issuer: str) -> bytes:
        both = self._claims(grant, issuer)
        client_id, scope = grant.client.client_id, grant.client.scope
        access_claims = {**both, "aud": grant.client.audience, "client_id": client_id, "scope": scope}
        access = self._sign("access-token", "at+JWT", access_claims)
        own = {"aud": client_id, "nonce": grant.request["nonce"], "at_hash": at_hash(access)}
        identity = self._sign("id-token", "JWT", {**both, **own})
        return self.switch.answer(
            {
                "access_token": self._seal("sealed-access", access, token_key),
                "id_token": self._seal("sealed-id", identity, token_key),
                "token_type": "Bearer",
                "expires_in": TOKEN_SECONDS,
            }
        )

    def _claims(self, grant: Grant, issuer: str) -> dict[str, object]:
        """What both tokens say."""
        who = grant.who.admission
        pairwise = f"{grant.client.client_id}{who.telematik_id}{self._salt}".encode()
        return {
            "iss": issuer,
            "sub": compact.segment(hashlib.sha256(pairwise).digest()),
            "azp": grant.client.client_id,
            "acr": ACR,
            "amr": ["mfa", "sc", "pin"],
            "auth_time": int(self.clock().timestamp()),
            "idNummer": who.telematik_id,
            "professionOID": who.profession_oids[0],
            "organizationName": grant.who.name,
            "given_name": None,
            "family_name": None,
            "jti": secrets.token_hex(8),
            **self._times(TOKEN_SECONDS),
        }

    def _sign(self, place: str, typ: str, claims: Mapping[str, object]) -> str:
        header = {"alg": jws.ALGORITHM, "typ": typ, "kid": SIGNING_KID, "exp": claims["exp"]}
        return self.switch.sign(place, Draft(header, claims, self.identity.signing.key, self.identity.strangers))

    def _seal(self, place: str, token: str, token_key: bytes) -> str:
        expires = int(self.clock().timestamp()) + TOKEN_SECONDS
        header = {"alg": "dir", "enc": jwe.ENCRYPTION, "cty": "NJWT", "exp": expires}
        return self.switch.seal(place, Seal(header, jwe.nest(token), token_key))

    def _times(self, seconds: int) -> dict[str, object]:
        issued = int(self.clock().timestamp())
        return {"iat": issued, "exp": issued + seconds}


def _members(url: str) -> dict[str, object]:
    return {
        "issuer": url,
        "authorization_endpoint": f"{url}/sign_response",
        "sso_endpoint": f"{url}/sso_response",
        "token_endpoint": f"{url}/token",
        "jwks_uri": f"{url}/jwks",
        "uri_disc": f"{url}/.well-known/openid-configuration",
        "uri_puk_idp_enc": f"{url}/idpEnc/jwk.json",
        "uri_puk_idp_sig": f"{url}/idpSig/jwk.json",
        "code_challenge_methods_supported": ["S256"],
        "response_types_supported": ["code"],
        "acr_values_supported": [ACR],
        "id_token_signing_alg_values_supported": [jws.ALGORITHM],
        "subject_types_supported": ["pairwise"],
        "token_endpoint_auth_methods_supported": ["none"],
    }
