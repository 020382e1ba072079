"""`make bench`: every figure is a ratio measured in one run. Ends with 1 when one does not hold."""

import sys

from bench import authenticated, import_rows, list_read, many_tenants

if __name__ == "__main__":
    held = [benchmark.main() for benchmark in (authenticated, list_read, import_rows, many_tenants)]
    sys.exit(0 if all(held) else 1)
