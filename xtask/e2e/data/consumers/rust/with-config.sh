# The same with a configuration of cargo instead of environment variables.
set -e
mkdir -p .cargo
"$OPENCV/bin/opencv-env" --cargo >.cargo/config.toml
cargo build
