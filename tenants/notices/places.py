"""The groups of which somebody is written to, and the clock by which she is: SQL that all notices share.

Written to is whoever has joined and has an address: of others only a roster speaks, or they have answered nothing yet.
Not told is a group that she has left or is away from, whose program sends no notices, or in whose program she has
objected to being matched, or withdrawn from it.
"""

from tenants.cohorts.covered import refused
from tenants.groups.presence import there
from tenants.kernel.base import listed

GONE = ("declined", "ineligible", "paused", "withdrawn")
WRITTEN_TO = "m.person_id IS NOT NULL AND coalesce(m.chosen_email, m.email) IS NOT NULL"
"""SQL: whether the somebody of a membership m is written to at all."""
PLACE = """group_member gm
      JOIN peer_group g ON g.tenant_id = gm.tenant_id AND g.id = gm.group_id
      JOIN participant p ON p.tenant_id = gm.tenant_id AND p.id = gm.participant_id
      JOIN cohort c ON c.tenant_id = p.tenant_id AND c.id = p.cohort_id
      JOIN program r ON r.tenant_id = c.tenant_id AND r.id = c.program_id"""
"""SQL of a place, with its group, participant, cohort and program."""
HEARS = f"""{there("gm")} AND g.state <> 'formed'
       AND p.state NOT IN ({listed(GONE)}) AND r.notices AND NOT {refused("matching")}"""
"""SQL: whether the holder of a place hears of its group, be it that it has ended."""
IS_TOLD = f"{HEARS} AND g.state <> 'ended'"
"""SQL: whether the holder of a place is told of its group."""
USUAL_ZONE = f"""(SELECT coalesce(CASE WHEN NOT {refused("matching")} THEN (
                SELECT p.attributes -> a.key ->> 'time_zone' FROM attribute a
                 WHERE a.tenant_id = c.tenant_id AND a.program_id = c.program_id AND a.kind = 'availability'
                   AND jsonb_typeof(p.attributes -> a.key) = 'object' ORDER BY a.key LIMIT 1) END, c.time_zone)
          FROM participant p JOIN cohort c ON c.tenant_id = p.tenant_id AND c.id = p.cohort_id
         WHERE p.tenant_id = m.tenant_id AND p.membership_id = m.id
         ORDER BY p.state IN ({listed(GONE)}), p.id DESC LIMIT 1)"""  # noqa: S608 - constants of ours are put in
"""SQL: the zone of a membership m where she has named none: that in which she said when she is free, else her
cohort's; of the cohort that she takes part in since lately."""
