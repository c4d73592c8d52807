"""One request as the operations see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.konnektor.names import Dialect, Spoken
from ti_adapter.simulator.konnektor import answers, requests
from ti_adapter.simulator.konnektor.faults import Fault
from ti_adapter.simulator.konnektor.requests import CONTEXT, Children
from ti_adapter.simulator.konnektor.state import SimulatedKonnektor

WARNING_CODE: Final = 4090


@dataclass(frozen=True, slots=True)
class Call:
    """One request to one version of a service."""

    konnektor: SimulatedKonnektor
    dialect: Dialect
    offered: Spoken
    message: etree._Element

    def children(self, *names: str, optional: tuple[str, ...] = ()) -> Children:
        """The children of the message, with the context checked."""
        found = requests.children(self.message, names, optional=optional)
        self.konnektor.check_context(requests.context(found[CONTEXT]))
        return found

    def status(self) -> etree._Element:
        """OK, or the warning that is switched on."""
        if Fault.WARNING in self.konnektor.faults:
            return answers.status(answers.error(WARNING_CODE, self.konnektor.clock()))
        return answers.status()


Operation = Callable[[Call], Awaitable["etree._Element"]]  # noqa: SLF001
