# Builds the program with cmake. $OPENCV is the folder of the SDK.
set -e
eval "$("$OPENCV/bin/opencv-env")"
cmake -S . -B build -G Ninja -D CMAKE_BUILD_TYPE=Release
cmake --build build
