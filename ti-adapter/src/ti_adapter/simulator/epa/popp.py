"""setEntitlementPsV2, the provider's side: an entitlement by a PoPP token.

Refused, in this order: no X-Request-ID; nobody logged in; no such record, or not activated; a role that may not; more
than five failed checks of the KVNR within an hour; a token that the PoPP service has not signed; one that was used
before (A_27671); one of another issuer, institution or patient, or too old; an institution that the patient blocks.
The answer to a token that proves nothing is always invalidToken; its cause is a `PoppRefused` with step and reason.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends

from ti_adapter import popp
from ti_adapter.epa.entitlement import POPP_REQUEST, PoppRequest
from ti_adapter.epa.errors import EpaCode, EpaRefused
from ti_adapter.pki import ProvenCertificate
from ti_adapter.popp import Expected, FindKey, PoppRefused, ProvenPopp, Reason, Rules
from ti_adapter.simulator.epa.asked import asked_kvnr, check_request_id, refusal
from ti_adapter.simulator.epa.authorization import Authorization, Json, KeyId
from ti_adapter.simulator.epa.entitlement import Entitlements
from ti_adapter.simulator.journal import Operation, acting


@dataclass(slots=True)
class PoppEntitlements:
    """Whose tokens are believed, and by which rules; `used` are digests of the tokens that have been."""

    entitlements: Entitlements
    issuer: str
    find_key: FindKey
    rules: Rules = field(default_factory=Rules)
    request: PoppRequest = POPP_REQUEST
    used: set[bytes] = field(default_factory=set, repr=False)

    def entitle(self, who: ProvenCertificate, kvnr: str, token: str, now: datetime) -> datetime:
        """Hold a token against institution and record. Raises `EpaRefused`."""
        record = self.entitlements.records.activated(kvnr)
        self.entitlements.check_may(who, now)
        try:
            proven = popp.prove(popp.read(token), self.find_key, now, self.rules)
            self._use(proven)
            popp.accept(proven, self._expected(who, kvnr), now, self.rules)
        except PoppRefused as wrong:
            raise self._refusal(wrong, who, now) from wrong
        return self.entitlements.grant(record, who, now)

    def _expected(self, who: ProvenCertificate, kvnr: str) -> Expected:
        return Expected(self.issuer, who.admission.telematik_id, who.admission.profession_oids, kvnr)

    def _use(self, proven: ProvenPopp) -> None:
        """Once, whatever comes of it. A token has one spelling, but many signatures: what was signed is remembered."""
        digest = hashlib.sha256(proven.token.rpartition(".")[0].encode()).digest()
        if digest in self.used:
            raise refusal(EpaCode.TOKEN_REUSE)
        self.used.add(digest)

    def _refusal(self, wrong: PoppRefused, who: ProvenCertificate, now: datetime) -> EpaRefused:
        if wrong.reason is Reason.PATIENT:
            return self.entitlements.failed("kvnr", who.admission.telematik_id, now)
        return refusal(EpaCode.INVALID_TOKEN)


def routes(entitling: PoppEntitlements, service: Authorization) -> APIRouter:
    """SetEntitlementPsV2."""
    router = APIRouter(dependencies=[Depends(check_request_id)])

    @router.post(entitling.request.path, status_code=201)
    async def entitle(key_id: KeyId, kvnr: Annotated[str, Depends(asked_kvnr)], body: Json) -> dict[str, str]:
        if not isinstance(token := body.get(entitling.request.name), str):
            raise refusal(EpaCode.MALFORMED_REQUEST)
        who, entitlements = service.sessions.logged_in(key_id), entitling.entitlements
        entitlements.records.activated(kvnr)
        with entitlements.journal.noted(acting(who), kvnr, Operation.ENTITLE):
            return {"validTo": entitling.entitle(who, kvnr, token, service.clock()).isoformat()}

    return router
