"""One association to a destination, on which one instance at a time is under way (PS3.7 section 9.1.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from linkexchange.dicom.bulk import Association, call
from linkexchange.dicom.command import LOW, Command, Field
from linkexchange.dicom.dimse import ECHO
from linkexchange.dicom.line import CONTEXTS_MAX, Context, Line, Proposal
from linkexchange.errors import PacsUnavailable
from linkexchange.model.identifiers import SopInstanceUid, TransferSyntaxUid
from linkexchange.ports import Brake, IncomingInstance, Reply

NOT_SUPPORTED = 0x0122
"""SOP class not supported (PS3.7 annex C)."""


@dataclass
class Lane:
    """Opened at once, and anew when an instance needs a context that it lacks or the destination has ended it.

    After an instance has been sent its reply is `pending` until somebody waits for it with `reply`.
    """

    line: Line
    brake: Brake
    proposals: Sequence[Proposal]
    pending: Command | None = None
    association: Association = field(init=False)
    _held: ExitStack = field(default_factory=ExitStack)
    """By the brake, for as long as the association lives: whoever pulls it wakes the thread that waits here."""
    syntaxes: Mapping[str, Sequence[TransferSyntaxUid]] = field(init=False)
    """What was accepted of each SOP class that was proposed."""
    _contexts: Mapping[tuple[str, str], Context | None] = field(init=False)

    def __post_init__(self) -> None:
        self._open()

    def send(self, instance: IncomingInstance) -> Reply | None:
        """Send an instance; a reply at once where there is no context for it.

        Raises `PacsUnavailable`, and whatever reading the instance raises; the association is then aborted.
        """
        context = self._context_for(instance)
        if context is None:
            return Reply(instance.sop_instance, NOT_SUPPORTED)
        request = Command(
            Field.C_STORE_RQ,
            self.association.next_number(),
            sop_class=instance.sop_class,
            sop_instance=instance.sop_instance,
            priority=LOW,
            has_data_set=True,
        )
        try:
            self.association.send(request, context, instance.chunks)
        except BaseException:
            self.association.abort()
            raise
        self.pending = request
        return None

    def reply(self) -> Reply:
        """Wait for what is pending. Raises `PacsUnavailable`; the association is then aborted."""
        request, self.pending = self.pending, None
        if request is None:
            raise AssertionError("nothing is pending")
        try:
            _, answer = self.association.receive()
            return _reply(request, answer)
        except BaseException:
            self.association.abort()
            raise

    def close(self) -> None:
        """Release, or abort where a reply is pending."""
        if self.pending is None:
            self.association.release()
        else:
            self.association.abort()
        self._held.close()

    def _context_for(self, instance: IncomingInstance) -> Context | None:
        syntaxes = self.line.passport.syntaxes
        if syntaxes and instance.transfer_syntax not in syntaxes:
            return None
        needed = (instance.sop_class, instance.transfer_syntax)
        if needed not in self._contexts:
            proposal = Proposal(str(instance.sop_class), (str(instance.transfer_syntax),))
            room = len(self.proposals) < CONTEXTS_MAX - 1
            self.proposals = [*self.proposals, proposal] if room else [proposal]
            self._reopen()
        elif self.association.contexts and (self.association.over or self.association.has_input()):
            # Nothing is pending, so what has arrived can only be the end.
            self._reopen()
        return self._contexts[needed]

    def _reopen(self) -> None:
        self.association.release()
        self._held.close()
        self._open()

    def _open(self) -> None:
        # An echo is always taken, so that a PACS that refuses these classes is told from one that refuses us.
        self.association = call(self.line, [ECHO, *self.proposals], self.brake)
        self._held.enter_context(self.brake.stops(self.association.stop))
        self._contexts = _by_need(self.proposals, self.association.contexts)
        self.syntaxes = _by_class(self._contexts)


def _by_need(proposals: Sequence[Proposal], contexts: Sequence[Context]) -> dict[tuple[str, str], Context | None]:
    """Class and syntax of all that was proposed, and what was accepted of it: of two alike the first."""
    accepted = {(it.abstract_syntax, it.transfer_syntax): it for it in reversed(contexts)}
    needs = ((it.abstract_syntax, syntax) for it in proposals for syntax in it.transfer_syntaxes)
    return {need: accepted.get(need) for need in needs}


def _by_class(contexts: Mapping[tuple[str, str], Context | None]) -> dict[str, list[TransferSyntaxUid]]:
    accepted: dict[str, list[TransferSyntaxUid]] = {}
    for (sop_class, syntax), context in contexts.items():
        accepted.setdefault(sop_class, []).extend([TransferSyntaxUid(syntax)] if context else [])
    return accepted


def _reply(request: Command, answer: Command) -> Reply:
    if answer.field is not Field.C_STORE_RSP or answer.answers != request.number or answer.status is None:
        raise PacsUnavailable("an answer to something else came")
    if answer.sop_instance not in ("", request.sop_instance):
        raise PacsUnavailable("an answer about another instance came")
    return Reply(SopInstanceUid(request.sop_instance), answer.status)
