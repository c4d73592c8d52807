"""Where a walk stands: the path of an element, and the resources that FHIRPath calls %resource and %rootResource."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

Element = Mapping[str, Any]
Resolve = Callable[[str, "Place"], Element | None]


@dataclass(frozen=True, slots=True)
class Place:
    """`entry_url` is the fullUrl of the entry that it lies in, against which relative references are resolved.

    `resolve` gives what a reference leads to from here, `type_name` the element's path in the definition of its type.
    """

    path: str
    resource: Element
    root: Element
    resolve: Resolve
    entry_url: str = ""
    type_name: str = ""

    def at(self, path: str) -> Place:
        """Another element of the same resource. Spelled out, since `replace` takes five times as long."""
        return Place(path, self.resource, self.root, self.resolve, self.entry_url, self.type_name)

    def inside(self, resource: Element) -> Place:
        """A resource that is contained: its own %resource, and the %rootResource of the one around it."""
        return replace(self, resource=resource)
