"""How gunicorn runs the API: its settings file, `gunicorn -c python:cli.web 'api.app:create_app()'`.

Threads, because requests mostly wait for PostgreSQL; two processes, because Python computes in one thread.
"""

import signal
from pathlib import Path
from typing import Protocol

from cli.processes import die_with_parent

bind = "127.0.0.1:8000"
chdir = str(Path(__file__).parents[1])
worker_class = "cli.web_worker.DeadlineWorker"
workers = 2
threads = 8
graceful_timeout = 10
control_socket_disable = True
limit_request_line = 8190
forwarder_headers = ""  # nobody in front of us moves the paths
loglevel = "warning"
proc_name = "peerloom-api"


class _Worker(Protocol):
    ppid: int


def post_fork(_server: object, worker: _Worker) -> None:
    """Called by gunicorn in each new worker process."""
    die_with_parent(signal.SIGKILL, worker.ppid)
