"""A small service with a hole: what it is asked to do by /eval it does itself, /job hands to its helper program."""
import ctypes  # loaded at the start, so that the hole adds no library
import http.server
import os
import socket
import subprocess


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/report":
            self.answer(subprocess.run(["sh", "/opt/service/report.sh"], capture_output=True).stdout)
        elif self.path.startswith("/f/"):
            with open("/srv/data/" + os.path.basename(self.path), "rb") as file:
                self.answer(file.read())
        else:
            self.answer(b"hello")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/job":
            subprocess.run(["/usr/local/bin/worker"], input=body, env={})
        elif self.path == "/eval":
            exec(compile(body, "request", "exec"), {"os": os, "socket": socket, "ctypes": ctypes})
        self.answer(b"done")

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, text, *values):
        with open("/var/log/service.log", "a") as log:
            log.write(text % values + "\n")


http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
