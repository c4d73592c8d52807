"""The search of the FHIR-VZD by Telematik-ID, page by page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import httpx

from ti_adapter.vzd.answer import ask
from ti_adapter.vzd.entry import DirectoryEntry, Resource, VzdMalformed, read_entry

SERVICES: Final = "/search/HealthcareService"
PAGES_MAX: Final = 10

_TELEMATIK_ID = re.compile(r"[1-9][0-9]?-[\x21-\x7e]+")
_TELEMATIK_ID_MAX = 128
_SPECIAL = re.compile(r"([\\$,|])")
_FORM = "application/fhir+json"


def find(http: httpx.Client, telematik_id: str, token: str) -> DirectoryEntry | None:
    """The active organisation with this Telematik-ID, or None. `http` has the directory's origin as its `base_url`.

    At most ten pages of 1 MiB are read, all of them from that origin, since the token goes along. Raises ValueError
    for what is no Telematik-ID; `VzdRefused`, `VzdSilent`, `VzdMalformed`.
    """
    if len(telematik_id) > _TELEMATIK_ID_MAX or not _TELEMATIK_ID.fullmatch(telematik_id):
        raise ValueError("no Telematik-ID")
    query = {
        "organization.active": "true",
        "endpoint.status": "active",
        "_include": "*",
        "organization.identifier": _SPECIAL.sub(r"\\\1", telematik_id),
    }
    first = http.build_request("GET", SERVICES, params=query).url
    resources = [it for page in _pages(http, first, token) for it in _resources(page)]
    return read_entry(resources, telematik_id)


def _pages(http: httpx.Client, first: httpx.URL, token: str) -> Iterator[Resource]:
    address = first
    for _ in range(PAGES_MAX):
        page = _page(http, address, token)
        yield page
        following = _next(page, address)
        if following is None:
            return
        address = following
    raise VzdMalformed("pages")


def _page(http: httpx.Client, address: httpx.URL, token: str) -> Resource:
    headers = {"Authorization": f"Bearer {token}", "Accept": _FORM}
    bundle = ask(http, http.build_request("GET", address, headers=headers))
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "searchset":
        raise VzdMalformed("bundle")
    return bundle


def _resources(page: Resource) -> Iterator[Resource]:
    entries = page.get("entry", [])
    if not isinstance(entries, list):
        raise VzdMalformed("entry")
    for entry in entries:
        match entry:
            case {"resource": dict(resource)}:
                yield resource
            case _:
                raise VzdMalformed("entry")


def _next(page: Resource, current: httpx.URL) -> httpx.URL | None:
    """The next page, where there is one."""
    links = page.get("link", [])
    for link in links if isinstance(links, list) else ():
        match link:
            case {"relation": "next", "url": str(text)}:
                return _same_origin(text, current)
            case _:
                continue
    return None


def _same_origin(text: str, current: httpx.URL) -> httpx.URL:
    try:
        address = current.join(text)
    except httpx.InvalidURL:
        raise VzdMalformed("link") from None
    if (address.scheme, address.netloc, address.userinfo) != (current.scheme, current.netloc, current.userinfo):
        raise VzdMalformed("link")
    return address
