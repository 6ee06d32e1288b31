"""Downloads the source distribution of a Python package, which pip would build: `download.py REQUIREMENT FILE [BYTES]`, by
the index that INDEX_URL names. With BYTES only so many from its beginning; what follows is never asked for."""
import os
import sys

from packaging.requirements import Requirement
from unearth import PackageFinder
from unearth.auth import MultiDomainBasicAuth
from unearth.fetchers.sync import PyPIClient

requirement, path = sys.argv[1:3]
wanted = int(sys.argv[3]) if len(sys.argv) > 3 else None
indexes = [os.environ["INDEX_URL"]] if "INDEX_URL" in os.environ else []
# Nobody is there to be asked for a password.
session = PyPIClient(timeout=60, follow_redirects=True)
session.auth = MultiDomainBasicAuth(prompting=False, index_urls=indexes)
finder = PackageFinder(session, index_urls=indexes, no_binary=[Requirement(requirement).name])
package = finder.find_best_match(requirement).best
if package is None:
    sys.exit(f"the package index has no source distribution of {requirement}")
# As it is stored: a server must not compress it once more.
with session.get_stream(package.link.normalized, headers={"Accept-Encoding": "identity"}) as answer:
    answer.raise_for_status()
    done = 0
    with open(path, "wb") as file:
        for chunk in answer.iter_raw():
            chunk = chunk if wanted is None else chunk[: wanted - done]
            file.write(chunk)
            done += len(chunk)
            if done == wanted:
                break
