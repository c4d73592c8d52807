"""What a PoPP token says: form, header and claims (I_PoPP_Token_Generation, TokenHeaders and TokenClaims)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ti_adapter import compact
from ti_adapter.popp.reason import PoppRefused, Reason

TYPE: Final = "vnd.telematik.popp+jwt"
ALGORITHM: Final = "ES256"
TOKEN_MAX_BYTES: Final = 16 * 1024

VERSIONS: Final[tuple[str | int, ...]] = ("1.0.0", 1)
"""Of the token; a number in an older schema."""

_EHC = ("trustedchannel", "cvc-authenticated", "user-x509", "owner-x509")
METHODS: Final = frozenset(
    {
        "healthid",
        *(f"ehc-practitioner-{way}" for way in _EHC),
        *(f"ehc-provider-{way}" for way in _EHC),
        *(f"practitioner-ehc-{way}" for way in ("contact-standard", "contact-connector")),
        *(f"practitioner-ehc-{way}" for way in ("contactless-standard", "contactless-connector")),
        "practitioner-healthid-otp",
        "provider-ehc-contactless",
    }
)
"""How the presence was proven: those of the schema of March 2026, and those of an older one."""

_HEADER = frozenset({"typ", "alg", "kid", "x5c"})
_TEXTS = frozenset({"iss", "proofMethod", "patientId", "insurerId", "actorId", "actorProfessionOid"})
_PROOF_TIMES = ("patientProofTime", "patientPoofTime")
"""The second stands in an older schema."""
_KNOWN = _TEXTS | {"version", "iat", *_PROOF_TIMES}
_FORMS = {
    "patientId": re.compile(r"[A-Z][0-9]{9}"),
    "insurerId": re.compile(r"[0-9]{9}"),
    "actorId": re.compile(r"[1-9][0-9]?-[\x21-\x7E]{1,125}"),
    "actorProfessionOid": re.compile(r"[0-2](\.(0|[1-9][0-9]*))+"),
}


@dataclass(frozen=True, slots=True)
class PoppClaims:
    """Who has met whom, as somebody says. Times are seconds since 1970.

    `patient_id` is a KVNR, `insurer_id` an IK, `actor_id` a Telematik-ID. `unknown` are names of claims that no schema
    has, which is no reason to refuse: whoever calls can report them.
    """

    issuer: str
    issued: int
    method: str
    proven: int
    patient_id: str = field(repr=False)
    insurer_id: str = field(repr=False)
    actor_id: str
    profession_oid: str
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceivedPopp:
    """A token of the right form whose signature has **not** been looked at."""

    token: str = field(repr=False)
    header: Mapping[str, object] = field(repr=False)
    claims: PoppClaims


def read(token: str) -> ReceivedPopp:
    """Raises `PoppRefused`.

    1. Size. 2. Three segments of strict base64url, two of them JSON objects with no key twice. 3. The header has the
    right `typ`, a `kid`, and nothing that it does not have. 4. `alg` is ES256. 5. The claims are complete and each has
    its form. 6. The version and the method of the proof are known.
    """
    if len(token) > TOKEN_MAX_BYTES:
        raise PoppRefused(1, Reason.SIZE)
    header, said = _parts(token)
    if header.get("typ") != TYPE:
        raise PoppRefused(3, Reason.TYPE)
    if not header.keys() <= _HEADER or not _is_name(header.get("kid")):
        raise PoppRefused(3, Reason.HEADER)
    if header.get("alg") != ALGORITHM:
        raise PoppRefused(4, Reason.ALGORITHM)
    claims = _claims(said)
    if not any(type(said["version"]) is type(one) and said["version"] == one for one in VERSIONS):
        raise PoppRefused(6, Reason.VERSION)
    if claims.method not in METHODS:
        raise PoppRefused(6, Reason.METHOD)
    return ReceivedPopp(token, header, claims)


def _parts(token: str) -> tuple[dict[str, object], dict[str, object]]:
    segments = token.split(".", 3)
    try:
        header, claims, _ = (compact.content_of(segment) for segment in segments)
        return compact.json_object(header), compact.json_object(claims)
    except ValueError:
        raise PoppRefused(2, Reason.FORM) from None


def _claims(said: Mapping[str, object]) -> PoppClaims:
    times = [said[name] for name in ("iat", *_PROOF_TIMES) if name in said]
    texts = {name: said.get(name) for name in _TEXTS}
    if "version" not in said or len(times) != 2 or not all(type(one) is int for one in times):
        raise PoppRefused(5, Reason.CLAIMS)
    if not all(_is_name(one) for one in texts.values()):
        raise PoppRefused(5, Reason.CLAIMS)
    if not all(form.fullmatch(str(texts[name])) for name, form in _FORMS.items()):
        raise PoppRefused(5, Reason.CLAIMS)
    issued, proven = (int(str(one)) for one in times)
    return PoppClaims(
        issuer=str(texts["iss"]),
        issued=issued,
        method=str(texts["proofMethod"]),
        proven=proven,
        patient_id=str(texts["patientId"]),
        insurer_id=str(texts["insurerId"]),
        actor_id=str(texts["actorId"]),
        profession_oid=str(texts["actorProfessionOid"]),
        unknown=tuple(sorted(said.keys() - _KNOWN)),
    )


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value)
