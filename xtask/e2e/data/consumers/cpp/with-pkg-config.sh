# Builds the program with the flags of pkg-config. $OPENCV is the folder of the SDK.
set -e
eval "$("$OPENCV/bin/opencv-env")"
$CXX -O2 faces.cpp $(pkg-config --cflags --libs opencv4) -o faces
