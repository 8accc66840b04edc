"""Stand-ins at the end of the pipeline: a PagerDuty on loopback that can be told to misbehave."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace


class Pagerduty:
    """Answers with what stands in ``script``, then 202; keeps what it took."""

    def __init__(self):
        self.taken = []
        self.asked = []
        self.script = []
        owner = self

        class Desk(BaseHTTPRequestHandler):
            def do_POST(self):
                event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                owner.asked.append(event)
                status, headers, body = owner.next()
                if status == "hang":
                    time.sleep(0.6)
                    return
                if status == "reset":
                    return
                if status == 202 and isinstance(body, dict):
                    owner.taken.append(event)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                raw = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.wfile.write(raw)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v2/enqueue"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self._thread.start()

    def next(self):
        step = self.script.pop(0) if self.script else 202
        if isinstance(step, tuple):
            return step
        return step, {}, {"status": "success" if step == 202 else "said"}

    @property
    def actions(self):
        return [event["event_action"] for event in self.taken]

    @property
    def incidents(self):
        """Open alerts by their key, as PagerDuty would show them."""
        shown = {}
        for event in self.taken:
            if event["event_action"] == "trigger":
                shown[event["dedup_key"]] = event["payload"]["summary"]
            else:
                shown.pop(event["dedup_key"], None)
        return shown

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


def context(milliseconds=120_000):
    """Lambda's context object."""
    return SimpleNamespace(
        invoked_function_arn="arn:aws:lambda:us-east-1:111122223333:function:alerts",
        aws_request_id="request",
        function_name="alerts",
        memory_limit_in_mb=512,
        get_remaining_time_in_millis=lambda: milliseconds,
    )
