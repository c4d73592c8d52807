"""The examples of the profiles are good documents, and one that lacks something is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from linkexchange.commands import app

EXAMPLES = sorted((Path(__file__).parents[2] / "fhir-profiles/examples").iterdir())


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_of_the_profiles_is_good(file: Path) -> None:
    result = CliRunner().invoke(app, ["validate", str(file)])
    assert (result.exit_code, "error" in result.stdout) == (0, False)


def test_an_example_without_its_digest_is_not(tmp_path: Path) -> None:
    broken = tmp_path / "broken.xml"
    broken.write_text(
        EXAMPLES[0].read_text().replace("StructureDefinition/manifest-digest", "StructureDefinition/other")
    )
    result = CliRunner().invoke(app, ["validate", str(broken)])
    assert (result.exit_code, "error" in result.stdout) == (1, True)
