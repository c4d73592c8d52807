"""The decision at the origin: by a rule where nothing is in doubt, else by a person; a release is an offer.

Both may come at once: whoever is first has decided, and the other learns it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from linkexchange import publish, push
from linkexchange import release as publication
from linkexchange.errors import RequestDecided, RequestIncomplete, WrongPatient
from linkexchange.model import letting
from linkexchange.model.access import Basis
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import Kvnr, LinkId, StudyUid
from linkexchange.model.letting import Facts, Hold
from linkexchange.model.link import Link
from linkexchange.model.release_request import Kind, ReleaseRequest, ending, is_fit
from linkexchange.model.released import Heard, Standing
from linkexchange.model.request import TEXT_MAX_CHARACTERS
from linkexchange.patients import Index
from linkexchange.ports import Node, UnitOfWork
from linkexchange.releasing.find import Match, Option, find
from linkexchange.releasing.typed import words


@dataclass(frozen=True, slots=True)
class _Verdict:
    """Who lets a study go, and for how long. `by` is a person or the name of a rule."""

    basis: Basis
    by: str
    until: date
    review_by: datetime | None = None


def judge(node: Node, request: UUID) -> None:
    """The job: let go by a rule, or note why a person must decide. Safe to run twice. Raises `PacsUnavailable`."""
    with node.store.work(node.me) as work:
        heard = work.requests.get(request)
    if heard.standing is not Standing.OPEN:
        return
    answer = _by_rule(node, heard.request)
    with suppress(RequestDecided):
        if isinstance(answer, Hold):
            _leave_open(node, request, answer)
        else:
            option, kvnr, verdict = answer
            _let_go(node, request, publish.link_of(node, option.found, kvnr, replaces=None), option.pacs, verdict)


def release(
    node: Node, request: UUID, study: StudyUid, *, pacs: str, until: date, user: str, kvnr: Kvnr | None = None
) -> LinkId:
    """A person lets one study go until a day. Without `kvnr`, the local index says whose it is.

    Raises `RequestDecided`, `RequestIncomplete` for a day that does not fit, `WrongPatient` where images, index or
    request name different persons, `UnknownStudy`, `UnknownPacs` or `PacsUnavailable`.
    """
    if not is_fit(until, node.now()):
        raise RequestIncomplete("last day")
    verdict = _Verdict(Basis.PERSON, words(user, TEXT_MAX_CHARACTERS), until)
    with node.store.work(node.me) as work:
        heard = _open(work, request)
    found = publish.find(node, study, pacs=pacs)
    link = publish.link_of(node, found, kvnr or _whose(node, found), replaces=None)
    if wrong := heard.request.patient.differences(link.patient):
        raise WrongPatient(", ".join(wrong))
    return _let_go(node, request, link, pacs, verdict)


def refuse(node: Node, request: UUID, *, reason: str, user: str) -> None:
    """A person says no; the requester reads the reason. Raises `RequestIncomplete` without one, `RequestDecided`."""
    refusal, by = words(reason), words(user, TEXT_MAX_CHARACTERS)
    with node.store.work(node.me) as work:
        heard = _open(work, request)
        refused = replace(heard, standing=Standing.REFUSED, hold="", refusal=refusal, by=by, decided=node.now())
        work.requests.decide(refused)
        work.audit(Action.RELEASE_DENIED, request=str(request), requester=heard.request.requester, user=by)
        work.emit(Action.RELEASE_DENIED.value, request=str(request))


def _by_rule(node: Node, request: ReleaseRequest) -> Hold | tuple[Option, Kvnr, _Verdict]:
    known, options = find(node, request.patient, request.wanted)
    if hold := _doubt(known, options):
        return hold
    [option] = options
    assert known.kvnr is not None
    return _judged(node, request, option, known.kvnr)


def _doubt(known: Match, options: Sequence[Option]) -> Hold | None:
    """What no rule may decide about."""
    if known.hold:
        return known.hold
    if len(options) != 1:
        return Hold.SEVERAL if options else Hold.NO_STUDY
    return None if options[0].sure else Hold.DOUBT


def _judged(node: Node, request: ReleaseRequest, option: Option, kvnr: Kvnr) -> Hold | tuple[Option, Kvnr, _Verdict]:
    """What is withheld from records no rule lets go: the patient objects, or it is nobody else's business."""
    now = node.now()
    candidate = publication.candidate(option.found, kvnr, pacs=option.pacs)
    if node.rules is None or not node.rules.judge(candidate, now).released:
        return Hold.WITHHELD
    facts = Facts(request.kind, request.requester, option.modalities, option.found.summary.started)
    with node.store.work(node.me) as work:
        rule = letting.first_fitting(work.requests.rules(), facts, now)
    if rule is None:
        return Hold.NO_RULE
    until = rule.until(request.until, now)
    if request.kind is not Kind.EMERGENCY:
        return option, kvnr, _Verdict(Basis.RULE, rule.name, until)
    review_by = now + timedelta(days=rule.review_days)
    return option, kvnr, _Verdict(Basis.EMERGENCY, rule.name, until, review_by)


def _whose(node: Node, found: publish.Found) -> Kvnr:
    """Whose the index says it is."""
    answer = Index.of(node).look(found.header, found.local)
    if not isinstance(answer, Kvnr):
        raise WrongPatient(answer.value)
    return answer


def _let_go(node: Node, request: UUID, link: Link, pacs: str, verdict: _Verdict) -> LinkId:
    """One transaction: link, offer to come, decision, event and audit entry."""
    expires = min(link.expires, ending(verdict.until))
    with node.store.work(node.me) as work:
        heard = _open(work, request)
        push.let_go(node, work, replace(link, expires=expires), heard.request.requester, pacs=pacs)
        decided = replace(heard, standing=Standing.RELEASED, hold="", basis=verdict.basis, by=verdict.by)
        about = replace(decided, study=link.manifest.study, link=link.link, expires=expires, decided=node.now())
        work.requests.decide(replace(about, review_by=verdict.review_by))
        work.audit(
            Action.RELEASE_GRANTED,
            request=str(request),
            requester=heard.request.requester,
            link=link.link,
            study=link.manifest.study,
            basis=verdict.basis.value,
            by=verdict.by,
            kind=heard.request.kind.value,
            until=verdict.until.isoformat(),
        )
        work.emit(Action.RELEASE_GRANTED.value, request=str(request), link=link.link)
    return link.link


def _leave_open(node: Node, request: UUID, hold: Hold) -> None:
    with node.store.work(node.me) as work:
        work.requests.decide(replace(_open(work, request), hold=hold.value))
        work.emit("release.waits", request=str(request))


def _open(work: UnitOfWork, request: UUID) -> Heard:
    heard = work.requests.get(request)
    if heard.standing is not Standing.OPEN:
        raise RequestDecided
    return heard
