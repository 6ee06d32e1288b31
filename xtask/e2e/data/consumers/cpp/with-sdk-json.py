# Builds the program with the list of libraries in sdk.json. $OPENCV is the folder of the SDK.
import json, os, shlex, subprocess

sdk = os.environ["OPENCV"]
with open(f"{sdk}/sdk.json") as file:
    link = json.load(file)["link"]
libraries = [f"-l{name}" for name in link["libraries"] + link["system"]]
compiler = shlex.split(os.environ["CXX"])
headers, folder = f"-I{sdk}/include/opencv4", f"-L{sdk}/lib"
subprocess.run([*compiler, "-O2", "faces.cpp", headers, folder, *libraries, "-o", "faces"], check=True)
