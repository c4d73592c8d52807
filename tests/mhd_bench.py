"""A practice that is logged in and entitled to one record, which it reads by MHD and by XDS; no channel around it.

bench = MhdBench()
bench.xds().provide_and_register([DOCUMENT], SUBMISSION)
bench.mhd().find(MhdSearch())
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

import httpx
from epa_bench import AGENT
from epa_login import NOW, PRAXIS, Login, card_of
from xds_samples import DOCUMENT, ENTRY, PATIENT, SUBMISSION, TO

from ti_adapter.epa import Kvnr, card_token
from ti_adapter.epa.mhd import Asking, MhdService
from ti_adapter.epa.xds import Metadata, Provided, Registered, Search, XdsDocumentService, posting
from ti_adapter.simulator.epa import Records, SimulatedRecord
from ti_adapter.simulator.shape import SimulatedInstitution

KVNR = Kvnr(PATIENT.partition("^")[0])


@dataclass
class MhdBench:
    institution: SimulatedInstitution = PRAXIS
    beside: Login | None = None
    login: Login = field(init=False)

    def __post_init__(self) -> None:
        records = self.beside.records if self.beside else Records({KVNR.value: SimulatedRecord()})
        self.login = Login(records, rules=self.beside.documents.rules if self.beside else None)
        nonce = self.login.sessions.issue_nonce(self.login.channel.key_id, NOW)
        self.login.codes["code"] = self.institution.telematik_id
        attest = card_token.sign(card_of(self.institution), {"nonce": nonce}, NOW)
        self.login.sessions.log_in(self.login.channel.key_id, "code", attest, NOW)
        self.entitle()

    def entitle(self, days: int = 90) -> None:
        self.record.entitled[self.institution.telematik_id] = NOW + timedelta(days=days)

    @property
    def record(self) -> SimulatedRecord:
        return self.login.records.by_kvnr[KVNR.value]

    @property
    def requests(self) -> list[httpx.Request]:
        return self.login.exchanges.requests

    def mhd(self, asking: Asking = Asking.FORM) -> MhdService:
        return MhdService(self.login.rest, KVNR, asking)

    def xds(self) -> XdsDocumentService:
        return XdsDocumentService(posting(self.login.rest.http, AGENT, KVNR), TO)

    def found_by_xds(self) -> list[Registered]:
        return list(self.xds().find(Search(PATIENT)).documents)

    def store(self, unique_id: str = "2.25.7", content: bytes = DOCUMENT.content, **changes: object) -> None:
        entry = replace(ENTRY, unique_id=unique_id, **changes)
        self.xds().provide_and_register([Provided("urn:uuid:1", Metadata(entry), content)], SUBMISSION)
