# Builds the program with the crate `opencv`. $OPENCV is the folder of the SDK.
set -e
eval "$("$OPENCV/bin/opencv-env")"
cargo build
