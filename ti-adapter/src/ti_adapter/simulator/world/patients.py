"""The patient's side of all record systems: what a card in a terminal, or the patient's app, would do.

The insured person's number travels in the header `x-insurantid`, never in a URL, as in the ePA.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel

from ti_adapter.epa import Decision, RecordState
from ti_adapter.errors import ErrorCode, RecordRefused
from ti_adapter.simulator.health_record import SimulatedRecord
from ti_adapter.simulator.record import Access, Entry, RecordSystem
from ti_adapter.simulator.world.asked import Asked, Insurant

patients = APIRouter(prefix="/patient")


class EntitlementBody(BaseModel):
    """Who is entitled until when; names as in the ePA."""

    actorId: str  # noqa: N815
    validTo: AwareDatetime  # noqa: N815


@dataclass(frozen=True, slots=True)
class PatientCall:
    """A call about one record, where it is, and its documents."""

    records: RecordSystem
    record: SimulatedRecord
    kvnr: str


async def _patient_call(asked: Asked, kvnr: Insurant) -> PatientCall:
    house = asked.world.house_of(kvnr)
    if house is None:
        raise RecordRefused(ErrorCode.NO_HEALTH_RECORD)
    return PatientCall(house.documents, house.records.by_kvnr[kvnr], kvnr)


Patient = Annotated[PatientCall, Depends(_patient_call)]


@patients.post("/record", status_code=204)
async def open_record(asked: Asked, kvnr: Insurant, system: int = 1) -> None:
    """Have a record from now on, at this record system; one that is there stays where it is."""
    houses = asked.world.houses
    if system not in houses:
        raise RecordRefused(ErrorCode.MALFORMED_REQUEST)
    if asked.world.house_of(kvnr) is None:
        houses[system].documents.open_record(kvnr)


@patients.post("/entitlements", status_code=204)
async def entitle(call: Patient, body: EntitlementBody) -> None:
    """Entitle an institution, as reading the card there does."""
    call.records.entitle(call.kvnr, body.actorId, body.validTo)


@patients.delete("/entitlements/{actor:path}", status_code=204)
async def end_entitlement(call: Patient, actor: str) -> None:
    """End an entitlement at once."""
    call.records.end_entitlement(call.kvnr, actor)


@patients.put("/hidden/{entry}", status_code=204)
async def hide(call: Patient, entry: str) -> None:
    """Hide a document from every institution."""
    call.records.hide(call.kvnr, entry)


@patients.delete("/hidden/{entry}", status_code=204)
async def unhide(call: Patient, entry: str) -> None:
    """Show it again."""
    call.records.unhide(call.kvnr, entry)


@patients.put("/hidden-categories/{category}", status_code=204)
async def hide_category(call: Patient, category: str) -> None:
    """Hide a whole category, such as `reports`, from every institution."""
    call.records.hide_category(call.kvnr, category)


@patients.delete("/hidden-categories/{category}", status_code=204)
async def unhide_category(call: Patient, category: str) -> None:
    """Show it again."""
    call.records.unhide_category(call.kvnr, category)


@patients.put("/decisions/{function}/{decision}", status_code=204)
async def decide(call: Patient, function: str, decision: Decision) -> None:
    """Decide on a function of the record, such as `medication`."""
    call.record.decisions[function] = decision


@patients.put("/blocked/{actor:path}", status_code=204)
async def block(call: Patient, actor: str) -> None:
    """Let an institution never be entitled; an entitlement that it has ends."""
    call.record.blocked.add(actor)
    call.record.entitled.pop(actor, None)


@patients.delete("/blocked/{actor:path}", status_code=204)
async def unblock(call: Patient, actor: str) -> None:
    """Let it be entitled again."""
    call.record.blocked.discard(actor)


@patients.put("/state/{state}", status_code=204)
async def bring_into(call: Patient, state: RecordState) -> None:
    """What becomes of the record at its insurer: activated, suspended as while it moves, or not activated."""
    call.record.state = state


@patients.get("/documents")
async def documents(call: Patient) -> list[Entry]:
    """What is in the record now, newest first."""
    return call.records.documents(call.kvnr)


@patients.get("/accesses")
async def accesses(call: Patient) -> list[Access]:
    """Who did what when."""
    return call.records.accesses(call.kvnr)
