# Builds the program by cmake. $OPENCV is the SDK's folder; $CXX names the compiler, as cmake has it anyway.
set -e
cmake -S . -B build -D CMAKE_PREFIX_PATH="$OPENCV" -D CMAKE_BUILD_TYPE=Release
cmake --build build
