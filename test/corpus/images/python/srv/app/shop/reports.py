import csv
import os
import subprocess
import tempfile
import time


def report():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "report.csv")
        with open(path, "w", newline="") as out:
            csv.writer(out).writerows([i, "item"] for i in range(500))
        with tempfile.NamedTemporaryFile(suffix=".gz") as packed:
            subprocess.run(["gzip", "-c", path], stdout=packed, check=True)
            return f"{os.path.getsize(packed.name)}\n"


def backup():
    name = time.strftime("/backup/carts-%Y%m%d-%H%M%S.tar.gz")
    subprocess.run(["tar", "-czf", name, "-C", "/var/lib", "app"], check=True)
    return "saved\n"
