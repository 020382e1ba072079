"""Version 1: one folder per noun. The order here is the order of the document."""

from api.v1.actions.routes import blp as actions
from api.v1.acts.routes import blp as acts
from api.v1.admissions.routes import blp as admissions
from api.v1.agenda_items.routes import blp as agenda_items
from api.v1.agreements.routes import blp as agreements
from api.v1.analyses.routes import blp as analyses
from api.v1.announcements.routes import blp as announcements
from api.v1.asks.routes import blp as asks
from api.v1.calendar_feeds.routes import blp as calendar_feeds
from api.v1.candidate_searches.routes import blp as candidate_searches
from api.v1.career_events.routes import blp as career_events
from api.v1.charters.routes import blp as charters
from api.v1.check_ins.routes import blp as check_ins
from api.v1.checklists.routes import blp as checklists
from api.v1.clients.routes import blp as clients
from api.v1.cohorts.routes import blp as cohorts
from api.v1.commitments.routes import blp as commitments
from api.v1.comparisons.routes import blp as comparisons
from api.v1.concerns.routes import blp as concerns
from api.v1.connections.routes import blp as connections
from api.v1.consents.routes import blp as consents
from api.v1.content_settings.routes import blp as content_settings
from api.v1.contribution_requests.routes import blp as contribution_requests
from api.v1.curricula.routes import blp as curricula
from api.v1.events.routes import blp as events
from api.v1.facilitations.routes import blp as facilitations
from api.v1.fidelity.routes import blp as fidelity
from api.v1.findings.routes import blp as findings
from api.v1.group_invitations.routes import blp as group_invitations
from api.v1.groups.routes import blp as groups
from api.v1.health.routes import blp as health
from api.v1.imports.routes import blp as imports
from api.v1.instruments.routes import blp as instruments
from api.v1.invitations.routes import blp as invitations
from api.v1.jobs.routes import blp as jobs
from api.v1.matching_runs.routes import blp as matching_runs
from api.v1.me.routes import blp as me
from api.v1.meeting_guests.routes import blp as meeting_guests
from api.v1.meetings.routes import blp as meetings
from api.v1.mentors.routes import blp as mentors
from api.v1.metrics.routes import blp as metrics
from api.v1.my_words.routes import blp as my_words
from api.v1.named_documents.routes import blp as named_documents
from api.v1.notice_preferences.routes import blp as notice_preferences
from api.v1.opportunities.routes import blp as opportunities
from api.v1.organizations.routes import blp as organizations
from api.v1.participants.routes import blp as participants
from api.v1.partners.routes import blp as partners
from api.v1.people.routes import blp as people
from api.v1.pooled_reports.routes import blp as pooled_reports
from api.v1.products.routes import blp as products
from api.v1.programs.routes import blp as programs
from api.v1.received_reports.routes import blp as received_reports
from api.v1.recipes.routes import blp as recipes
from api.v1.releases.routes import blp as releases
from api.v1.reports.routes import blp as reports
from api.v1.resources.routes import blp as resources
from api.v1.retrospectives.routes import blp as retrospectives
from api.v1.role_grants.routes import blp as role_grants
from api.v1.separations.routes import blp as separations
from api.v1.sharing_agreements.routes import blp as sharing_agreements
from api.v1.surveys.routes import blp as surveys
from api.v1.tenant.routes import blp as tenant
from api.v1.tips.routes import blp as tips
from api.v1.trials.routes import blp as trials
from api.v1.verifications.routes import blp as verifications

RESOURCES = (
    tenant,
    clients,
    connections,
    people,
    invitations,
    role_grants,
    me,
    programs,
    instruments,
    cohorts,
    participants,
    partners,
    consents,
    imports,
    recipes,
    separations,
    matching_runs,
    comparisons,
    analyses,
    trials,
    groups,
    admissions,
    group_invitations,
    charters,
    check_ins,
    asks,
    acts,
    tips,
    checklists,
    opportunities,
    agreements,
    retrospectives,
    curricula,
    fidelity,
    health,
    concerns,
    facilitations,
    mentors,
    commitments,
    announcements,
    meetings,
    meeting_guests,
    agenda_items,
    actions,
    content_settings,
    my_words,
    calendar_feeds,
    notice_preferences,
    resources,
    products,
    career_events,
    metrics,
    surveys,
    verifications,
    findings,
    organizations,
    candidate_searches,
    reports,
    sharing_agreements,
    releases,
    received_reports,
    pooled_reports,
    contribution_requests,
    named_documents,
    jobs,
    events,
)
