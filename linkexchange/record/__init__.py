"""What the record is told about a link: that it is there, that another one is in its place, that it was withdrawn.

    published → bring → the document, and beside it the companion page      `telling`, `page`
    withdrawn → close → their closing versions

A crash may come between the storing of a document and the note of its entry. So it is noted before that the record may
have the document, and whoever comes after a crash looks whether it has, under the document's own uniqueId. The record
takes each uniqueId once: a worker that froze while it stored, and wakes when another has done its work, stores nothing.
The jobs of one study run in one line. What the record refuses for lack of an entitlement waits for one.
"""

from linkexchange.record.entries import title_of
from linkexchange.record.telling import CLOSE_JOB, WITHDRAW_JOB, bring, close, defer_close, defer_withdrawal

__all__ = ["CLOSE_JOB", "WITHDRAW_JOB", "bring", "close", "defer_close", "defer_withdrawal", "title_of"]
