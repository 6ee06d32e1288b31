"""Prints, as a JSON object, what pip is configured with: `pip_settings.py NAME...`. Where no index is named, it is the one that
pip itself would ask. `pip config` would not do: it obeys the configuration that it shows, and does not say which of several
files counts."""
import json
import sys

from pip._internal.configuration import Configuration
from pip._internal.exceptions import PipError
from pip._internal.models.index import PyPI

configuration = Configuration(isolated=False)
try:
    configuration.load()
except PipError as error:
    sys.exit(str(error))
settings = {"index-url": PyPI.simple_url}
# As for pip install, the later ones win.
for section in ("global", "install", ":env:"):
    for name in sys.argv[1:]:
        try:
            value = configuration.get_value(f"{section}.{name}")
        except PipError:
            continue
        if value:
            settings[name] = value
print(json.dumps(settings))
