# Builds the program with the flags of pkg-config. $OPENCV is the folder of the SDK.
set -e
flags=$(PKG_CONFIG_PATH="$OPENCV/lib/pkgconfig" pkg-config --cflags --libs opencv4)
$CXX -O2 faces.cpp $flags -o faces
