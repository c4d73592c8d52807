"""`ports.InsuredCard` over the Konnektor: the eGK in a reader is read, and opens the record to this institution."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from linkexchange.errors import InsuranceCardUnavailable
from linkexchange.model.identifiers import Kvnr
from linkexchange.ports import Insured
from linkexchange.ti.faults import of_card
from ti_adapter.epa import CardProof, hash_check_value
from ti_adapter.konnektor import CardType, Konnektor
from ti_adapter.konnektor.institution import chosen
from ti_adapter.konnektor.vsd import Insured as Holder

_PROVES = frozenset({1, 2})
"""Results of the online check with which the insurer's service says that the card was there."""


class Records(Protocol):
    """What lets an institution into a record; `EpaRecord` does."""

    def entitle(self, kvnr: Kvnr, proof: CardProof) -> datetime:
        """Until when. Raises as `ports.Record` does."""
        ...


@dataclass(frozen=True, slots=True)
class InsuranceCard:
    """The one eGK in the terminals of this workplace. `iccsn` is that of the SMC-B, which has to be there as well."""

    konnektor: Konnektor
    iccsn: str | None
    records: Records

    def insured(self) -> Insured:
        """Whom it names."""
        return _insured(self._read())

    def open_record(self) -> tuple[Insured, datetime]:
        """1. Read it, with the online check. 2. That proves that it is here. 3. By this proof the record opens."""
        read = self._read()
        insured = _insured(read)
        return insured, self.records.entitle(insured.kvnr, _proof(read))

    def _read(self) -> Holder:
        with of_card():
            cards = self.konnektor.cards()
            own, inserted = chosen(cards, self.iccsn), [one for one in cards if one.kind is CardType.EGK]
            if len(inserted) != 1:
                raise InsuranceCardUnavailable("no card is there" if not inserted else "more than one card is there")
            return self.konnektor.read_vsd(inserted[0].handle, own.handle)


def _insured(read: Holder) -> Insured:
    try:
        return Insured(Kvnr(read.kvnr), read.family, read.given, _day(read.birth))
    except ValueError:
        raise InsuranceCardUnavailable("it names no KVNR") from None


def _day(text: str) -> date | None:
    """YYYYMMDD; month and day may not be known, and are 00 then."""
    try:
        return date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:]}")
    except ValueError:
        return None


def _proof(read: Holder) -> CardProof:
    receipt = read.receipt
    if receipt is None or receipt.result not in _PROVES or receipt.pruefziffer is None:
        result = "no receipt" if receipt is None else f"result {receipt.result} of the online check"
        raise InsuranceCardUnavailable(f"the insurer's service does not prove that it is here: {result}")
    try:
        return CardProof(receipt.pruefziffer, hash_check_value(read.coverage_begin, read.street))
    except ValueError:
        return CardProof(receipt.pruefziffer, None)
