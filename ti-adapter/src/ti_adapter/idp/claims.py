"""What becomes of every claim: checked, used, or ignored on purpose; one that is none of these is reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ti_adapter.errors import ProofFailed
from ti_adapter.idp.reason import Reason

Type = type[str] | type[int] | type[list[object]]


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of one kind of token, by what becomes of them, each with its JSON type.

    `checked` and `used` must be there unless `optional` names them. The reference server writes null for what it does
    not know, so null counts as not there.
    """

    checked: Mapping[str, Type]
    used: Mapping[str, Type]
    ignored: frozenset[str]
    optional: frozenset[str] = frozenset()

    def sort(self, said: Mapping[str, object], refused: type[ProofFailed]) -> tuple[dict[str, object], tuple[str, ...]]:
        """Step 8 of whatever has claims: those that count, with proven types, and the names of those nobody knows.

        Raises `refused` where one is missing or of another type. Unknown ones are no reason to refuse, since an IDP may
        add some at any time, but whoever calls can see and report them.
        """
        known = {name: value for name, value in said.items() if value is not None}
        wanted = {**self.checked, **self.used}
        if not wanted.keys() - self.optional <= known.keys():
            raise refused(8, Reason.CLAIMS)
        counting = {name: value for name, value in known.items() if name in wanted}
        if not all(_is_a(wanted[name], value) for name, value in counting.items()):
            raise refused(8, Reason.CLAIMS)
        return counting, tuple(sorted(said.keys() - wanted.keys() - self.ignored))


def _is_a(kind: Type, value: object) -> bool:
    if kind is list:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return isinstance(value, kind) and not isinstance(value, bool)
