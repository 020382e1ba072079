"""The worker process itself: it ends when it is told to."""

import subprocess
import sys

WHERE_NOTHING_HEARS_AN_EXCEPTION = """
import os, signal, sys, redis
from rq import Queue
from rq.serializers import JSONSerializer
from workers.main import TenantWorker

class Swallowing:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(1000):  # the handler runs here, and Python drops what it raises
            pass

class Told(TenantWorker):
    def procline(self, message):  # the last thing before an idle worker waits
        Swallowing()

connection = redis.Redis.from_url(sys.argv[1])
queues = [Queue("nobody-rings-here", connection=connection, serializer=JSONSerializer)]
Told(queues, connection=connection, serializer=JSONSerializer).work(logging_level="WARNING")
"""


def test_a_stop_whose_exception_was_swallowed_is_heard_all_the_same(settings):
    command = [sys.executable, "-c", WHERE_NOTHING_HEARS_AN_EXCEPTION, settings.redis_url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "Exception ignored in: <function Swallowing.__del__" in done.stderr
    assert done.returncode == 0
