"""The queue: procrastinate tasks, one line each into a use case. Retries live here and nowhere else.

Arguments are ids only. A job is safe to run twice, and any worker may take it over: a worker whose heartbeat has
stopped loses its jobs to the others after `stalled_seconds`. What a job raises decides what happens next: `Unavailable`
is tried again with growing pauses, anything else ends the job.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from procrastinate import App, BaseRetryStrategy, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ProcrastinateException
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job

from linkexchange import publish, pull, push
from linkexchange.errors import Fault, Overtaken, Unavailable
from linkexchange.model.identifiers import LinkId, TelematikId
from linkexchange.ports import Node

RETRY_MAX_SECONDS = 15 * 60
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient the queue is."""

    concurrency: int
    stalled_seconds: float
    retry_seconds: float
    retry_attempts: int
    offers_seconds: float


class Patience(BaseRetryStrategy):
    """Try again only what may work later."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Pauses double from `retry_seconds` up to a quarter of an hour."""
        if not isinstance(exception, Unavailable) or is_last(job.attempts, self._pace):
            return None
        pause = min(self._pace.retry_seconds * 2 ** min(job.attempts, 20), RETRY_MAX_SECONDS)
        return RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=pause))


def is_last(attempts: int, pace: Pace) -> bool:
    """Whether the attempt that just failed was the last one."""
    return attempts + 1 >= pace.retry_attempts


def tasks(node: Node, database_url: str, pace: Pace) -> App:
    """The application with every task of a node."""
    app = App(connector=PsycopgConnector(conninfo=database_url, min_size=1, max_size=4))
    patience = Patience(pace)

    @app.task(name=pull.JOB, retry=patience, pass_context=True)
    def pull_study(context: JobContext, transfer: str) -> None:
        _pull(node, UUID(transfer), last=is_last(context.job.attempts, pace))

    @app.task(name=pull.RECEIPT_JOB, retry=patience)
    def send_receipt(transfer: str) -> None:
        pull.receipt(node, UUID(transfer))

    @app.task(name=publish.ANNOUNCE_JOB, retry=patience)
    def announce(link: str) -> None:
        publish.announce(node, LinkId(link))

    @app.task(name=publish.WITHDRAW_JOB, retry=patience)
    def withdraw(link: str) -> None:
        publish.carry_withdrawal(node, LinkId(link))

    @app.task(name=push.OFFER_JOB, retry=patience)
    def offer(link: str, receiver: str) -> None:
        push.offer(node, LinkId(link), TelematikId(receiver))

    return app


def _pull(node: Node, transfer: UUID, *, last: bool) -> None:
    """Carry a transfer on; the last attempt ends it, and so does a bug of ours, which then crashes the job loudly."""
    try:
        pull.run(node, transfer)
    except Overtaken:
        _log.warning("overtaken by another worker", transfer=str(transfer))
    except Unavailable as later:
        _log.info("transfer waits", transfer=str(transfer), code=later.code)
        if last:
            pull.give_up(node, transfer, later.code)
        raise
    except Exception:
        pull.give_up(node, transfer, "internal-error")
        raise


async def work(node: Node, database_url: str, pace: Pace, *, destination: str) -> None:
    """Run jobs until SIGTERM or SIGINT; take up offers for `destination` and take over what dead workers left."""
    app = tasks(node, database_url, pace)
    async with app.open_async():
        beside = [asyncio.create_task(_rescue(app, node, pace))]
        if destination:
            beside.append(asyncio.create_task(_take_offers(node, pace, destination)))
        try:
            await app.run_worker_async(
                concurrency=pace.concurrency,
                delete_jobs="successful",
                update_heartbeat_interval=pace.stalled_seconds / 3,
                stalled_worker_timeout=pace.stalled_seconds,
                fetch_job_polling_interval=min(5.0, pace.retry_seconds),
            )
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)


async def _rescue(app: App, node: Node, pace: Pace) -> None:
    """Give the jobs of silent workers back to the queue, and see that no transfer has lost its job."""
    while True:
        try:
            await _take_over(app, pace)
            for transfer in await asyncio.to_thread(pull.resume, node):
                _log.warning("transfer without a job queued again", transfer=str(transfer))
        except (ProcrastinateException, Unavailable) as later:
            _log.warning("not all looked through; in the next round again", error=type(later).__name__)
        await asyncio.sleep(pace.stalled_seconds / 3)


async def _take_over(app: App, pace: Pace) -> None:
    """Raises `ProcrastinateException` also where another worker was quicker with the same job."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=pace.stalled_seconds):
        _log.warning("job taken from a silent worker", job=job.task_name, number=job.id)
        await app.job_manager.retry_job(job)


async def _take_offers(node: Node, pace: Pace, destination: str) -> None:
    """Ask the hub for offers, again and again; a hub that is down is asked later."""
    while True:
        try:
            await asyncio.to_thread(pull.take_offers, node, destination)
        except Fault as fault:
            _log.info("offers not asked for", code=fault.code)
        await asyncio.sleep(pace.offers_seconds)
