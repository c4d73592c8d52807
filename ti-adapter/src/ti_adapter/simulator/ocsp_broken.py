"""Broken OCSP answers by name: each is right but for the one thing that its name says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1
from cryptography.hazmat.primitives.hashes import SHA384

from ti_adapter.pki import TOLERANCE, Question
from ti_adapter.simulator import ocsp_forged as forged
from ti_adapter.simulator import shape as shapes
from ti_adapter.simulator.ocsp_answer import AnswerShape, unsuccessful
from ti_adapter.simulator.ocsp_forged import Asked, Breaking
from ti_adapter.simulator.ocsp_signer import OcspSigner
from ti_adapter.simulator.signer import SignerShape

_BEYOND = TOLERANCE + timedelta(seconds=0.5)
_NULL = b"\x05\x00"


def _shaped(**wrong: object) -> Breaking:
    return lambda asked: asked.answered(AnswerShape(**wrong))  # type: ignore[arg-type]


def _always(answer: bytes) -> Breaking:
    return lambda _: answer


BROKEN: Mapping[str, Breaking] = {
    "no body": _always(b""),
    "text": _always(b"<html>gateway</html>"),
    "truncated": forged.truncated,
    "too large": _always(bytes(64 * 1024 + 1)),
    "try later": _always(unsuccessful("try_later")),
    "internal error": _always(unsuccessful("internal_error")),
    "malformed request": _always(unsuccessful("malformed_request")),
    "signature required": _always(unsuccessful("sign_required")),
    "unauthorized": _always(unsuccessful("unauthorized")),
    "no answer": _shaped(answers=0),
    "two answers": _shaped(answers=2),
    "unknown critical extension": _shaped(more={"1.2.3.4.5": (_NULL, True)}),
    "unknown critical extension about all": _shaped(about_all={"1.2.3.4.5": (_NULL, True)}),
    "foreign responder": forged.foreign,
    "no responder certificate": _shaped(certificates=()),
    "responder of another name": _shaped(responder_name=shapes.name("GEM.OCSP-Signer901")),
    "signed with another digest": _shaped(digest=SHA384()),
    "foreign key under the right certificate": forged.foreign_that_shows_the_right_certificate,
    "flipped signature": forged.flipped_signature,
    "empty signature": forged.empty_signature,
    "signature of zeros": forged.signature_of_zeros,
    "signature of another answer": forged.other_content_under_the_signature,
    "other serial number": forged.about_another_serial,
    "other issuer": forged.about_another_issuer,
    "certHash missing": _shaped(cert_hash=b""),
    "certHash about the whole answer": forged.hash_beside_the_certificate,
    "certHash of another certificate": forged.hash_of_another_certificate,
    "certHash by SHA-1": forged.hash_by_another_digest("sha1"),
    "certHash by SHA-512": forged.hash_by_another_digest("sha512"),
    "certHash without its digest's name": forged.bare_hash,
    "produced in the future": _shaped(produced=_BEYOND),
    "produced too long ago": _shaped(produced=-_BEYOND),
    "replayed after an hour": forged.replayed,
    "thisUpdate in the future": _shaped(this_update=_BEYOND),
    "nextUpdate has passed": _shaped(this_update=timedelta(hours=-2), next_update=-_BEYOND),
    "unknown": _shaped(is_known=False),
    "revoked": _shaped(revoked=timedelta(days=-1)),
    "revoked just now": _shaped(revoked=timedelta(0)),
}
"""One answer for every way in which `verify_not_revoked` can refuse, but for those that lie in the signer itself."""


def broken_signers(now: datetime) -> Mapping[str, OcspSigner]:
    """Signers that must not be believed even where the trust list names them."""
    return {
        "expired": OcspSigner.generate(now, SignerShape(ends=timedelta(seconds=-1))),
        "not yet valid": OcspSigner.generate(now, SignerShape(starts=timedelta(seconds=1))),
        "on P-384": OcspSigner.generate(now, SignerShape(curve=SECP384R1())),
    }


def asked(question: Question, signer: OcspSigner, now: datetime) -> Asked:
    """What a broken answer is made from, for a question that is asked without a wire."""
    return Asked(question.request(), question.certificate, signer, now)
