"""What is filed in a record: a document, with the metadata that a codes profile makes of its link."""

from __future__ import annotations

from linkexchange.documents.envelope import CodesProfile, Content, metadata
from linkexchange.model.link import Document, Link
from linkexchange.model.metadata import Filing


def filed(profile: CodesProfile, link: Link, document: Document, title: str) -> Filing:
    """A link document. Raises ValueError where the profile has no format code for its media type."""
    content = Content(document.content, document.media_type.value)
    return Filing(document.content, metadata(link, content, profile, title=title))
