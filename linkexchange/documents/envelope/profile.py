"""The codes that metadata are made with: a file per environment, checked when it is read.

Whether a record system takes a document depends on them, and no two environments agree: so none stands in code.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError

from linkexchange.documents import companion
from linkexchange.errors import SettingRefused
from linkexchange.model.identifiers import Oid
from linkexchange.model.link import MediaType
from linkexchange.model.metadata import Coding

KOS_MIME_TYPE = "application/dicom"
MIME_TYPES = frozenset({MediaType.XML.value, MediaType.JSON.value, KOS_MIME_TYPE, companion.MEDIA_TYPE})
"""What a link document can be (FHIR in two encodings, a DICOM Key Object Selection), and its companion page."""

SHIPPED = ("epa", "mado")
_FOLDER = Path(__file__).parent / "profiles"
_MAX_BYTES = 1024 * 1024


def _oid(value: str) -> str:
    return Oid(value)


def _language(value: str) -> str:
    if not value.isascii() or not value.replace("-", "").isalnum():
        raise ValueError("not a language code")
    return value


def _mime_types(formats: dict[str, CodingRow]) -> dict[str, CodingRow]:
    if not formats:
        raise ValueError("none")
    _known(formats)
    return formats


def _known(table: Mapping[str, object]) -> Mapping[str, object]:
    if not table.keys() <= MIME_TYPES:
        raise ValueError(f"only {', '.join(sorted(MIME_TYPES))}")
    return table


_System = Annotated[str, AfterValidator(_oid)]
_Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s|]+$", max_length=256)]
_Code = Annotated[str, StringConstraints(pattern=r"^[^\s^&~|\\](?:[^^&~|\\\x00-\x1f]*[^\s^&~|\\])?$", max_length=256)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class CodingRow(_Table):
    """A `Coding` as a profile writes it."""

    code: _Code
    system: _System
    display: str
    uri: str = ""

    @property
    def value(self) -> Coding:
        """As metadata have it."""
        return Coding(self.code, self.system, self.display, self.uri)


class Words(_Table):
    """A code of a system that its table names, and what it is called."""

    code: _Code
    display: str


class Modalities(_Table):
    """The modalities that the event code list may name, by DICOM's code; others are left out."""

    system: _System
    codes: dict[_Code, str]
    uri: str = ""


class Regions(_Table):
    """What the event code list says for a region of the body, by SNOMED CT code; others are left out."""

    system: _System
    codes: dict[_Code, Words]
    uri: str = ""


class CodesProfile(_Table):
    """All codes of the metadata of one environment. `formats` are the format codes by MIME type: others are refused.

    `accession_authority` is the OID of whoever issues the origin's accession numbers, empty where there is none.
    `types` are codes of other systems for the same type, which FHIR can name beside `type_code` and XDS cannot.
    `content_profiles` are the profiles of FHIR that documents keep, by MIME type: FHIR can name them, and XDS cannot.
    """

    class_code: CodingRow
    type_code: CodingRow
    practice_setting_code: CodingRow
    healthcare_facility_type_code: CodingRow
    confidentiality_code: CodingRow
    formats: Annotated[dict[str, CodingRow], AfterValidator(_mime_types)]
    modalities: Modalities
    regions: Regions
    language_code: Annotated[str, AfterValidator(_language)]
    accession_authority: Annotated[str, AfterValidator(lambda oid: _oid(oid) if oid else "")] = ""
    types: tuple[CodingRow, ...] = ()
    content_profiles: Annotated[Mapping[str, _Url], AfterValidator(_known)] = {}


def shipped(name: str = "epa") -> CodesProfile:
    """A profile that comes along: `epa` (gematik's value sets, the default) or `mado` (IHE RAD MADO)."""
    return load(_FOLDER / f"{name}.toml")


def named(name: str) -> CodesProfile:
    """A shipped one by its name, or the one in a file. Raises `SettingRefused`."""
    return shipped(name) if name in SHIPPED else load(Path(name))


def load(file: Path) -> CodesProfile:
    """Read a profile. Raises `SettingRefused` with the key that is wrong; a value is not repeated."""
    try:
        return CodesProfile.model_validate(_table(file))
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_context=False, include_input=False)[0]
        raise SettingRefused(f"{file.name}: {'.'.join(map(str, first['loc']))}: {first['type']}") from None


def _table(file: Path) -> Mapping[str, object]:
    try:
        content = file.read_bytes()
        if len(content) > _MAX_BYTES:
            raise SettingRefused(f"{file.name}: larger than {_MAX_BYTES} bytes")
        return _frozen(tomllib.loads(content.decode()))
    except OSError:
        raise SettingRefused(f"{file.name}: cannot be read") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        raise SettingRefused(f"{file.name}: not TOML") from None


def _frozen(table: dict[str, object]) -> dict[str, object]:
    """TOML knows lists only, and the profile is a value."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
