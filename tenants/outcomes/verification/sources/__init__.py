"""The public sources, each behind one small interface: `found.Source`."""

from collections.abc import Mapping

from tenants.outcomes.verification.sources import crossref, nih_reporter, openalex, orcid, pubmed
from tenants.outcomes.verification.sources.found import Source

SOURCES: Mapping[str, Source] = {
    "nih_reporter": nih_reporter.NihReporter(),
    "pubmed": pubmed.PubMed(),
    "crossref": crossref.Crossref(),
    "openalex": openalex.OpenAlex(),
    "orcid": orcid.Orcid(),
}
"""By the name that callers use, in the order in which they are asked."""
