"""The XDS Document Service of the ePA: IHE messages as values, in SOAP 1.2 with MTOM.

Begin with `documents_of`, or with `XdsDocumentService` over a way of one's own, such as `posting`. Whether an entryUUID
that a submitter chooses is kept by the registry, as IHE asks, is not certain for every record system: search before a
document is replaced.
"""

from ti_adapter.epa.xds.client import Post, XdsDocumentService
from ti_adapter.epa.xds.errors import (
    XdsConflict,
    XdsError,
    XdsFault,
    XdsMalformed,
    XdsNotFound,
    XdsNotPermitted,
    XdsRequestRefused,
    XdsUnavailable,
)
from ti_adapter.epa.xds.metadata import Author, Metadata, Registered
from ti_adapter.epa.xds.names import INSTITUTION_PATH
from ti_adapter.epa.xds.posting import documents_of, posting
from ti_adapter.epa.xds.providing import Provided
from ti_adapter.epa.xds.query import Found, Search
from ti_adapter.epa.xds.retrieving import Retrieval, Retrieved, Wanted
from ti_adapter.epa.xds.submission import SubmissionSet
from ti_adapter.epa.xds.updating import UpdateForm

__all__ = [
    "INSTITUTION_PATH",
    "Author",
    "Found",
    "Metadata",
    "Post",
    "Provided",
    "Registered",
    "Retrieval",
    "Retrieved",
    "Search",
    "SubmissionSet",
    "UpdateForm",
    "Wanted",
    "XdsConflict",
    "XdsDocumentService",
    "XdsError",
    "XdsFault",
    "XdsMalformed",
    "XdsNotFound",
    "XdsNotPermitted",
    "XdsRequestRefused",
    "XdsUnavailable",
    "documents_of",
    "posting",
]
