"""The walk along the chain to the TI: from the Konnektor to a login at each record system, link by link.

Nothing is changed on the way, no record of a patient is read, and nobody is asked for a PIN. A login costs two
signatures of the card where nobody is logged in yet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509

from linkexchange.errors import Fault
from linkexchange.model.identifiers import Kvnr, TelematikId
from linkexchange.model.readiness import (
    CERTIFICATE_SOON,
    TSL_SOON,
    Finding,
    Readiness,
    Reason,
    Step,
    Verdict,
    holds,
)
from linkexchange.ti.reasons import PINS, detail_of, reason_of
from linkexchange.ti.system import RecordSystem
from linkexchange.ti.trust import NO_GRACE, Trust
from ti_adapter import epa
from ti_adapter.epa import record_state
from ti_adapter.errors import ServiceSilent, TiError, TslRefused
from ti_adapter.konnektor import InsertedCard, Konnektor, KonnektorError, KonnektorSilent, PinStatus
from ti_adapter.konnektor.institution import chosen
from ti_adapter.pki import FD_AUT, FD_SIG, HCI_AUT, ProvenCertificate, StatusList, verify_institution

NOBODY: Final = epa.Kvnr(Kvnr.with_check_digit("A00000000"))
"""Whose record is asked for, to hear that there is none: the first number of all, which is taken to be nobody's."""

NEEDS: Final[Mapping[Step, tuple[Step, ...]]] = {
    Step.KONNEKTOR: (),
    Step.CARD: (Step.KONNEKTOR,),
    Step.PIN: (Step.CARD,),
    Step.CARD_DATES: (Step.CARD,),
    Step.KONNEKTOR_DATES: (Step.KONNEKTOR,),
    Step.TSL: (),
    Step.CARD_TRUST: (Step.CARD_DATES, Step.TSL),
    Step.OCSP: (Step.CARD_TRUST,),
    Step.IDP: (Step.TSL,),
    Step.INFORMATION: (),
    Step.VAU: (Step.TSL, Step.INFORMATION),
    Step.LOGIN: (Step.PIN, Step.OCSP, Step.IDP, Step.VAU),
}
"""Without which steps nothing can be said of a step."""

_TYPES: Final = (HCI_AUT.policy, FD_SIG.policy, FD_AUT.policy)
"""Of cards, of the IDP and of the VAU: the trust list must name a CA for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What is walked along. `discover` fetches and proves what the IDP publishes; `systems` are by their addresses.

    `heal` is told that the PIN of the card is verified.
    """

    me: TelematikId
    konnektor: Konnektor
    iccsn: str | None
    trust: Trust
    discover: Callable[[], object]
    systems: Mapping[str, RecordSystem]
    clock: Callable[[], datetime]
    heal: Callable[[], None]

    def walk(self) -> Readiness:
        """All steps. What does not work is a finding; only a bug of ours is raised."""
        walk = _Walk(self)
        walk.to_the_idp()
        for address, system in self.systems.items():
            walk.to_the_record(urlsplit(address).netloc, system)
        return Readiness(tuple(walk.findings))


@dataclass(frozen=True, slots=True)
class _Said:
    """What one step has to say when it was not raised at."""

    verdict: Verdict = Verdict.WELL
    reason: Reason | None = None
    detail: str = ""
    until: datetime | None = None


_WELL: Final = _Said()


@dataclass(slots=True)
class _Walk:
    """One walk, and what it has in its hands by now."""

    chain: Chain
    findings: list[Finding] = field(default_factory=list)
    _cards: Sequence[InsertedCard] = ()
    _card: InsertedCard | None = None
    _certificate: x509.Certificate | None = None
    _proven: ProvenCertificate | None = None

    def to_the_idp(self) -> None:
        """What is there once."""
        self._look(Step.KONNEKTOR, self._konnektor)
        self._look(Step.CARD, self._inserted)
        self._look(Step.PIN, self._pin)
        self._look(Step.CARD_DATES, self._card_dates)
        self._look(Step.KONNEKTOR_DATES, self._konnektor_dates)
        self._look(Step.TSL, self._tsl)
        self._look(Step.CARD_TRUST, self._card_trust)
        self._look(Step.OCSP, self._ocsp)
        self._look(Step.IDP, _well(self.chain.discover))

    def to_the_record(self, name: str, system: RecordSystem) -> None:
        """What is there for each record system."""
        self._look(Step.INFORMATION, _well(lambda: record_state(system.open, NOBODY)), name)
        self._look(Step.VAU, _well(system.knock), name)
        self._look(Step.LOGIN, _well(system.log_in), name)

    def _look(self, step: Step, look: Callable[[], _Said], subject: str = "") -> None:
        missing = self._missing(step, subject)
        said = _unseen(missing) if missing else self._asked(step, subject, look)
        self.findings.append(Finding(step, said.verdict, said.reason, said.detail, subject, said.until))

    def _asked(self, step: Step, subject: str, look: Callable[[], _Said]) -> _Said:
        """What has failed before for the same reason is not told twice."""
        try:
            return look()
        except TiError as failed:
            said = _failed(failed, step)
        except Fault as fault:
            # The IDP's certificates are told apart from those of a VAU by this fault.
            if not isinstance(fault.__cause__, TiError):
                raise
            said = _failed(fault.__cause__, Step.IDP)
        same = (it for it in self._of(subject) if it.verdict is Verdict.FAILS and it.reason is said.reason)
        earlier = next(same, None)
        return _unseen(earlier.step) if earlier else said

    def _missing(self, step: Step, subject: str) -> Step | None:
        """The first step to blame, where a step is not to be looked at."""
        for needed in NEEDS[step]:
            found = next(it for it in self._of(subject) if it.step is needed)
            if found.verdict is Verdict.FAILS:
                return needed
            if found.verdict is Verdict.UNSEEN:
                return Step(found.detail)
        return None

    def _of(self, subject: str) -> list[Finding]:
        """What was found before of what is there once, and of this record system."""
        return [it for it in self.findings if it.subject in {"", subject}]

    # --- the Konnektor and its card -----------------------------------------------------------------------------------

    def _konnektor(self) -> _Said:
        """Its service directory, and the cards that it lets this client system use.

        After a silence the directory is read anew: services move when a Konnektor is updated.
        """
        konnektor = self.chain.konnektor
        try:
            self._cards = konnektor.cards()
        except KonnektorSilent:
            self._cards = konnektor.cards()
        return _WELL

    def _inserted(self) -> _Said:
        card = chosen(tuple(self._cards), self.chain.iccsn)
        self._certificate = self.chain.konnektor.certificate(card.handle)
        self._card = card
        return _WELL

    def _pin(self) -> _Said:
        assert self._card
        state = self.chain.konnektor.pin_status(self._card.handle)
        if state.status is PinStatus.VERIFIED:
            self.chain.heal()
            return _WELL
        left = "" if state.left_tries is None else f", LeftTries {state.left_tries}"
        return _Said(Verdict.FAILS, PINS[state.status], f"{state.status}{left}")

    def _card_dates(self) -> _Said:
        assert self._certificate
        now, until = self.chain.clock(), self._certificate.not_valid_after_utc
        if now < self._certificate.not_valid_before_utc:
            return _Said(Verdict.FAILS, Reason.CARD_NOT_YET_VALID)
        return _lasting(holds(until, now, CERTIFICATE_SOON), _CARD_ENDS, until, now)

    def _konnektor_dates(self) -> _Said:
        """Of what CheckCertificateExpiration lists, what is none of the cards' is taken to be the Konnektor's own."""
        handles = {card.handle for card in self._cards}
        try:
            rows = self.chain.konnektor.certificate_expirations()
        except KonnektorError as failed:
            return _Said(Verdict.WARNS, Reason.KONNEKTOR_DATES_UNKNOWN, detail_of(failed))
        own = [row.ends for row in rows if row.handle not in handles]
        if not own:
            return _WELL
        now, until = self.chain.clock(), _end_of(min(own))
        return _lasting(holds(until, now, CERTIFICATE_SOON), _KONNEKTOR_ENDS, until, now)

    # --- whom to believe ----------------------------------------------------------------------------------------------

    def _tsl(self) -> _Said:
        """A list that cannot be renewed is a warning as long as the known one holds."""
        trust, now = self.chain.trust, self.chain.clock()
        try:
            known = trust.renew()
        except (ServiceSilent, TslRefused) as failed:
            if trust.known is None:
                raise
            return _not_renewed(failed, trust.known, now)
        verdict = holds(known.next_update, now, TSL_SOON)
        if known.next_update >= now:
            for policy in _TYPES:
                known.trust(now, policy=policy)
        return _lasting(verdict, _TSL_ENDS, known.next_update, now)

    def _card_trust(self) -> _Said:
        assert self._certificate
        proven = verify_institution(self._certificate, self.chain.trust.listed(), self.chain.clock())
        if proven.admission.telematik_id != self.chain.me:
            return _Said(Verdict.FAILS, Reason.CARD_OF_ANOTHER)
        self._proven = proven
        return _WELL

    def _ocsp(self) -> _Said:
        assert self._proven
        trust = self.chain.trust
        trust.check_not_revoked(self._proven, trust.listed(), NO_GRACE)
        return _WELL


def _well(call: Callable[[], object]) -> Callable[[], _Said]:
    """A step that is well where nothing is raised."""

    def look() -> _Said:
        call()
        return _WELL

    return look


def _failed(failed: TiError, step: Step) -> _Said:
    return _Said(Verdict.FAILS, reason_of(failed, step), detail_of(failed))


def _unseen(earlier: Step) -> _Said:
    return _Said(Verdict.UNSEEN, detail=earlier.value)


def _not_renewed(failed: ServiceSilent | TslRefused, known: StatusList, now: datetime) -> _Said:
    verdict = Verdict.WARNS if holds(known.next_update, now, TSL_SOON) is not Verdict.FAILS else Verdict.FAILS
    return _Said(verdict, reason_of(failed, Step.TSL), detail_of(failed), known.next_update)


@dataclass(frozen=True, slots=True)
class _Ends:
    """What is said of something that has ended, that ends before the next walk, and that ends soon."""

    over: Reason
    tonight: Reason
    soon: Reason


_CARD_ENDS: Final = _Ends(Reason.CARD_EXPIRED, Reason.CARD_ENDS_TONIGHT, Reason.CARD_ENDS_SOON)
_KONNEKTOR_ENDS: Final = _Ends(Reason.KONNEKTOR_EXPIRED, Reason.KONNEKTOR_ENDS_TONIGHT, Reason.KONNEKTOR_ENDS_SOON)
_TSL_ENDS: Final = _Ends(Reason.TSL_EXPIRED, Reason.TSL_ENDS_TONIGHT, Reason.TSL_ENDS_SOON)


def _lasting(verdict: Verdict, ends: _Ends, until: datetime, now: datetime) -> _Said:
    reasons = {Verdict.WELL: None, Verdict.WARNS: ends.soon, Verdict.FAILS: ends.tonight if now <= until else ends.over}
    return _Said(verdict, reasons[verdict], until=until)


def _end_of(day: date) -> datetime:
    """The Konnektor names the last day; its last moment in UTC."""
    return datetime.combine(day, time.max, UTC)
