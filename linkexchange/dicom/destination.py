"""The PACS that images are sent to, by C-STORE: every data set goes out as the bytes that came in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from linkexchange.dicom.association import Association
from linkexchange.dicom.dimse import ECHO, store
from linkexchange.dicom.inquiry import holder_of
from linkexchange.dicom.line import CONTEXTS_MAX, DEFAULT_TIMEOUTS, Context, Line, Proposal, Timeouts
from linkexchange.errors import PacsUnavailable
from linkexchange.model.identifiers import AeTitle
from linkexchange.model.passport import Passport
from linkexchange.model.patient import PatientHeader
from linkexchange.ports import Delivery, IncomingInstance

NOT_SUPPORTED = 0x0122
"""SOP class not supported (PS3.7 annex C)."""


class StoreDestination:
    """`ports.Destination` over C-STORE."""

    def __init__(self, passport: Passport, *, calling_ae: AeTitle, timeouts: Timeouts = DEFAULT_TIMEOUTS) -> None:
        self._line = Line(passport, calling_ae, timeouts)

    def holder(self, patient_id: str) -> PatientHeader | None:
        """Whom the PACS has under a Patient ID, as `ports.Destination` promises."""
        return holder_of(self._line.passport, self._line.calling_ae, patient_id, timeouts=self._line.timeouts)

    @contextmanager
    def deliver(self) -> Iterator[Delivery]:
        """Open a way and close it at the end. Raises `PacsUnavailable`.

        The call is made at once, so that a PACS that is down or does not know us is noticed before anything is
        fetched for it.
        """
        delivery = StoreDelivery(self._line)
        try:
            yield delivery
        except BaseException:
            delivery.association.abort()
            raise
        delivery.association.release()


@dataclass
class StoreDelivery:
    """One association at a time, opened anew when an instance needs a presentation context that it lacks."""

    line: Line
    proposals: list[Proposal] = field(default_factory=lambda: [ECHO])

    def __post_init__(self) -> None:
        self.association = Association(self.line, self.proposals)

    def store(self, instance: IncomingInstance) -> int:
        """Send one instance, as `ports.Delivery` promises. It is read to its end first, so it is sent whole or not.

        Raises `PacsUnavailable`, and whatever reading the instance raises.
        """
        data_set = b"".join(instance.chunks)
        context = self._context_for(instance)
        if context is None:
            return NOT_SUPPORTED
        try:
            return store(self.association, context, instance, data_set)
        except PacsUnavailable:
            self.association.abort()
            raise

    def _context_for(self, instance: IncomingInstance) -> Context | None:
        syntaxes = self.line.passport.syntaxes
        if syntaxes and instance.transfer_syntax not in syntaxes:
            return None
        proposal = Proposal(str(instance.sop_class), (str(instance.transfer_syntax),))
        if proposal not in self.proposals:
            room = len(self.proposals) < CONTEXTS_MAX
            self.proposals = [*self.proposals, proposal] if room else [proposal]
            self._reopen()
        elif self.association.lost and self.association.contexts:
            self._reopen()
        return next((cx for cx in self.association.contexts if _is_for(cx, proposal)), None)

    def _reopen(self) -> None:
        self.association.release()
        self.association = Association(self.line, self.proposals)


def _is_for(context: Context, proposal: Proposal) -> bool:
    return (context.abstract_syntax, (context.transfer_syntax,)) == (
        proposal.abstract_syntax,
        proposal.transfer_syntaxes,
    )
