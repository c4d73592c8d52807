"""A signed token before it is signed, and a sealed one before it is sealed: right, or wrong in any way a test wants."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

from ti_adapter import compact
from ti_adapter.compact import as_json


@dataclass(frozen=True, slots=True)
class Draft:
    """Header and claims, and the key that will sign whatever `alg` says; `strangers` is one nobody vouches for."""

    header: Mapping[str, object]
    claims: Mapping[str, object]
    key: EllipticCurvePrivateKey = field(repr=False)
    strangers: EllipticCurvePrivateKey = field(repr=False)

    def heading(self, **changes: object) -> Draft:
        """With other header parameters; None leaves one out."""
        return replace(self, header=_changed(self.header, changes))

    def claiming(self, **changes: object) -> Draft:
        """With other claims; None leaves one out."""
        return replace(self, claims=_changed(self.claims, changes))

    def lasting(self, begin: int, end: int) -> Draft:
        """Valid from and until so many seconds after the moment of issue."""
        issued = self.claims["iat"]
        assert isinstance(issued, int)
        return self.claiming(iat=issued + begin, exp=issued + end)

    def signed_by(self, key: EllipticCurvePrivateKey) -> Draft:
        """With another key."""
        return replace(self, key=key)

    def sign(self, payload: bytes | None = None) -> str:
        """The token; over another payload than the claims, where one is given."""
        content = as_json(self.claims) if payload is None else payload
        text = f"{compact.segment(as_json(self.header))}.{compact.segment(content)}"
        signature = compact.raw_signature(self.key.sign(text.encode(), ECDSA(SHA256())))
        return f"{text}.{compact.segment(signature)}"


@dataclass(frozen=True, slots=True)
class Seal:
    """A sealed token: `dir` and A256GCM with the key that the client has sent."""

    header: Mapping[str, object]
    content: bytes = field(repr=False)
    key: bytes = field(repr=False)

    def heading(self, **changes: object) -> Seal:
        """With other header parameters; None leaves one out."""
        return replace(self, header=_changed(self.header, changes))

    def over(self, content: bytes) -> Seal:
        """With another content."""
        return replace(self, content=content)

    def under(self, key: bytes) -> Seal:
        """With another key."""
        return replace(self, key=key)

    def close(self, *, encrypted_key: bytes = b"", tag_bytes: int = 16) -> str:
        """The token, under a new IV."""
        iv = secrets.token_bytes(12)
        protected = compact.segment(as_json(self.header))
        sealed = AESGCM(self.key).encrypt(iv, self.content, protected.encode())
        parts = encrypted_key, iv, sealed[:-16], sealed[-16:][:tag_bytes]
        return ".".join((protected, *map(compact.segment, parts)))


Forge = Callable[[Draft], str]
Break = Callable[[Seal], str]


def in_json(token: str) -> str:
    """A signed token in JSON serialisation, where it has two signatures."""
    protected, payload, signature = token.split(".")
    one = {"protected": protected, "signature": signature}
    return json.dumps({"payload": payload, "signatures": [one, one]})


def _changed(before: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in {**before, **changes}.items() if value is not None}
