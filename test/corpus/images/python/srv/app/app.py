"""A small shop: pages, a price list from another service, carts in SQLite, reports, a log that rotates by size."""
import importlib
import logging
import logging.handlers
import os
import signal
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from shop import carts, reports, settings

settings.load()
log = logging.getLogger("shop")
log.setLevel(logging.INFO)
log.addHandler(logging.handlers.RotatingFileHandler("/var/log/app/app.log", maxBytes=2000, backupCount=3))
signal.signal(signal.SIGHUP, lambda *_: settings.load())


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        log.info("%s %s from a client", time.strftime("%c"), self.path)
        try:
            text = self.answer()
        except Exception as error:  # noqa: BLE001
            text = f"{type(error).__name__}\n"
        self.send_response(404 if text is None else 200)
        self.end_headers()
        self.wfile.write((text or "no\n").encode())

    def answer(self):
        if self.path == "/":
            return settings.current["greeting"] + "\n"
        if self.path == "/stock":
            return urllib.request.urlopen(settings.current["stock"], timeout=5).read().decode()
        if self.path == "/gone":
            return urllib.request.urlopen("http://127.0.0.1:9/", timeout=5).read().decode()
        if self.path == "/cart":
            return carts.add()
        if self.path == "/report":
            return reports.report()
        if self.path == "/backup":
            return reports.backup()
        if self.path.startswith("/use/"):
            return importlib.import_module(self.path[5:]).__name__ + "\n"
        return None

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("", 8080), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
os._exit(0)
