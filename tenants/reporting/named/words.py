"""What documents that name people are called, for how long they are kept, and what each says. Pure."""

from datetime import timedelta

KEPT = timedelta(days=30)
"""For how long the files of such a document are there, so that names do not lie about."""
TITLES = {
    "table_8b": "Training data table 8B: program outcomes, postdoctoral",
    "rppr": "Research Performance Progress Report: products and participants",
}
NOTES = (
    (
        "This document names people. It names those alone who agreed to that, and tells of what came of it only what "
        "they let funders know of: it may not be everybody, nor everything. It is not to be passed on further."
    ),
    "Why somebody was away, or left, is in no document.",
)
