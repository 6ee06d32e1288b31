#!/usr/bin/env python3
"""Prints which downloads pinned in a pins.toml have a newer release.

    ci/outdated-pins.py [--json]

Looks up wheels and source distributions with pip and its own settings, and Debian packages with apt-cache if it is
installed. Needs Python 3.11 or newer with pip. The exit status is 1 only if a look-up failed.
"""
import argparse
import json
import re
import shutil
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Pins that are not to be updated, with the reason.
HELD = {
    ("opencv-python-headless", "4.5.5.64"): "the OpenCV release that is built here, as the reference",
    ("opencv-python-headless", "4.14.0.94"): "the OpenCV release with which the face detector is compared",
    ("numpy", "1.26.4"): "the last numpy that OpenCV 4.5.5's wheel was compiled for",
}


def pins():
    """Every pin as (file, kind of registry, name, version), without duplicates."""
    found = []
    for path in sorted(ROOT.rglob("pins.toml")):
        file = path.relative_to(ROOT)
        if file.parts[0] == "target":
            continue
        for section, entries in tomllib.loads(path.read_text()).items():
            for entry in entries if isinstance(entries, list) else [entries]:
                for pin in (entry, *entry.get("origin", [])):
                    if section == "assembler":
                        found.append((str(file), "debian", pin["package"], pin["version"]))
                    elif pin.get("kind") == "sdist":
                        found.append((str(file), "python", pin["package"], pin["package_version"]))
                    elif "name" in pin:
                        found.append((str(file), "python", pin["name"], pin["version"]))
    return list(dict.fromkeys(found))


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}").splitlines()[-1]
        raise RuntimeError(last)
    return done.stdout


def newest(kind, name):
    """The newest release, or None without apt-cache or a candidate."""
    if kind == "debian":
        if not shutil.which("apt-cache"):
            return None
        candidate = re.search(r"Candidate: (\S+)", output("apt-cache", "policy", name))
        return candidate and candidate[1]
    # pip would have to build some source distributions to get their metadata; wheels have the same releases.
    answer = output(sys.executable, "-m", "pip", "index", "versions", "--disable-pip-version-check", name)
    return re.search(r"\((\S+)\)", answer)[1]


def look_up(pin):
    file, kind, name, version = pin
    entry = {"file": file, "registry": kind, "name": name, "pinned": version}
    try:
        entry["newest"] = newest(kind, name)
    except (RuntimeError, TypeError) as error:
        return entry | {"status": "failed", "reason": str(error)}
    if reason := HELD.get((name, version)):
        return entry | {"status": "held", "reason": reason}
    if entry["newest"] is None:
        return entry | {"status": "unknown", "reason": "no apt-cache on this machine"}
    return entry | {"status": "current" if entry["newest"] == version else "outdated"}


def main():
    parser = argparse.ArgumentParser(description="Prints which pinned downloads have a newer release.")
    parser.add_argument("--json", action="store_true", help="print a list of JSON objects")
    options = parser.parse_args()
    with ThreadPoolExecutor(8) as pool:
        entries = list(pool.map(look_up, pins()))
    if options.json:
        print(json.dumps(entries, indent=2))
    else:
        for entry in entries:
            reason = f" ({entry['reason']})" if "reason" in entry else ""
            print(
                f"{entry['status']:9} {entry['name']:32} {entry['pinned']:14} "
                f"newest {entry.get('newest') or '-':14} {entry['file']}{reason}"
            )
    return any(entry["status"] == "failed" for entry in entries)


if __name__ == "__main__":
    sys.exit(main())
