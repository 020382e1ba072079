"""`python -m tenants.reporting.forms FORMAT`: a document in JSON comes in, the form goes out."""

import sys

import orjson

from tenants.reporting.forms.render import RENDER

for piece in RENDER[sys.argv[1]](orjson.loads(sys.stdin.buffer.read())):
    sys.stdout.buffer.write(piece)
