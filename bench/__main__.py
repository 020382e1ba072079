"""`make bench`: ratios measured in one run, and what disclosure control takes. Ends with 1 when one does not hold."""

import sys

from bench import authenticated, disclosure, import_rows, list_read, many_tenants, report

if __name__ == "__main__":
    benchmarks = (authenticated, list_read, import_rows, many_tenants, disclosure, report)
    held = [benchmark.main() for benchmark in benchmarks]
    sys.exit(0 if all(held) else 1)
