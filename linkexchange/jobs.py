"""The queue: procrastinate tasks, one line each into a use case. Retries live here and nowhere else.

Arguments are ids only. A job is safe to run twice, and any worker may take it over: a worker whose heartbeat has
stopped loses its jobs to the others after `stalled_seconds`. Pulls of each purpose have a queue and slots of their own,
so that an emergency never waits for a prefetch to end, nor a prefetch for ever. What a job raises decides what happens
next: `Unavailable` is tried again with growing pauses, anything else ends the job.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import structlog
from procrastinate import App, BaseRetryStrategy, PsycopgConnector, RetryDecision
from procrastinate.connector import BaseConnector
from procrastinate.exceptions import ConnectorException, ProcrastinateException
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

from linkexchange import (
    asking,
    dispatch,
    doctor,
    notice,
    outbox,
    patients,
    publish,
    pull,
    push,
    record,
    releasing,
    serve,
    weigh,
)
from linkexchange.errors import Fault, Overtaken, PacsBusy, StateUnavailable, Unavailable
from linkexchange.model.identifiers import LinkId, StudyUid, TelematikId
from linkexchange.model.readiness import Finding, is_due
from linkexchange.ports import Node
from linkexchange.xdt import PatientFolder

RETRY_MAX_SECONDS = 15 * 60
_QUEUES = ("default", asking.QUEUE, *pull.QUEUES.values())
CONNECTIONS_MAX = 4 + len(_QUEUES)
"""So many the queue needs at once."""
PROBE_JOB = "probe"
REMIND_JOB = "remind"
PROBE_HOUR = 3
ENDING_SECONDS = 20.0
"""So long a worker that ends by itself waits for its jobs: meanwhile it takes none, however urgent."""
RENEWAL_SECONDS = 3600.0
"""So often each worker looks whether its machine's certificate is due."""
EVENING_JOB = "evening"
WALK_HOUR = 18
"""Early enough for somebody to enter a PIN before the night."""
_UNHEARD_SECONDS = (0.1, 0.5, 2.0)
"""After these pauses the end of a job is said again where the database has not heard it."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient the queue is, and how many jobs of each queue are run at once."""

    concurrency: int
    stalled_seconds: float
    retry_seconds: float
    retry_attempts: int
    offers_seconds: float
    watch_seconds: float = 60.0


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


class InsistentManager(JobManager):
    """Says how a job has ended until the database has heard it, and at once that a queue is worked off no more.

    The queue says it once. A job whose end was not heard, since a connection broke at that moment, would count as
    running for as long as this worker lives, and nobody would carry its transfer on. What has failed otherwise comes
    into `failures`, since the queue tells it only when all of its jobs have ended.
    """

    def __init__(self, connector: BaseConnector) -> None:
        super().__init__(connector)
        self.failures: asyncio.Queue[ConnectorException] = asyncio.Queue()

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        """Close it."""
        await _until_heard(lambda: super(InsistentManager, self).finish_job(job, status, delete_job))

    async def retry_job(self, *job: Any, **changes: Any) -> None:
        """Give it back to the queue."""
        await _until_heard(lambda: super(InsistentManager, self).retry_job(*job, **changes))

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        """Take one. Fails where this worker was counted as dead."""
        with self._noting_failure():
            return await super().fetch_job(queues, worker_id)

    async def update_heartbeat(self, worker_id: int) -> None:
        """Say that it lives."""
        with self._noting_failure():
            await super().update_heartbeat(worker_id)

    @contextmanager
    def _noting_failure(self) -> Iterator[None]:
        try:
            yield
        except ConnectorException as failure:
            self.failures.put_nowait(failure)
            raise


async def _until_heard(say: Callable[[], Awaitable[None]]) -> None:
    """Raises `ConnectorException` also where somebody else has said it before: then once more does no harm."""
    for pause in _UNHEARD_SECONDS:
        with suppress(ConnectorException):
            return await say()
        await asyncio.sleep(pause)
    return await say()


def is_last(attempts: int, pace: Pace) -> bool:
    """Whether the attempt that just failed was the last one."""
    return attempts + 1 >= pace.retry_attempts


def tasks(node: Node, connector: PsycopgConnector, pace: Pace) -> App:
    """The application with every task of a node."""
    app = App(connector=connector)
    app.job_manager = InsistentManager(app.connector)
    patience = Patience(pace)

    @app.task(name=pull.JOB, retry=patience, pass_context=True)
    def pull_study(context: JobContext, transfer: str) -> None:
        _pull(node, UUID(transfer), last=is_last(context.job.attempts, pace), pause_seconds=pace.retry_seconds)

    @app.task(name=pull.RECEIPT_JOB, retry=patience)
    def send_receipt(transfer: str) -> None:
        pull.receipt(node, UUID(transfer))

    @app.task(name=publish.ANNOUNCE_JOB, retry=patience)
    def announce(link: str) -> None:
        publish.announce(node, LinkId(link))

    @app.task(name=record.WITHDRAW_JOB, retry=patience)
    def withdraw(link: str) -> None:
        publish.carry_withdrawal(node, LinkId(link))

    @app.task(name=record.CLOSE_JOB, retry=patience)
    def close(link: str) -> None:
        record.close(node, LinkId(link))

    @app.periodic(cron="7 * * * *")
    @app.task(name=REMIND_JOB, queueing_lock=REMIND_JOB)
    def remind(timestamp: int) -> None:
        publish.remind(node)
        see_to_requests(node)

    @app.periodic(cron="0 * * * *")
    @app.task(name=PROBE_JOB, queueing_lock=PROBE_JOB)
    def probe(timestamp: int) -> None:
        probe_all(node, datetime.fromtimestamp(timestamp, UTC))

    _add_walks(app, node)
    _add_sending(app, node, patience)
    _add_asking(app, node, patience, pace)
    return app


def _add_walks(app: App, node: Node) -> None:
    """Every quarter of an hour it is asked whether a walk is due; whoever waits for the card asks for one at once."""

    @app.periodic(cron="*/15 * * * *")
    @app.task(name=EVENING_JOB, queueing_lock=EVENING_JOB, lock=doctor.WALK_LINE)
    def evening(timestamp: int) -> None:
        walk_when_due(node, datetime.fromtimestamp(timestamp, UTC))

    @app.task(name=doctor.WALK_JOB)
    def walk() -> None:
        walk_ti(node)

    @app.task(name=doctor.SUSPECT_JOB)
    def walk_if_suspected() -> None:
        walk_suspected(node)


def _add_asking(app: App, node: Node, patience: Patience, pace: Pace) -> None:
    """What asks a PACS for the watcher, and may have to wait for its turn there."""
    in_line = partial(_in_line, node, pace)

    @app.task(name=notice.POLL_JOB)
    def poll(pacs: str, place: str = "") -> None:
        with in_line(notice.POLL_JOB, place, pacs=pacs) as mine:
            _poll(node, pacs, mine)

    @app.task(name=notice.LOOK_JOB, retry=patience)
    def look(pacs: str, study: str, place: str = "") -> None:
        with in_line(notice.LOOK_JOB, place, pacs=pacs, study=study) as mine:
            notice.look(node, pacs, StudyUid(study), mine)

    @app.task(name=notice.FIND_JOB, retry=patience)
    def find(pacs: str, accession: str, place: str = "") -> None:
        with in_line(notice.FIND_JOB, place, pacs=pacs, accession=accession) as mine:
            notice.find_studies(node, pacs, accession, mine)

    @app.task(name=serve.FRESHEN_JOB, retry=patience)
    def freshen(link: str, place: str = "") -> None:
        with in_line(serve.FRESHEN_JOB, place, link=link) as mine:
            publish.freshen(node, LinkId(link), mine)


def _add_sending(app: App, node: Node, patience: Patience) -> None:
    @app.task(name=push.OFFER_JOB, retry=patience)
    def offer(link: str, receiver: str) -> None:
        push.offer(node, LinkId(link), TelematikId(receiver))

    @app.task(name=serve.DISPATCH_JOB, retry=patience)
    def report_dispatch(transfer: str, requester: str, link: str, resolver: str = "") -> None:
        dispatch.report(node, UUID(transfer), TelematikId(requester), LinkId(link), resolver)

    @app.task(name=releasing.JUDGE_JOB, retry=patience)
    def judge(request: str) -> None:
        releasing.judge(node, UUID(request))

    @app.task(name=releasing.ASK_JOB)
    def ask(request: str) -> None:
        releasing.look(node, UUID(request))

    @app.task(name=outbox.CLEAR_JOB, retry=patience)
    def clear_outbox() -> None:
        outbox.clear(node)


def see_to_requests(node: Node) -> None:
    """Say into the log which releases in an emergency two persons should have looked at by now; forget what is old."""
    releasing.forget(node)
    weigh.forget(node.store, node.me, now=node.now())
    for request in releasing.overdue(node):
        _log.warning("a release in an emergency is not reviewed", request=str(request))


def probe_all(node: Node, at: datetime) -> None:
    """Probe every PACS at three by the clock of the house; the queue, whose hours are UTC, asks every hour."""
    if at.astimezone().hour != PROBE_HOUR:
        return
    for probed in doctor.probe_all(node):
        if probed.changes:
            _log.warning("a PACS differs from the last probe", pacs=probed.findings.pacs, changes=probed.changes)


def walk_when_due(node: Node, at: datetime) -> None:
    """Walk the chain to the TI in the evening by the clock of the house, and again and again while an alarm stands."""
    with node.store.work(node.me) as work:
        last = work.walks.latest()
    if is_due(last, at.astimezone(), WALK_HOUR):
        walk_ti(node)


def walk_suspected(node: Node) -> None:
    """Walk it, unless somebody who had the same suspicion has walked it meanwhile, and was right."""
    with node.store.work(node.me) as work:
        known = doctor.has_alarm(work)
    if not known:
        walk_ti(node)


def walk_ti(node: Node) -> None:
    """Walk it, and say into the log what fails."""
    walked = doctor.ti(node)
    for found in walked.readiness.blocks:
        _log.warning("would stop a pull tonight", **_seen(found))
    for found in walked.readiness.warns:
        _log.warning("will not last long", **_seen(found))


def _seen(found: Finding) -> dict[str, str]:
    return {"step": found.step.value, "subject": found.subject, "reason": str(found.reason), "detail": found.detail}


@contextmanager
def _in_line(node: Node, pace: Pace, job: str, place: str, **ids: str) -> Iterator[UUID]:
    """The place of a job in line at a PACS. One that could not ask it yet gets a new job: nothing is lost by waiting.

    The queue's own new attempt would fail where another one like it waits already, and this one would run for ever.
    """
    mine = UUID(place) if place else uuid4()
    try:
        yield mine
    except StateUnavailable:
        raise
    except Unavailable as later:
        _log.info("put off", job=job, code=later.code)
        waits = later.after_seconds is not None
        seconds = pace.retry_seconds if waits else max(pace.retry_seconds, pace.watch_seconds)
        notice.put_off(node, job, mine, seconds=seconds, **ids)


def _poll(node: Node, pacs: str, place: UUID) -> None:
    """What fails is not tried again: the next round is a new poll."""
    try:
        notice.poll(node, pacs, place)
    except PacsBusy:
        raise
    except Fault as fault:
        _log.warning("PACS not polled", pacs=pacs, code=fault.code)


def _pull(node: Node, transfer: UUID, *, last: bool, pause_seconds: float) -> None:
    """Carry a transfer on; the last attempt ends it, and so does a bug of ours, which then crashes the job loudly.

    What only waits for its turn has not failed: it gets a new job.
    """
    try:
        pull.run(node, transfer)
    except Overtaken:
        _log.warning("overtaken by another worker", transfer=str(transfer))
    except Unavailable as later:
        _log.info("transfer waits", transfer=str(transfer), code=later.code)
        if later.after_seconds is not None:
            pull.again(node, transfer, after_seconds=max(later.after_seconds, pause_seconds))
            return
        if last:
            pull.give_up(node, transfer, later.code)
        raise
    except Exception:
        pull.give_up(node, transfer, "internal-error")
        raise


async def work(
    node: Node,
    connector: PsycopgConnector,
    pace: Pace,
    *,
    destination: str,
    patient_files: PatientFolder | None = None,
    beside: Sequence[tuple[float, Callable[[], object]]] = (),
) -> None:
    """Run jobs until SIGTERM or SIGINT; take up offers for `destination` and take over what dead workers left.

    What a practice system leaves in `patient_files` is read beside, and so is what else is done every so many seconds.
    """
    app = tasks(node, connector, pace)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(len(_QUEUES) * pace.concurrency + 4))
    async with app.open_async():
        rounds = _rounds(node, pace, destination, patient_files)
        missed = "the audit trail was not looked after; in the next round again"
        others = (_again(seconds, call, missed, log=_log.warning) for seconds, call in beside)
        tasks_beside = [asyncio.create_task(one) for one in (_heed(app), _rescue(app, node, pace), *rounds, *others)]
        try:
            await _run(app, pace, tasks_beside)
        finally:
            for task in tasks_beside:
                task.cancel()
            await asyncio.gather(*tasks_beside, return_exceptions=True)


def _rounds(
    node: Node, pace: Pace, destination: str, patient_files: PatientFolder | None
) -> Iterator[Coroutine[Any, Any, None]]:
    """What a worker does again and again beside its jobs."""
    watch = partial(notice.go_round, node)
    yield _again(pace.watch_seconds, watch, "not all studies watched; in the next round again", log=_log.warning)
    offers = partial(pull.take_offers, node, destination)
    yield _again(pace.offers_seconds, offers, "offers not asked for", log=_log.info)
    asked = partial(releasing.go_round, node)
    yield _again(pace.offers_seconds, asked, "own requests not asked about", log=_log.info)
    if patient_files:
        files = partial(patients.take_files, patients.Index.of(node), patient_files)
        missed = "files of the practice system not read"
        yield _again(pace.offers_seconds, files, missed, log=_log.info, heeds=Unavailable)
    yield _again(RENEWAL_SECONDS, node.renew, "certificate not renewed", log=_log.warning)
    if node.spool:
        yield _again(pace.offers_seconds, partial(outbox.settle, node), "outbox not settled", log=_log.info)


async def _run(app: App, pace: Pace, beside: Sequence[asyncio.Task[None]]) -> None:
    """Take jobs from every queue, each with slots of its own, until a signal or the end of one ends all.

    So does what runs beside: a worker that no longer takes over would leave what others have lost where it is.
    """
    taking = [asyncio.create_task(_take(app, pace, queue)) for queue in _QUEUES]
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, taking[0].cancel)
    await asyncio.wait([*taking, *beside], return_when=asyncio.FIRST_COMPLETED)
    told = taking[0].cancelled()
    for one in taking:
        one.cancel()
    _, lasting = await asyncio.wait(taking, timeout=None if told else ENDING_SECONDS)
    ended = [it.exception() for it in (*beside, *taking) if it.done() and not it.cancelled()]
    _end(list(filter(None, ended)), at_once=bool(lasting))


def _end(failures: Sequence[BaseException], *, at_once: bool) -> None:
    """Raise why; `at_once`: leave jobs behind that still run, whose threads nothing else could end."""
    if at_once:
        _log.error("this worker ends without its jobs, which are taken over", exc_info=failures[0])
        os._exit(1)
    for failure in failures:
        raise failure


async def _heed(app: App) -> None:
    """Fail as soon as the queue does: its worker takes nothing from then on, and waits for its own jobs to end."""
    assert isinstance(app.job_manager, InsistentManager)
    raise await app.job_manager.failures.get()


async def _take(app: App, pace: Pace, queue: str) -> None:
    """Whoever cancels this waits until the jobs that run have ended. Ends by itself with an exception only."""
    await app.run_worker_async(
        queues=[queue],
        concurrency=pace.concurrency,
        install_signal_handlers=False,
        delete_jobs="successful",
        update_heartbeat_interval=pace.stalled_seconds / 3,
        stalled_worker_timeout=pace.stalled_seconds,
        fetch_job_polling_interval=min(5.0, pace.retry_seconds),
    )
    raise RuntimeError(f"the queue {queue} is worked off no more")


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


async def _again(
    seconds: float, call: Callable[[], object], missed: str, *, log: Callable[..., object], heeds: type[Fault] = Fault
) -> None:
    """Do it again and again; where somebody is down, that is said and it is done later."""
    while True:
        try:
            await asyncio.to_thread(call)
        except heeds as fault:
            log(missed, code=fault.code)
        await asyncio.sleep(seconds)
