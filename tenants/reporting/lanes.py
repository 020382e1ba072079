"""Counting in two lanes at a time, as of one moment: PostgreSQL gives what a connection asks for one processor."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import count

from tenants.kernel.claims import Claim
from tenants.kernel.session import expect_many_rows
from tenants.reporting.counting import Counting
from tenants.reporting.metric import Found, Metric
from tenants.reporting.metrics import OF_PRODUCTS


def counted(
    claim: Claim, counting: Counting, metrics: Sequence[Metric], funders: Sequence[str]
) -> tuple[list[Found], str]:
    """What each metric finds, in their order, and the digest of all that was counted.

    What is counted of products is staged in the session of `counting`, in which people are put down; the rest in one
    beside it. Raises what a metric does, Cancelled and LeaseLost.
    """
    done = count(1)

    def lane(counting: Counting, its: Iterable[Metric]) -> dict[str, Found]:
        found = {}
        for metric in its:
            found[metric.name] = metric.count(counting)
            claim.progress(next(done) / (len(metrics) + 2))
        return found

    def beside() -> dict[str, Found]:
        expect_many_rows(other.session)
        other.count_people(funders)
        return lane(other, [each for each in metrics if each.name not in OF_PRODUCTS])

    with claim.session(snapshot=counting.session.moment) as session, ThreadPoolExecutor(1) as thread:
        other = Counting(session, counting.scope, threshold=counting.threshold)
        rest = thread.submit(beside)
        found = lane(counting, [each for each in metrics if each.name in OF_PRODUCTS]) | rest.result()
    digest = sha256(f"{counting.digest}:{other.digest}".encode()).hexdigest()
    return [found[each.name] for each in metrics], digest
