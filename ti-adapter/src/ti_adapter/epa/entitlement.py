"""I_Entitlement_Management: who has met the patient is entitled for some days.

The proof is what the VSDM service gave for the insurance card (`konnektor.vsd`), signed by the institution's own card
(setEntitlementPs), or a token of the PoPP service as it came (setEntitlementPsV2). A refusal is an `EpaRefused`, whose
`advice` says what helps: another reading of the card, waiting, or nothing, as where the patient has blocked the caller.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from ti_adapter import popp
from ti_adapter.card import Card
from ti_adapter.epa import card_token
from ti_adapter.epa.errors import EpaMalformed
from ti_adapter.epa.rest import Rest
from ti_adapter.epa.values import Kvnr
from ti_adapter.popp import PoppRefused, Reason

ENTITLEMENTS: Final = "/epa/basic/api/v1/ps/entitlements"

_HCV_BYTES = 5
_TOP_BIT_CLEARED = 0x7F


class HcvEncoding(StrEnum):
    """How the claim `hcv` is written. Uncertain: the example in the OpenAPI is hex, other public software base64."""

    HEX = "hex"
    BASE64 = "base64"

    def written(self, value: bytes) -> str:
        """The claim for a hash check value."""
        return value.hex() if self is HcvEncoding.HEX else base64.b64encode(value).decode()


@dataclass(frozen=True, slots=True)
class CardProof:
    """That an insurance card was there: the Pruefziffer of the receipt, and the hash check value of what it says.

    Without the second, record systems that want it refuse with hcvMissing.
    """

    pruefziffer: bytes = field(repr=False)
    hcv: bytes | None = field(repr=False)


def hash_check_value(coverage_begin: str, street: str | None) -> bytes:
    """Five bytes of what the card says (A_27352): when the cover began, and the street, which may be missing.

    SHA-256 over both in ISO-8859-15, the first without spaces and the second trimmed; the top bit is cleared. Raises
    ValueError, without the text, for what has no such character.
    """
    text = coverage_begin.replace(" ", "") + (street or "").strip()
    try:
        digest = hashlib.sha256(text.encode("iso-8859-15")).digest()
    except UnicodeEncodeError:
        raise ValueError("the street has a character outside of ISO-8859-15") from None
    return bytes([digest[0] & _TOP_BIT_CLEARED]) + digest[1:_HCV_BYTES]


def entitle(
    rest: Rest, kvnr: Kvnr, card: Card, proof: CardProof, now: datetime, *, encoding: HcvEncoding = HcvEncoding.HEX
) -> datetime:
    """Entitle the institution that is logged in, and say until when; a longer entitlement that is there is kept.

    Costs one signature of the card. Raises `EpaRefused` by code, `EpaSilent`, `EpaMalformed`, `CardFailed`.
    """
    claims = {"auditEvidence": base64.b64encode(proof.pruefziffer).decode()}
    if proof.hcv is not None:
        claims["hcv"] = encoding.written(proof.hcv)
    token = card_token.sign(card, claims, now)
    answer = rest.post(ENTITLEMENTS, {"jwt": token}, kvnr=kvnr, wanted=HTTPStatus.CREATED)
    return _moment(answer.json().get("validTo"))


@dataclass(frozen=True, slots=True)
class PoppRequest:
    """Where a PoPP token goes, and under which name. Uncertain: as gematik's own Go client has it."""

    path: str = "/epa/basic/api/v2/ps/entitlements"
    name: str = "popp"


POPP_REQUEST: Final = PoppRequest()


def entitle_by_popp(rest: Rest, kvnr: Kvnr, token: str, *, request: PoppRequest = POPP_REQUEST) -> datetime:
    """Entitle the institution that is logged in by a PoPP token, and say until when; costs no signature of the card.

    A token is good for one request, whatever comes of it (A_27671): never send it again. Not sent at all is one that is
    none, or another patient's (`PoppRefused`); otherwise raises `EpaRefused` by code, `EpaSilent`, `EpaMalformed`.
    """
    if popp.read(token).claims.patient_id != kvnr.value:
        raise PoppRefused(11, Reason.PATIENT)
    answer = rest.post(request.path, {request.name: token}, kvnr=kvnr, wanted=HTTPStatus.CREATED)
    return _moment(answer.json().get("validTo"))


def _moment(said: object) -> datetime:
    """RFC 3339, which always names a zone."""
    try:
        moment = datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise EpaMalformed("validTo")
    return moment
