# Builds a program that opens compressed files, and the same program without what that takes.
set -e
eval "$("$OPENCV/bin/opencv-env")"
$CXX -O2 storage.cpp $(pkg-config --cflags --libs opencv4) -o storage
$CXX -O2 storage.cpp -L"$OPENCV/lib" -lopencv_no_gzip -lopencv_no_demangling \
  $(pkg-config --cflags --libs opencv4) -o smaller-storage
