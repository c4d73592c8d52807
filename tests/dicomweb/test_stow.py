from __future__ import annotations

import json

import pytest
import scripted_stow as stow

from linkexchange.dicomweb.stow import status_of
from linkexchange.errors import PacsUnavailable
from linkexchange.model.identifiers import SopInstanceUid

UID, OTHER = SopInstanceUid("2.25.1"), "2.25.2"
EMPTY = stow.answer()


def test_an_instance_that_is_named_as_stored_is_stored() -> None:
    assert status_of(200, stow.answer(stored=[(OTHER, None), (UID, None)]), UID) == 0


@pytest.mark.parametrize("warning", [0xB000, 0xB006, 0xB007])
def test_f_11_a_warning_is_kept(warning: int) -> None:
    assert status_of(202, stow.answer(stored=[(UID, warning)]), UID) == warning


@pytest.mark.parametrize("warning", [0x0107, 70_000])
def test_an_unknown_warning_is_a_warning_all_the_same(warning: int) -> None:
    assert status_of(200, stow.answer(stored=[(UID, warning)]), UID) == 0xB000


@pytest.mark.parametrize("http_status", [200, 202, 409])
@pytest.mark.parametrize("reason", [0x0110, 0x0122, 0xA700, 0xA900, 0xC000])
def test_a_failure_reason_is_kept(http_status: int, reason: int) -> None:
    assert status_of(http_status, stow.answer(failed=[(UID, reason)]), UID) == reason


def test_1_1_04_a_syntax_that_is_not_supported_is_called_as_in_dimse() -> None:
    assert status_of(409, stow.answer(failed=[(UID, 0xC122)]), UID) == 0x0122


@pytest.mark.parametrize("reason", [0, 0xB000, 0xFF00, 0xFE00, -1, 1 << 40])
def test_a_failure_reason_that_means_no_failure_is_a_failure(reason: int) -> None:
    assert status_of(200, stow.answer(failed=[(UID, reason)]), UID) == 0x0110


def test_an_instance_that_is_named_as_failed_and_as_stored_has_failed() -> None:
    assert status_of(202, stow.answer(stored=[(UID, None)], failed=[(UID, 0xA900)]), UID) == 0xA900


def test_1_1_01_success_by_http_alone_is_not_stored() -> None:
    assert status_of(200, EMPTY, UID) == 0x0110


def test_another_instance_that_is_stored_says_nothing_of_this_one() -> None:
    assert status_of(200, stow.answer(stored=[(OTHER, None)]), UID) == 0x0110


@pytest.mark.parametrize("http_status", [400, 409, 500])
def test_stored_under_a_status_of_failure_is_not_stored(http_status: int) -> None:
    assert status_of(http_status, stow.answer(stored=[(UID, None)]), UID) == 0x0110


ODD: tuple[object, ...] = (None, [], {"Value": None}, {"Value": ["2.25.1", 7]})


@pytest.mark.parametrize(
    "body",
    [b"", b"<NativeDicomModel/>", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 5000]
    + [json.dumps({"00081199": value}).encode() for value in ODD],
)
def test_what_cannot_be_read_is_not_stored(body: bytes) -> None:
    assert status_of(200, body, UID) == 0x0110


@pytest.mark.parametrize("http_status", [429, 503, 507])
def test_f_11_a_service_that_is_busy_or_full_is_out_of_resources(http_status: int) -> None:
    assert status_of(http_status, b"", UID) == 0xA700


@pytest.mark.parametrize("http_status", [301, 401, 403, 404, 405, 411, 501, 502, 504])
def test_a_service_that_does_not_let_us_in_is_unavailable(http_status: int) -> None:
    with pytest.raises(PacsUnavailable, match=f"HTTP {http_status}"):
        status_of(http_status, b"", UID)
