#!/usr/bin/env bash
# Runs a command with a Rust toolchain that compiles for the architecture that this machine does not have: rustup's, to
# which the standard library is added, or Debian's packages where rustup cannot download it.
#
#   ci/rust-for-other-architecture.sh COMMAND [ARGUMENT...]
set -euo pipefail

case $(uname -m) in
  x86_64) triple=aarch64-unknown-linux-gnu debian=arm64 ;;
  aarch64) triple=x86_64-unknown-linux-gnu debian=amd64 ;;
  *)
    echo "Lambda does not offer $(uname -m)" >&2
    exit 1
    ;;
esac
if rustup target add "$triple"; then
  exec "$@"
fi

echo "rustup cannot add $triple; using Debian's Rust"
rustc=/usr/bin/rustc
if [ ! -e "/usr/lib/rustlib/$triple" ] || [ ! -x "$rustc" ] || [ ! -x /usr/bin/cargo ]; then
  if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
    echo "missing: rustc-web, cargo-web and libstd-rust-web-dev:$debian (Debian packages)" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  dpkg --add-architecture "$debian"
  apt-get update --quiet --quiet
  apt-get install --quiet --quiet --yes --no-install-recommends rustc-web cargo-web "libstd-rust-web-dev:$debian" >/dev/null
fi
suffix=${triple//-/_}
export "RUSTC_$suffix=$rustc" "CARGO_$suffix=/usr/bin/cargo"
exec "$@"
