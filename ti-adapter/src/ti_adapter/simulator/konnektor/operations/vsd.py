"""ReadVSD: the institution's card opens the eGK, and the insurer's service is asked."""

from __future__ import annotations

from base64 import b64encode

from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.konnektor.cards import INSTITUTION_CARDS, CardType, PinStatus
from ti_adapter.konnektor.soap import maker
from ti_adapter.simulator.konnektor import answers, insured, requests
from ti_adapter.simulator.konnektor.faults import Fault, Refusal
from ti_adapter.simulator.konnektor.operations.call import Call
from ti_adapter.simulator.konnektor.requests import CONTEXT, Children
from ti_adapter.simulator.konnektor.state import Inserted

_OPENING = INSTITUTION_CARDS | {CardType.HBA}
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


async def read_vsd(call: Call) -> etree._Element:
    """VSD:ReadVSD. There is a receipt only of an online check that was asked for in the same call."""
    names = [call.dialect.name(one) for one in ("EhcHandle", "HpcHandle", "PerformOnlineCheck", "ReadOnlineReceipt")]
    found = call.children(*names, CONTEXT)
    egk, opener = (call.konnektor.card(requests.content(found[name])) for name in names[:2])
    online, receipt = (_boolean(found, name) for name in names[2:])
    if opener.kind not in _OPENING:
        raise Refusal(4209)
    if opener.pin is not PinStatus.VERIFIED:
        raise Refusal(4085)
    return _answer(call, egk, receipt=online and receipt)


def _answer(call: Call, egk: Inserted, *, receipt: bool) -> etree._Element:
    if egk.kind is not CardType.EGK or egk.insured is None:
        raise Refusal(4209)
    made, now = maker(call.dialect.namespace), call.konnektor.clock()
    proof = None if Fault.VSDM_UNREACHABLE in call.konnektor.faults else call.konnektor.prove(egk.insured, now)
    receipts = [made.Pruefungsnachweis(_base64(insured.receipt(now, proof)))] if receipt else []
    return made.ReadVSDResponse(
        made.PersoenlicheVersichertendaten(_base64(insured.personal(egk.insured))),
        made.AllgemeineVersicherungsdaten(_base64(insured.general(egk.insured))),
        made.VSD_Status(made.Status("0"), made.Timestamp(answers.stamp(now)), made.Version("5.2.0")),
        *receipts,
    )


def _boolean(found: Children, name: str) -> bool:
    value = _BOOLEANS.get(requests.content(found[name]))
    if value is None:
        raise Refusal(4000)
    return value


def _base64(content: bytes) -> str:
    return b64encode(content).decode()
