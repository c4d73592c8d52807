"""What is filed in a record: a link document or its companion page, with the metadata that a codes profile makes."""

from __future__ import annotations

from linkexchange.documents.companion import MEDIA_TYPE, companion, unique_id_of
from linkexchange.documents.envelope import CodesProfile, Content, metadata
from linkexchange.model.link import Document, Link
from linkexchange.model.metadata import Filing


def filed(profile: CodesProfile, link: Link, document: Document, title: str) -> Filing:
    """A link document. Raises ValueError where the profile has no format code for its media type."""
    content = Content(document.content, document.media_type.value)
    return Filing(document.content, metadata(link, content, profile, title=title))


def paged(profile: CodesProfile, address: str, link: Link, title: str) -> Filing:
    """The companion page of a link. Raises ValueError where the profile has no format code for PDF."""
    page = companion(link, title=title, address=address)
    content = Content(page.content, MEDIA_TYPE)
    told = metadata(link, content, profile, title=page.title, unique_id=unique_id_of(link.link))
    return Filing(page.content, told)
