from __future__ import annotations

from pathlib import Path

from profiles.script import ROOT, script

PAGES = ROOT / "docs/reference"


def test_the_pages_of_the_profiles_say_what_the_package_says() -> None:
    made = script("profile_pages").pages()
    kept = {name: (PAGES / name).read_text() if (PAGES / name).exists() else "" for name in made}
    assert kept == made, "run scripts/profile_pages.py"


def test_there_is_no_page_of_a_profile_that_is_gone() -> None:
    names = {f"profiles/{it.name}" for it in Path(PAGES / "profiles").iterdir()}
    assert names <= script("profile_pages").pages().keys()
