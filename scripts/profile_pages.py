"""Writes docs/reference/profiles.md and a page for each profile in docs/reference/profiles/, from the shipped package.

.venv/bin/python scripts/profile_pages.py
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from linkexchange import profiles

FOLDER = Path(__file__).parent.parent / "docs/reference"
MADE = "<!-- Made by scripts/profile_pages.py: change fhir-profiles/, run `make profiles`, then it. -->"
Json = Mapping[str, Any]

OVERVIEW = """# Profiles of the link document

*Reference. For whoever writes or checks link documents with other software.*

{made}

The [link document](link-document.md) as FHIR profiles (R4, 4.0.1), version {version}: what is written there in
words, in a form that software can check. The package is `linkexchange/profiles/package` (NPM form, with snapshots);
`scripts/profiles.py --pack FILE` makes a `.tgz` of it. It is compiled from `fhir-profiles/` by `make profiles`,
which needs Node and npm.

The base of all names is `{base}`, a placeholder for the owner's domain. Slicing is open: what a profile does not
name may stand beside it. Slices are told apart by the value or pattern of a direct child. Every count of entries is
an invariant as well, for validators that slice by type in another way. A withdrawn link, and one at level `series`,
keep the same profiles. Examples are in `fhir-profiles/examples/`, made by the writer; what the profiles of IHE MADO
say of them is a [page of its own](mado.md).

What no profile can say, and [the reader](link-document.md#what-the-reader-checks) checks: the digest equals the
listing, no instance stands there twice, references meet, the check digit of the KVNR.

## Profiles

| profile | for | German |
|---|---|---|
{profiles}

## Extensions

| URL | value | for |
|---|---|---|
{extensions}

## Value sets

| value set | codes |
|---|---|
{value_sets}
"""

PAGE = """# {title}

*Reference. For whoever writes or checks link documents with other software. All profiles: [overview](../profiles.md).*

{made}

`{url}|{version}`, a profile of `{base}`.

{english}

*{title_de}*: {german}

## Rules

Elements that are not named are as in FHIR R4.

| element | how often | rule |
|---|---|---|
{elements}
{invariants}"""

INVARIANTS = """
## Invariants

| key | at | rule | FHIRPath |
|---|---|---|---|
{rows}
"""


def pages() -> dict[str, str]:
    """All pages, by their path below docs/reference."""
    made = {f"profiles/{it['id']}.md": page(it) for it in _profiles()}
    return {"profiles.md": overview(), **made}


def overview() -> str:
    """The page that lists everything."""
    return OVERVIEW.format(
        made=MADE,
        version=profiles.version(),
        base=profiles.BASE,
        profiles=_table(
            (f"[{it['id']}](profiles/{it['id']}.md)", it["description"], _german(it)) for it in _profiles()
        ),
        extensions=_table((f"`{it['url']}`", _value(it), it["description"]) for it in _extensions()),
        value_sets=_table((f"`{it['url']}`", _codes(it)) for it in _of("ValueSet")),
    )


def _summary(profile: Json) -> tuple[str, str, str]:
    return f"[{profile['id']}](profiles/{profile['id']}.md)", profile["description"], _german(profile)


def page(profile: Json) -> str:
    """The page of one profile."""
    rows = list(_invariants(profile))
    return PAGE.format(
        made=MADE,
        title=profile["title"],
        title_de=profile["_title"]["extension"][0]["extension"][1]["valueString"],
        url=profile["url"],
        version=profile["version"],
        base=_linked(profile["baseDefinition"]),
        english=profile["description"],
        german=_german(profile),
        elements=_table(_element(it, profile) for it in profile["differential"]["element"]),
        invariants=INVARIANTS.format(rows=_table(rows)) if rows else "",
    )


def _of(kind: str) -> list[Json]:
    return [it for it in profiles.definitions().values() if it["resourceType"] == kind]


def _profiles() -> list[Json]:
    return [it for it in _of("StructureDefinition") if it["type"] != "Extension"]


def _extensions() -> list[Json]:
    return [it for it in _of("StructureDefinition") if it["type"] == "Extension"]


def _german(described: Json) -> str:
    text: str = described["_description"]["extension"][0]["extension"][1]["valueMarkdown"]
    return text


def _value(extension: Json) -> str:
    """Its type, or those of the extensions within."""
    values = [it for it in extension["snapshot"]["element"] if it["id"].endswith(".value[x]") and it["max"] != "0"]
    named = ((it["id"].partition("extension:")[2].removesuffix(".value[x]"), it["type"][0]["code"]) for it in values)
    return ", ".join(f"`{name}` {kind}" if name else kind for name, kind in named)


def _codes(value_set: Json) -> str:
    return "; ".join(_included(it) for it in value_set["compose"]["include"])


def _included(include: Json) -> str:
    concepts = include.get("concept") or profiles.definitions()[include["system"]]["concept"]
    return f"{include['system']}: " + ", ".join(f"`{it['code']}` {it['display']}" for it in concepts)


def _element(element: Json, profile: Json) -> tuple[str, str, str]:
    whole = next(it for it in profile["snapshot"]["element"] if it["id"] == element["id"])
    return f"`{element['id']}`", f"{whole['min']}..{whole['max']}", "; ".join(_rules(element))


def _rules(element: Json) -> Iterator[str]:
    if element.get("max") == "0":
        yield "not allowed"
    for key, value in element.items():
        if key.startswith(("fixed", "pattern")):
            yield ("exactly " if key.startswith("fixed") else "at least ") + _shown(value)
    if "slicing" in element:
        yield "told apart by `" + element["slicing"]["discriminator"][0]["path"] + "`"
    if "binding" in element:
        yield f"{element['binding']['strength']}: `{element['binding']['valueSet'].rpartition('/')[2]}`"
    yield from _types(element)
    if keys := [it["key"] for it in element.get("constraint", ())]:
        yield "invariant " + ", ".join(f"`{it}`" for it in keys)


def _types(element: Json) -> Iterator[str]:
    for kind in element.get("type", ()):
        named = [*kind.get("profile", ()), *kind.get("targetProfile", ())]
        yield f"{kind['code']} {', '.join(map(_linked, named))}".strip()


def _shown(value: Any) -> str:
    """A fixed value, or what of a code or concept is fixed."""
    if isinstance(value, Mapping):
        codings = value.get("coding", [value])
        return ", ".join(f"`{it.get('system', '')}#{it.get('code', '')}`" for it in codings)
    return f"`{value}`"


def _linked(url: str) -> str:
    name = url.rpartition("/")[2]
    return f"[{name}]({name}.md)" if name in {it["id"] for it in _profiles()} else name


def _invariants(profile: Json) -> Iterator[tuple[str, ...]]:
    for element in profile["differential"]["element"]:
        for it in element.get("constraint", ()):
            yield f"`{it['key']}`", f"`{element['id']}`", it["human"], f"`{it['expression']}`"


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows)


def main() -> None:
    """Write the pages."""
    (FOLDER / "profiles").mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
