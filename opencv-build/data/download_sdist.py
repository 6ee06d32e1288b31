"""Downloads the source distribution of a Python package without building it, as pip would:
`download_sdist.py REQUIREMENT FILE [BYTES]`. Uses the indexes in pip's environment variables, which are set from the
output of `pip_settings.py`. With BYTES, reads only that many bytes from the beginning. Prints its progress."""
import os
import ssl
import sys
from pathlib import Path

from packaging.requirements import Requirement
from unearth import PackageFinder
from unearth.auth import MultiDomainBasicAuth
from unearth.fetchers.sync import PyPIClient

requirement, path = sys.argv[1:3]
byte_limit = int(sys.argv[3]) if len(sys.argv) > 3 else None


def setting(name, default=""):
    """The value of a pip setting's environment variable; lists are separated by white space."""
    return os.environ.get("PIP_" + name) or default


# The values that pip treats as true.
without_index = setting("NO_INDEX", "0").lower() in ("1", "true", "yes", "on", "y", "t")
indexes = [setting("INDEX_URL"), *setting("EXTRA_INDEX_URL").split()]
indexes = [] if without_index else indexes
links = setting("FIND_LINKS").split()
links = [link if "://" in link else Path(link).expanduser().absolute().as_uri() for link in links]
if not indexes and not links:
    # unearth would use its default index.
    sys.exit("pip's configuration disables package indexes (no-index) and sets no find-links")
trusted = setting("TRUSTED_HOST").split()
verify = True
certificates = setting("CERT") or os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
if certificates or setting("CLIENT_CERT"):
    certificate_argument = "capath" if os.path.isdir(certificates or "") else "cafile"
    verify = ssl.create_default_context(**{certificate_argument: certificates})
if setting("CLIENT_CERT"):
    verify.load_cert_chain(setting("CLIENT_CERT"))
proxy = setting("PROXY", None)
if proxy and "://" not in proxy:
    proxy = "http://" + proxy
session = PyPIClient(
    timeout=60, follow_redirects=True, trusted_hosts=trusted, verify=verify, proxy=proxy
)
session.auth = MultiDomainBasicAuth(prompting=False, index_urls=indexes)
sources = {"index_urls": indexes, "find_links": links, "trusted_hosts": trusted}
finder = PackageFinder(session, **sources, no_binary=[Requirement(requirement).name])
package = finder.find_best_match(requirement).best
if package is None:
    sys.exit(f"the package index has no source distribution of {requirement}")
# The stored bytes, whose digest is pinned: the server must not compress them again.
with session.get_stream(package.link.normalized, headers={"Accept-Encoding": "identity"}) as response:
    response.raise_for_status()
    total = byte_limit or int(response.headers.get("Content-Length", 0))
    done = reported = 0
    with open(path, "wb") as file:
        for chunk in response.iter_raw():
            chunk = chunk if byte_limit is None else chunk[: byte_limit - done]
            file.write(chunk)
            done += len(chunk)
            if total and done - reported >= total / 100:
                reported = done
                print(f"{done} of {total} bytes", flush=True)
            if done == byte_limit:
                break
