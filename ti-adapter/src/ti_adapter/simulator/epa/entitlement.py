"""setEntitlementPs of I_Entitlement_Management 1.5, the provider's side.

Refused, in this order: nobody logged in; no such record, or not activated; a role that may not; more than five failed
checks of KVNR or hash check value within an hour; a token or a Pruefziffer that proves nothing, of another institution
or too old; another KVNR; a missing or other hash check value; an institution that the patient has blocked.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends

from ti_adapter.epa.entitlement import ENTITLEMENTS, HcvEncoding
from ti_adapter.epa.errors import EpaCode, EpaRefused
from ti_adapter.pki import ProvenCertificate, TrustList
from ti_adapter.simulator.epa.asked import asked_kvnr, refusal
from ti_adapter.simulator.epa.authorization import Authorization, Json, KeyId
from ti_adapter.simulator.epa.card_token import TokenUnproven, prove
from ti_adapter.simulator.epa.pruefziffer import Evidence, VsdmService
from ti_adapter.simulator.epa.records import Records, SimulatedRecord
from ti_adapter.simulator.epa.roles import DAYS
from ti_adapter.simulator.journal import Journal, Operation, acting

FAILURES_MAX = 5
_HOUR = timedelta(hours=1)
_GERMANY = ZoneInfo("Europe/Berlin")
_END_OF_DAY = time(23, 59, 59, tzinfo=_GERMANY)


@dataclass(slots=True)
class Entitlements:
    """The rules and their state.

    How old a Pruefziffer may be and how hcv is written is not in the OpenAPI, so these are settings.
    """

    records: Records
    vsdm: VsdmService
    is_hcv_enforced: bool = True
    proof_max_age: timedelta = timedelta(minutes=20)
    encoding: HcvEncoding = HcvEncoding.HEX
    days: dict[str, int] = field(default_factory=lambda: dict(DAYS))
    journal: Journal = field(default_factory=Journal, repr=False)
    failures: dict[tuple[str, str], list[datetime]] = field(default_factory=lambda: defaultdict(list), repr=False)

    def entitle(self, who: ProvenCertificate, kvnr: str, proven: dict[str, object], now: datetime) -> datetime:
        """Hold the claims of a proven token against the record. Raises `EpaRefused`."""
        record, actor = self.records.activated(kvnr), who.admission.telematik_id
        evidence = self._evidence(proven, now)
        if evidence.kvnr != kvnr:
            raise self.failed("kvnr", actor, now)
        self._check_hcv(proven.get("hcv"), evidence, actor, now)
        return self.grant(record, who, now)

    def grant(self, record: SimulatedRecord, who: ProvenCertificate, now: datetime) -> datetime:
        """Entitle for the days of the role, unless the patient has blocked the institution; a longer one is kept."""
        actor = who.admission.telematik_id
        if actor in record.blocked:
            raise refusal(EpaCode.REQUEST_MISMATCH)
        valid_to = self._valid_to(who, now)
        record.entitled[actor] = max(valid_to, record.entitled.get(actor, valid_to))
        return record.entitled[actor]

    def check_may(self, who: ProvenCertificate, now: datetime) -> None:
        """The role, and the failed checks of the last hour. Raises `EpaRefused` with invalidOid or locked."""
        if not set(who.admission.profession_oids) & self.days.keys():
            raise refusal(EpaCode.INVALID_OID)
        for kind in ("kvnr", "hcv"):
            failed = self.failures[kind, who.admission.telematik_id]
            if sum(now - it < _HOUR for it in failed) >= FAILURES_MAX:
                raise refusal(EpaCode.LOCKED)

    def _evidence(self, proven: dict[str, object], now: datetime) -> Evidence:
        if not {"auditEvidence"} <= proven.keys() <= {"auditEvidence", "hcv"}:
            raise refusal(EpaCode.INVALID_TOKEN)
        try:
            evidence = self.vsdm.read(base64.b64decode(str(proven["auditEvidence"]), validate=True))
        except ValueError as wrong:
            raise refusal(EpaCode.INVALID_TOKEN) from wrong
        if not abs(now - evidence.moment) <= self.proof_max_age:
            raise refusal(EpaCode.INVALID_TOKEN)
        return evidence

    def _check_hcv(self, said: object, evidence: Evidence, actor: str, now: datetime) -> None:
        if said is None and self.is_hcv_enforced:
            raise refusal(EpaCode.HCV_MISSING)
        is_known = said is not None and evidence.hcv is not None
        if (self.is_hcv_enforced or is_known) and said != self.encoding.written(evidence.hcv or b""):
            raise self.failed("hcv", actor, now)

    def failed(self, kind: str, actor: str, now: datetime) -> EpaRefused:
        """Count a check of `kvnr` or `hcv` that did not match, and what to say to it."""
        self.failures[kind, actor].append(now)
        return refusal(EpaCode.INVALID_TOKEN)

    def _valid_to(self, who: ProvenCertificate, now: datetime) -> datetime:
        days = max(self.days.get(oid, 0) for oid in who.admission.profession_oids)
        last = now.astimezone(_GERMANY).date() + timedelta(days=days - 1)
        return datetime.combine(last, _END_OF_DAY)


def routes(entitlements: Entitlements, service: Authorization) -> APIRouter:
    """SetEntitlementPs."""
    router = APIRouter()

    @router.post(ENTITLEMENTS, status_code=201)
    async def entitle(key_id: KeyId, kvnr: Annotated[str, Depends(asked_kvnr)], body: Json) -> dict[str, str]:
        if not isinstance(token := body.get("jwt"), str):
            raise refusal(EpaCode.MALFORMED_REQUEST)
        who, now = service.sessions.logged_in(key_id), service.clock()
        entitlements.records.activated(kvnr)
        with entitlements.journal.noted(acting(who), kvnr, Operation.ENTITLE):
            entitlements.check_may(who, now)
            claims = _claims(token, who, service.sessions.trust, now)
            return {"validTo": entitlements.entitle(who, kvnr, claims, now).isoformat()}

    return router


def _claims(token: str, who: ProvenCertificate, trust: TrustList, now: datetime) -> dict[str, object]:
    """What the institution that is logged in has signed."""
    try:
        proven = prove(token, trust, now)
    except TokenUnproven as wrong:
        raise refusal(EpaCode.INVALID_TOKEN) from wrong
    if proven.institution.admission.telematik_id != who.admission.telematik_id:
        raise refusal(EpaCode.INVALID_TOKEN)
    return proven.claims
