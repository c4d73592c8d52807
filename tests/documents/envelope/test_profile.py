from __future__ import annotations

from pathlib import Path

import pytest

from linkexchange.documents.envelope import load, shipped
from linkexchange.documents.envelope import profile as module
from linkexchange.errors import SettingRefused

EPA = (Path(module.__file__).parent / "profiles" / "epa.toml").read_text()
SECRET = "Geheim-Wert"


@pytest.mark.parametrize("name", ["epa", "mado"])
def test_a_shipped_profile_can_be_read(name: str) -> None:
    assert shipped(name).formats


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda text: text.replace('code = "BEF"', f'code = "{SECRET}^A"'), "class_code.code"),
        (lambda text: text.replace('code = "BEF"', 'code = ""'), "class_code.code"),
        (lambda text: text.replace('code = "BEF"', "code = 1"), "class_code.code"),
        (lambda text: text.replace("1.3.6.1.4.1.19376.3.276.1.5.8", f"urn:oid:{SECRET}"), "class_code.system"),
        (lambda text: text.replace('"de-DE"', f'"{SECRET}!"'), "language_code"),
        (lambda text: text.replace("[type_code]", "[typecode]"), "type_code"),
        (lambda text: text + '\n[formats."text/html"]\ncode = "x"\nsystem = "1.2"\ndisplay = "x"\n', "formats"),
        (lambda text: text + '\n[content_profiles]\n"text/html" = "https://a.example/b"\n', "content_profiles"),
        (lambda text: text + f'\n[content_profiles]\n"application/dicom" = "{SECRET}"\n', "content_profiles"),
        (lambda text: text.replace('accession_authority = ""', f'accession_authority = "{SECRET}"'), "accession"),
        (lambda text: f'unknown = "{SECRET}"\n' + text, "unknown: extra_forbidden"),
        (lambda text: text + "\n[", "not TOML"),
        (lambda text: text + "#" * 1024 * 1024, "larger than"),
    ],
)
def test_a_profile_that_is_wrong_is_refused_by_the_name_of_its_key(change: object, key: str, tmp_path: Path) -> None:
    file = tmp_path / "profile.toml"
    file.write_text(change(EPA))  # type: ignore[operator]
    with pytest.raises(SettingRefused, match=r"profile\.toml") as refused:
        load(file)
    assert key in str(refused.value)
    assert SECRET not in str(refused.value)


def test_a_profile_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingRefused, match="cannot be read"):
        load(tmp_path / "none.toml")
