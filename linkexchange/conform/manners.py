"""How a peer behaves, as values: what is not mentioned is done as the standard asks.

OriginManners(breaking=Breaking(How.ABORT, after=50))
DestinationManners(refusing=Refusing(0xA700, times=3))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from linkexchange.conform.images import Instance
from linkexchange.conform.units import Request


class How(Enum):
    """How a conversation ends before its time."""

    ABORT = "A-ABORT"
    RELEASE = "A-RELEASE-RQ in the middle"
    RESET = "the connection is reset"
    HALF_CLOSE = "this side says no more, and reads on"
    HANG = "silence, with the socket alive"


class Rejection(Enum):
    """A-ASSOCIATE-RJ: result, source and reason (PS3.8 table 9-21)."""

    TRANSIENT = (2, 3, 1)
    LIMIT = (2, 3, 2)
    PERMANENT = (1, 1, 1)
    CALLING_AE = (1, 1, 3)
    CALLED_AE = (1, 1, 7)


class Counts(Enum):
    """What a retrieve says of its sub-operations."""

    HONEST = "as it was"
    NONE = "nothing"
    ALL_DONE = "all were sent"
    NONSENSE = "numbers that rise where they should fall"


class Service(Enum):
    """What a peer offers besides C-ECHO."""

    FIND = "C-FIND"
    GET = "C-GET"
    MOVE = "C-MOVE"
    STORE = "C-STORE"


@dataclass(frozen=True, slots=True)
class Breaking:
    """A conversation breaks off after so many whole instances, or `within` the next one.

    It does so on the first `times` associations on which instances travel; None: on every one. An origin
    with UIDs `only` breaks off `within` these, whatever has come before.
    """

    how: How
    after: int = 0
    within: bool = False
    times: int | None = None
    only: frozenset[str] = frozenset()

    def is_due(self, travelled: int, *, within: bool, uid: str) -> bool:
        """Whether it is to be here."""
        place = uid in self.only if self.only else travelled == self.after
        return place and self.within == within


@dataclass(frozen=True, slots=True)
class Refusing:
    """An instance is answered with a status: the first `times` that it comes (None: always); `only` these UIDs."""

    status: int
    times: int | None = None
    only: frozenset[str] = frozenset()

    @property
    def is_kept(self) -> bool:
        """Success and warnings: the instance is stored all the same."""
        return self.status == 0 or self.status & 0xF000 == 0xB000


@dataclass(frozen=True, slots=True)
class Scene:
    """Where nonsense is said: the context and number of the message that waits for an answer, and a storage context."""

    context: int
    number: int
    storage: int


Nonsense = Callable[[Scene], Iterator[bytes]]
"""What comes instead of an answer to a message, in pieces; see `hostile`."""
Misnegotiation = Callable[[Request], Iterator[bytes]]
"""What comes instead of an A-ASSOCIATE-AC."""


@dataclass(frozen=True, slots=True)
class Admission:
    """To whom a peer opens, and what it agrees to.

    It rejects the first `rejections` callers, or whoever is beyond `most` at once (with `Rejection.LIMIT`). Only
    `callers` are known where any are named. `syntaxes` are those that it accepts for storage, empty for any: of several
    in one context the first. `silent` never says the first word. `instead` comes in place of the A-ASSOCIATE-AC.
    """

    rejects: Rejection | None = None
    rejections: int | None = None
    most: int | None = None
    callers: frozenset[str] = frozenset()
    services: frozenset[Service] = frozenset(Service)
    syntaxes: tuple[str, ...] = ()
    sop_classes: tuple[str, ...] = ()
    grants_roles: bool = True
    silent: bool = False
    instead: Misnegotiation | None = None


@dataclass(frozen=True, slots=True)
class OriginManners:
    """How an archive is asked and answers.

    `withheld` is listed and counted as sent, but never comes. `unlisted` comes and is not listed. `late` appears
    only on associations after the first that listed instances. `surplus` comes with whatever is asked for. `named`
    gives the UID that a C-STORE says in place of the one in its data set. `status` ends a retrieve; `pause_seconds`
    lie before each instance and each answer, `drip_seconds` between the fragments of an instance. With
    `pending_for_ever` a retrieve says that it goes on, and nothing comes; one that `finds_for_ever` tells of the same
    again and again. `instead` comes in place of the first answer to a retrieve, `find_instead` to a C-FIND.

    C-MOVE: `late_moves` come after the final answer, `names_originator` is whether sub-operations say who has asked,
    and they are dealt out to `move_associations`.
    """

    admission: Admission = Admission()
    breaking: Breaking | None = None
    withheld: frozenset[str] = frozenset()
    unlisted: frozenset[str] = frozenset()
    late: tuple[Instance, ...] = ()
    surplus: tuple[Instance, ...] = ()
    named: Mapping[str, str] = field(default_factory=dict)
    repeats: int = 1
    backwards: bool = False
    status: int = 0
    find_status: int = 0
    counts: Counts = Counts.HONEST
    pending_for_ever: bool = False
    finds_for_ever: bool = False
    tells_classes: bool = True
    pause_seconds: float = 0
    drip_seconds: float = 0
    instead: Nonsense | None = None
    find_instead: Nonsense | None = None
    late_moves: int = 0
    names_originator: bool = True
    move_associations: int = 1


@dataclass(frozen=True, slots=True)
class DestinationManners:
    """How a Storage SCP takes what it is sent.

    `early` answers before the data set has ended, `wrong_number` answers to a message that was never sent,
    `forgets` says that it has stored these and has not. One that `stores_unanswered` keeps the instance at which it
    breaks off. `instead` comes in place of the first C-STORE-RSP of an association.
    """

    admission: Admission = Admission()
    breaking: Breaking | None = None
    refusing: Refusing | None = None
    forgets: frozenset[str] = frozenset()
    pause_seconds: float = 0
    wrong_number: bool = False
    early: bool = False
    stores_unanswered: bool = False
    instead: Nonsense | None = None
