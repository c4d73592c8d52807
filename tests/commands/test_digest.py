"""`linkexchange digest`: what an administrator lays beside a proof."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
import shipped
from digests import digest_of_file
from pydicom import dcmread
from typer.testing import CliRunner, Result

from linkexchange.commands import app


def run(*files: Path) -> Result:
    return CliRunner().invoke(app, ["digest", *map(str, files)])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("study")
    study = shipped.study(("CT_small.dcm", "JPEG2000.dcm", "test-SR.dcm"), copies=1)
    for uid, part10 in study.part10.items():
        (folder / uid).write_bytes(part10)
    return sorted(folder.iterdir())


def test_each_file_has_a_line_with_the_digests_of_the_proof(files: list[Path]) -> None:
    result = run(*files)
    pixels = [dcmread(file).get("PixelData") for file in files]
    assert result.exit_code == 0
    assert [line.split() for line in result.output.splitlines()] == [
        [digest_of_file(file.read_bytes()), sha256(value).hexdigest() if value else "-", str(file)]
        for file, value in zip(files, pixels, strict=True)
    ]


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_told(files: list[Path], tmp_path: Path) -> None:
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(files[0].read_bytes()[:-100])
    result = run(cut, files[1])
    assert result.exit_code == 1
    assert f"{cut}: " in result.stderr
    assert result.stdout.startswith(digest_of_file(files[1].read_bytes()))
