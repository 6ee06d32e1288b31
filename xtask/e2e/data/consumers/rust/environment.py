# Prints what the crate `opencv` must find in the environment to use an SDK: environment.py SDK
import json, shlex, sys

sdk = sys.argv[1]
with open(f"{sdk}/sdk.json") as file:
    manifest = json.load(file)
link = manifest["link"]
libraries = [f"static={name}" for name in link["libraries"]] + link["system"]
for name, value in {
    "OPENCV_LINK_LIBS": ",".join(libraries),
    "OPENCV_LINK_PATHS": f"{sdk}/lib",
    "OPENCV_INCLUDE_PATHS": f"{sdk}/include/opencv4",
    # Otherwise it asks pkg-config and cmake too, and takes what it finds first.
    "OPENCV_DISABLE_PROBES": "pkg_config,cmake,vcpkg_cmake,vcpkg",
    # What the crate `cc` links for C++.
    "CXXSTDLIB": link["cxx_runtime"],
    # Nothing asks vcpkg. But the crate is built again when this changes, as it must when another SDK lies in
    # the same folder.
    "OPENCV_VCPKG_NAME": manifest["fingerprint"],
}.items():
    print(f"export {name}={shlex.quote(value)}")
