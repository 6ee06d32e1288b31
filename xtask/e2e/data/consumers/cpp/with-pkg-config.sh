# Builds the program by pkg-config's flags. $OPENCV is the SDK's folder.
set -e
flags=$(PKG_CONFIG_PATH="$OPENCV/lib/pkgconfig" pkg-config --cflags --libs opencv4)
$CXX -O2 faces.cpp $flags -o faces
