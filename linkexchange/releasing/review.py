"""Four eyes after an emergency, and the rules by which an origin lets go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from linkexchange.errors import NotReviewable, UnknownRequest
from linkexchange.model import review as four_eyes
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.letting import LettingRule
from linkexchange.model.released import KEPT, Heard
from linkexchange.model.request import TEXT_MAX_CHARACTERS
from linkexchange.ports import Node, Store
from linkexchange.releasing.typed import line, words


def review(node: Node, request: UUID, *, justified: bool, user: str, note: str = "") -> Heard:
    """One person has looked at a release in an emergency; the answer is the request with this review.

    Raises `RequestIncomplete` without a name, `UnknownRequest` where it was no emergency, `NotReviewable` for who has
    reviewed it already, for who asked for it, and where two have.
    """
    name, said = words(user, TEXT_MAX_CHARACTERS), line(note)
    with node.store.work(node.me) as work:
        heard = work.requests.get(request)
        if heard.review_by is None:
            raise UnknownRequest("no emergency")
        if wrong := four_eyes.objection(heard.reviews, name, heard.request.user):
            raise NotReviewable(wrong)
        made = four_eyes.Review(four_eyes.identity(name), name, justified, said, node.now())
        work.requests.review(request, made)
        outcome = "justified" if justified else "not-justified"
        work.audit(Action.RELEASE_REVIEWED, request=str(request), link=heard.link or "", outcome=outcome, user=name)
        work.emit(Action.RELEASE_REVIEWED.value, request=str(request))
        return work.requests.get(request)


def overdue(node: Node) -> Sequence[UUID]:
    """Releases in an emergency at which two persons should have looked by now."""
    with node.store.work(node.me) as work:
        return [it.request.request for it in work.requests.recent() if it.is_overdue(node.now())]


def forget(node: Node) -> int:
    """Remove requests, own and others', that are as old as entries of the trail become; how many."""
    before = node.now() - KEPT
    with node.store.work(node.me) as work:
        return work.requests.forget(before) + work.own_requests.forget(before)


@dataclass(frozen=True, slots=True)
class Letting:
    """The rules of a participant that let studies go, over their rows."""

    me: TelematikId
    store: Store

    def all(self) -> Sequence[LettingRule]:
        """In their order."""
        with self.store.work(self.me) as work:
            return work.requests.rules()

    def replace(self, rules: Sequence[LettingRule], *, user: str) -> None:
        """Put these in the place of those that were there."""
        with self.store.work(self.me) as work:
            work.requests.replace_rules(rules)
            names = " ".join(it.name for it in rules)
            work.audit(Action.LETTING_CHANGED, rules=len(rules), names=names, user=user)
            work.emit(Action.LETTING_CHANGED.value, rules=len(rules))
