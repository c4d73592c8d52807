"""The invariants of the profiles, asked of a document by a FHIRPath engine."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

from linkexchange import profiles

Json = dict[str, Any]

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import fhirpathpy
    from fhirpathpy.models import models


def broken(bundle: Json) -> list[str]:
    """Keys of the invariants of ours that a document breaks, each resource held to the profile that it names."""
    resources = [bundle, *(entry["resource"] for entry in bundle["entry"])]
    return [key for it in resources for key, expression in asked(_profile(it)) if not holds(it, expression)]


def _profile(resource: Json) -> str:
    named: str = resource["meta"]["profile"][0]
    return named.partition("|")[0]


def holds(resource: Json, expression: str) -> bool:
    """Whether an expression is true of a resource."""
    return bool(_compiled(expression)(resource, {"resource": resource}) == [True])


@cache
def _compiled(expression: str) -> Any:
    return fhirpathpy.compile(expression, models["r4"])


@cache
def asked(url: str) -> tuple[tuple[str, str], ...]:
    """Key and whole expression of each invariant of a profile, and of those that it is made from."""
    profile = profiles.definitions()[url]
    base = profile["baseDefinition"]
    inherited = asked(base) if base in profiles.definitions() and profile["type"] != "Extension" else ()
    return (*inherited, *_own(profile, ""))


def _own(profile: Any, within: str) -> Iterator[tuple[str, str]]:
    elements = {it["id"]: it for it in profile["snapshot"]["element"]}
    for element in profile["differential"]["element"]:
        extensions = [
            url for it in element.get("type", ()) if it["code"] == "Extension" for url in it.get("profile", ())
        ]
        constraints = element.get("constraint", ())
        if not extensions and not constraints:
            continue
        where = within + _path(element["id"], elements)
        for it in constraints:
            yield it["key"], f"{where.lstrip('.')}.all({it['expression']})" if where else it["expression"]
        for url in extensions:
            yield from _own(profiles.definitions()[url], where)


def _path(identifier: str, elements: Json) -> str:
    """An element's id as FHIRPath: a slice is what its discriminator says."""
    steps, so_far = "", identifier.partition(".")[0]
    for step in identifier.split(".")[1:]:
        so_far = f"{so_far}.{step}"
        name, _, is_slice = step.partition(":")
        steps += "." + name.removesuffix("[x]") + (_where(so_far, elements) if is_slice else "")
    return steps


def _where(identifier: str, elements: Json) -> str:
    """Only slices that are told apart by one fixed value, or by the URL of an extension."""
    kinds = elements[identifier].get("type", ())
    if urls := [url for kind in kinds if kind["code"] == "Extension" for url in kind.get("profile", ())]:
        return f".where(url = '{urls[0]}')"
    (child,) = elements[re.sub(r":[^:.]+$", "", identifier)]["slicing"]["discriminator"]
    fixed = elements[f"{identifier}.{child['path']}"]
    return f".where({child['path']} = '{next(value for key, value in fixed.items() if key.startswith('fixed'))}')"
