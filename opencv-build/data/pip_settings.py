"""Prints the named pip settings as a JSON object: `pip_settings.py NAME...`. `index-url` defaults to pip's own default.
`pip config` is not usable for this: it obeys the configuration that it shows, and does not say which of several files
takes precedence."""
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
# Later sections take precedence, as for pip install.
for section in ("global", "install", ":env:"):
    for name in sys.argv[1:]:
        try:
            value = configuration.get_value(f"{section}.{name}")
        except PipError:
            continue
        if value:
            settings[name] = value
print(json.dumps(settings))
