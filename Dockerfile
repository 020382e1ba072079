# The API, the workers, the scheduler and the migrations: one image, told by its command which to be.
FROM python:3.12-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

COPY requirements/production.txt requirements/
RUN pip install --require-hashes -r requirements/production.txt

COPY pyproject.toml README.md LICENSE ./
COPY api api
COPY cli cli
COPY migrations migrations
COPY openapi openapi
COPY tenants tenants
COPY workers workers
# Editable: templates and SQL are read from beside the code that uses them.
RUN pip install --no-deps --no-build-isolation -e . \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin peerloom \
    && install -d -m 0700 -o peerloom /files /compiled

USER peerloom
ENV FILES_URL=file:///files NUMBA_CACHE_DIR=/compiled
# Machine code for this kind of processor; on another kind each worker compiles anew at its start.
RUN peerloom warm
EXPOSE 8000
CMD ["gunicorn", "-c", "python:cli.web", "--bind", "0.0.0.0:8000", "api.app:create_app()"]
