"""The fast path for instances: without it a large document would have more elements than a walk looks at."""

from __future__ import annotations

import pytest
from link_samples import HINT, link

from linkexchange import profiles
from linkexchange.documents import write
from linkexchange.model.link import MediaType
from linkexchange.validation import Severity, validate
from linkexchange.validation.definitions import shipped
from linkexchange.validation.listing import LISTING, is_understood


@pytest.mark.parametrize("url", ["ImagingStudy", f"{profiles.BASE}/StructureDefinition/link-imaging-study"])
def test_every_rule_of_the_snapshot_about_an_instance_is_understood(url: str) -> None:
    assert is_understood(shipped().nodes(url)[LISTING])


@pytest.mark.slow
@pytest.mark.parametrize("media_type", MediaType)
def test_a_document_of_10000_instances_in_20_series_is_walked_to_its_end(media_type: MediaType) -> None:
    report = validate(write(link(*[500] * 20), media_type, node_url_hint=HINT))
    assert [it for it in report.findings if it.severity is Severity.ERROR] == []
