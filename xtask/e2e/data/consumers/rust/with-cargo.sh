# Builds the program with the crate `opencv`. $OPENCV is the SDK's folder.
set -e
eval "$(python3 environment.py "$OPENCV")"
cargo build
