# Builds the program with the crate `opencv`. $OPENCV is the folder of the SDK.
set -e
eval "$(python3 environment.py "$OPENCV")"
cargo build
