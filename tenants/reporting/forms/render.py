"""Every form by its format. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tenants.reporting.forms.pages import as_html, as_pdf
from tenants.reporting.forms.plain import as_csv, as_json
from tenants.reporting.forms.workbook import as_xlsx

RENDER: Mapping[str, Callable[[Mapping[str, Any]], Iterator[bytes]]] = {
    "json": as_json,
    "csv": as_csv,
    "pdf": as_pdf,
    "html": as_html,
    "xlsx": as_xlsx,
}
"""By format."""
