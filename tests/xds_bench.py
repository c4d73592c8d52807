"""Client and simulated XDS Document Service over the rules of the simulated record: both ends in one test.

bench = Bench()
bench.service().provide_and_register([DOCUMENT], SUBMISSION)
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from xds_samples import DOCUMENT, ENTRY, PATIENT, SUBMISSION, TO

from ti_adapter.attestation import Attestation
from ti_adapter.epa.xds import Metadata, Provided, Registered, Search, XdsDocumentService
from ti_adapter.simulator.record import RecordSystem
from ti_adapter.simulator.xds import SimulatedXds

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KVNR = PATIENT.partition("^")[0]
PRACTICE = Attestation("1-20.9002", ("1.2.276.0.76.4.50",), "Praxis am Markt", "n")
STRANGER = Attestation("1-20.9003", ("1.2.276.0.76.4.50",), "Praxis Fremd", "n")
REPOSITORY = "1.2.276.0.76.3.1.1"
NEXT = Provided("urn:uuid:9", Metadata(replace(ENTRY, unique_id="2.25.9")), b"<Next/>")


@dataclass
class Bench:
    records: RecordSystem = field(default_factory=lambda: RecordSystem(lambda: NOW))
    messages: list[tuple[bytes, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.simulated = SimulatedXds(self.records, REPOSITORY)
        self.records.open_record(KVNR)
        self.entitle(PRACTICE)

    def entitle(self, who: Attestation) -> None:
        self.records.entitle(KVNR, who.telematik_id, NOW + timedelta(days=90))

    def service(self, who: Attestation = PRACTICE) -> XdsDocumentService:
        def post(body: bytes, content_type: str) -> tuple[bytes, str]:
            answer = self.simulated.answer(who, KVNR, body, content_type)
            self.messages += [(body, content_type), answer]
            return answer

        return XdsDocumentService(post, TO)

    def find(self, **criteria: object) -> list[Registered]:
        return list(self.service().find(replace(Search(PATIENT), **criteria)).documents)

    @classmethod
    def with_document(cls) -> Bench:
        bench = cls()
        bench.service().provide_and_register([DOCUMENT], SUBMISSION)
        return bench
