"""Every table: each process that writes imports this, so that foreign keys find what they refer to."""

import tenants.access.models
import tenants.cohorts.models
import tenants.cohorts.partner_models
import tenants.groups.agreement_models
import tenants.groups.coming
import tenants.groups.models
import tenants.groups.pulse
import tenants.institutions.models
import tenants.kernel.events
import tenants.kernel.idempotency
import tenants.kernel.jobs
import tenants.kernel.kept
import tenants.kernel.keys
import tenants.kernel.mail
import tenants.matching.models
import tenants.meetings.agenda_models
import tenants.meetings.models
import tenants.notices.models
import tenants.outcomes.models
import tenants.outcomes.organizations.models
import tenants.outcomes.surveys.models
import tenants.outcomes.verification.models
import tenants.people.models
import tenants.reporting.models
import tenants.reporting.named.models
import tenants.reporting.pools.models
import tenants.reporting.release_models
import tenants.reporting.sharing_models
import tenants.support.care_models
import tenants.support.models
import tenants.support.resource_models  # noqa: F401
from tenants.kernel.base import Base

METADATA = Base.metadata
