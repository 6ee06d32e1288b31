# Compiles and links with the list of libraries in sdk.json.
import json, os, subprocess

sdk = os.environ["OPENCV"]
with open(f"{sdk}/sdk.json") as file:
    link = json.load(file)["link"]
libraries = [f"-l{name}" for name in link["libraries"] + link["system"]]
headers, folder = f"-I{sdk}/include/opencv4", f"-L{sdk}/lib"
subprocess.run([os.environ["CXX"], "-O2", "faces.cpp", headers, folder, *libraries, "-o", "faces"], check=True)
