"""How many associations a PACS bears at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from linkexchange.dicom.dimse import ECHO, FIND
from linkexchange.dicom.probe.visit import Visit
from linkexchange.errors import PacsRejectsNode, PacsUnavailable
from linkexchange.model.findings import Answer, Check, Finding


def associations(visit: Visit) -> Iterator[Finding]:
    """How many associations may be open at once, up to a limit; all are released again."""
    why = "no more were tried"
    with ExitStack() as held:
        for count in range(visit.limits.associations):
            try:
                open_one = held.enter_context(visit.call(ECHO, FIND))
            except (PacsUnavailable, PacsRejectsNode) as limit:
                if count == 0:
                    raise
                why = limit.detail
                break
            if not open_one.contexts:
                raise PacsUnavailable("no association could be held open")
            visit.max_associations = count + 1
    yield Finding(Check.ASSOCIATIONS, Answer.YES, f"{visit.max_associations} at once; {why}")
