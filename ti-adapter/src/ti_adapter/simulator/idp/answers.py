"""What else the simulated IDP can get wrong: its signing key, its redirects, the answers of its token endpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from ti_adapter import compact
from ti_adapter.compact import as_json
from ti_adapter.simulator.idp.identity import IdpIdentity, jwk, shown

_ZERO = compact.segment(bytes(32))


def _other_curve(_: IdpIdentity) -> bytes:
    key = generate_private_key(SECP256R1()).public_key()
    return as_json({**jwk(key, "puk_idp_sig", "sig"), "crv": "P-256"})


def _changed(**changes: object) -> Callable[[IdpIdentity], bytes]:
    def change(identity: IdpIdentity) -> bytes:
        members = {**identity.signing_jwk(), **changes}
        return as_json({name: value for name, value in members.items() if value is not None})

    return change


def _other_certificate(identity: IdpIdentity) -> bytes:
    return as_json({**identity.signing_jwk(), "x5c": [shown(identity.discovery.certificate)]})


KEY: Mapping[str, Callable[[IdpIdentity], bytes]] = {
    "oversize": _changed(padding="x" * 16_384),
    "no-json": lambda _: b"key",
    "other-curve": _other_curve,
    "off-curve": _changed(x=_ZERO, y=_ZERO),
    "private": _changed(d=_ZERO),
    "other-use": _changed(use="enc"),
    "no-kid": _changed(kid=None),
    "bare": _changed(x5c=None),
    "other-certificate": _other_certificate,
}
"""The key at `uri_puk_idp_sig`."""

REDIRECT: Mapping[str, Callable[[str, Mapping[str, str]], str]] = {
    "oversize": lambda to, said: f"{to}?{urlencode({**said, 'ssotoken': 'x' * 32_768})}",
    "nothing": lambda to, _: to,
    "state-twice": lambda to, said: f"{to}?{urlencode({**said})}&state=other",
    "elsewhere": lambda _, said: f"https://other.example/?{urlencode({**said})}",
    "other-state": lambda to, said: f"{to}?{urlencode({**said, 'state': 'other'})}",
    "no-code": lambda to, said: f"{to}?{urlencode({'state': said['state']})}",
    "with-more": lambda to, said: f"{to}?{urlencode({**said, 'ssotoken': 'x', 'more': 'x'})}",
}
"""The redirect that brings the code."""

ANSWER: Mapping[str, Callable[[Mapping[str, object]], bytes]] = {
    "oversize": lambda said: as_json({**said, "padding": "x" * 66_500}),
    "no-json": lambda _: b"tokens",
    "member-twice": lambda said: b'{"id_token":"x",' + as_json({**said})[1:],
    "other-type": lambda said: as_json({**said, "token_type": "DPoP"}),
    "no-id-token": lambda said: as_json({**said, "id_token": None}),
    "swapped": lambda said: as_json({**said, "id_token": said["access_token"], "access_token": said["id_token"]}),
    "with-more": lambda said: as_json({**said, "more": "x"}),
}
"""The answer of the token endpoint."""
