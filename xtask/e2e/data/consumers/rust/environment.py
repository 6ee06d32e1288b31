# Prints the environment variables that make the crate `opencv` use an SDK: environment.py SDK
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
    # Otherwise it also probes pkg-config and cmake, and uses the first OpenCV that it finds.
    "OPENCV_DISABLE_PROBES": "pkg_config,cmake,vcpkg_cmake,vcpkg",
    # The C++ library that the crate `cc` links.
    "CXXSTDLIB": link["cxx_runtime"],
    # vcpkg is not used. But the crate is rebuilt if this variable changes, as it must be if another SDK is in the same
    # folder.
    "OPENCV_VCPKG_NAME": manifest["fingerprint"],
}.items():
    print(f"export {name}={shlex.quote(value)}")
