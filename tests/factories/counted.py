"""A program of which a metric is counted by hand: people and what they did, put down row by row."""

import datetime as dt
from datetime import date
from uuid import uuid4

from sqlalchemy import text

from tenants.cohorts.models import Attribute, Cohort, Participant, ParticipantChange, Program
from tenants.kernel.ids import new_id
from tenants.outcomes.models import CareerEvent, Product, ProductContributor
from tenants.people.models import ConsentEntry, Membership
from tenants.reporting.counting import Counting
from tenants.reporting.metric import Found
from tenants.reporting.metrics import METRICS
from tenants.reporting.scope import Scope
from tenants.reporting.suppression.model import Printed, key_of
from tenants.reporting.suppression.system import system_of

AS_OF = date(2026, 9, 1)
DAY = dt.datetime(2026, 8, 1, tzinfo=dt.UTC)
LATER = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)


class Tables:
    """The tables that were counted, as they are before anything is hidden."""

    def __init__(self, found, digest):
        self.all = found.tables
        self.exact = found.exact
        self.digest = digest

    def __call__(self, name, **part):
        """The cells of a table that are not empty, in one part of its spread."""
        table = next(each for each in self.all if each.name == name)
        cells = {key: number for key, number in table.whole(AS_OF).cells.items() if number.value}
        if part:
            whole = {key_of({**dict(table.within), **dict(key), **part}): key for key in table.keys()}  # noqa: SIM118 - it is no mapping
            cells = {
                whole[key]: number for key, number in sums(table).items() if key in whole and number.value
            }
        return {tuple(code for _, code in key): number.value for key, number in cells.items() if key}

    def few(self, name):
        return next(each for each in self.all if each.name == name).few

    def silent(self, name):
        return next(each for each in self.all if each.name == name).silent


def sums(table):
    """Every cell with what it is a part of."""
    system = system_of((table.shape,))
    return dict(zip(system.keys, map(Printed, system.values(table.counts).tolist()), strict=True))


class Several:
    """Some metrics, the later of which may go by what the earlier staged."""

    def __init__(self, *metrics):
        self.METRIC = self
        self.metrics = metrics

    def count(self, counting):
        found = [metric.count(counting) for metric in self.metrics]
        return Found(
            [table for each in found for table in each.tables],
            [figure for each in found for figure in each.exact],
        )


EVERY = Several(*METRICS)


class Circle:
    """A program with a cohort, to which people and what they did are added."""

    def __init__(self, session):
        self.session = session
        self.program = self.add(Program(name="Circles", labels={}))
        self.cohorts = [self.add(Cohort(program_id=self.program.id, name=str(n))) for n in range(2)]

    def add(self, row):
        self.session.add(row)
        self.session.flush()
        return row

    def counted(self, metric, *cohorts, **parts):
        """What a metric counts, by name of the table and, outside, of the funder whose part is told."""
        ids = tuple(cohort.id for cohort in cohorts or self.cohorts[:1])
        scope = Scope(self.session.tenant_id, self.program.id, ids, AS_OF, **parts)
        with self.session.begin_nested() as savepoint:
            counting = Counting(self.session, scope)
            counting.count_people(self.program.funders)
            found = metric.METRIC.count(counting)
            savepoint.rollback()
        return Tables(found, counting.digest)

    def joined(self, membership=None, *, cohort=0, **values):
        membership = membership or self.add(Membership(external_id=str(uuid4()), identifiers={}))
        return self.add(Participant(cohort_id=self.cohorts[cohort].id, membership_id=membership.id, **values))

    def changed(self, participant, state, at):
        self.add(ParticipantChange(participant_id=participant.id, source="api", state=state, created_at=at))

    def agreed(self, *participants, purpose, funder=None):
        for each in participants:
            entry = {"membership_id": each.membership_id, "program_id": self.program.id, "purpose": purpose}
            said = {"decision": "granted", "said_by": "institution", "wording_version": "Invented form"}
            self.add(ConsentEntry(**entry, **said, funder=funder))

    def refused(self, *participants, purpose):
        """Each says herself that she objects."""
        for each in participants:
            entry = {"membership_id": each.membership_id, "program_id": self.program.id, "purpose": purpose}
            said = {
                "decision": "objected",
                "said_by": "person",
                "wording": "Invented",
                "wording_version": "1",
            }
            self.session.identify(membership_id=each.membership_id, person_id=None)
            self.add(ConsentEntry(**entry, **said))

    def knows(self, key, kind, **told):
        told = {"levels": [], "uses": ["demographics"], "open": False, **told}
        fixed = {"label": key, "required": False, "sensitive": False, "answered_by": "either"}
        self.add(Attribute(program_id=self.program.id, key=key, kind=kind, **fixed, **told))

    def did(self, participant, kind, day=None, **more):
        fields = {"visibility": "program", "natural_key": str(uuid4()), **more}
        self.add(CareerEvent(membership_id=participant.membership_id, kind=kind, date=day, **fields))

    def made(self, *participants, **more):
        fields = {"kind": "talk", "visibility": "program", "natural_key": str(uuid4()), **more}
        product = self.add(Product(**fields))
        for participant in participants:
            self.add(ProductContributor(product_id=product.id, membership_id=participant.membership_id))
        return product

    def grouped(self, *participants, left=(), state="active", at=DAY, origin="matched"):
        group = new_id()
        known = {"tenant": self.session.tenant_id, "cohort": self.cohorts[0].id, "group": group, "at": at}
        self.session.execute(
            text(
                "INSERT INTO peer_group (tenant_id, id, cohort_id, name, state, origin, created_at)"
                " VALUES (:tenant, :group, :cohort, 'A', :state, :origin, :at)"
            ),
            {**known, "state": state, "origin": origin},
        )
        for participant in participants:
            member = {"id": new_id(), "who": participant.id, "membership": participant.membership_id}
            self.session.execute(
                text(
                    "INSERT INTO group_member (tenant_id, id, group_id, participant_id, membership_id, created_at)"
                    " VALUES (:tenant, :id, :group, :who, :membership, :at)"
                ),
                {**known, **member},
            )
            if participant in left:
                self.session.execute(
                    text("UPDATE group_member SET left_at = :at WHERE tenant_id = :tenant AND id = :id"),
                    {**known, "id": member["id"]},
                )
        return group
