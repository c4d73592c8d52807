"""When a study began: Study Date and Time as a moment."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo


def study_begin(day: str, time: str, zone: str) -> datetime | None:
    """DA, TM and Timezone Offset From UTC (PS3.3 section C.12.1.1); None where they name no moment.

    Without a zone it is that of this machine, which stands in the same house.
    """
    offset = _zone(zone)
    try:
        moment = datetime.strptime(day + time.partition(".")[0].ljust(6, "0"), "%Y%m%d%H%M%S")  # noqa: DTZ007
        began = moment.replace(tzinfo=offset) if offset else moment.astimezone()
        # In the first and the last hours that a year can have, another zone has no such moment.
        began.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return began


def _zone(offset: str) -> tzinfo | None:
    """A zone such as `+0100`."""
    try:
        return datetime.strptime(offset, "%z").tzinfo
    except ValueError:
        return None
