# Builds the program with cmake. $OPENCV is the folder of the SDK; $CXX is the compiler, which cmake reads by itself.
set -e
cmake -S . -B build -D CMAKE_PREFIX_PATH="$OPENCV" -D CMAKE_BUILD_TYPE=Release
cmake --build build
