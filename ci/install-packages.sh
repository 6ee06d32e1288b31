#!/usr/bin/env bash
# Installs the packages that `cargo xtask test` needs on a bare Debian machine: compilers for C and C++, Python 3 with
# pip, nasm, a container engine, a registry, other tools for images, an emulator of other processors, and a browser with
# its driver. Rust must already be installed.
set -euo pipefail

missing=()
command -v cc >/dev/null || missing+=(gcc libc6-dev)
command -v g++ >/dev/null || command -v clang++ >/dev/null || missing+=(g++)
python3 -m pip --version >/dev/null 2>&1 || missing+=(python3 python3-pip)
command -v nasm >/dev/null || missing+=(nasm)
command -v dockerd >/dev/null && command -v docker >/dev/null || missing+=(docker.io)
command -v docker-registry >/dev/null || command -v registry >/dev/null || missing+=(docker-registry)
for tool in skopeo podman buildah umoci; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
command -v qemu-aarch64-static >/dev/null || missing+=(qemu-user-static)
# The emulators that load plugins.
command -v qemu-aarch64 >/dev/null || missing+=(qemu-user)
command -v chromedriver >/dev/null || missing+=(chromium-driver)
# The names that xtask/e2e/src/browser.rs tries.
browser=
for name in chromium chromium-browser google-chrome google-chrome-stable; do
  if command -v "$name" >/dev/null; then browser=$name; fi
done
[ -n "$browser" ] || missing+=(chromium)
if [ ${#missing[@]} -eq 0 ]; then
  echo "nothing is missing"
  exit 0
fi

if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
  echo "missing: ${missing[*]} (Debian packages); install them and run this again" >&2
  exit 1
fi
echo "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet --quiet
# Where Debian packages the engine's client separately, docker.io only recommends it.
case " ${missing[*]} " in
  *" docker.io "*) if apt-cache show docker-cli >/dev/null 2>&1; then missing+=(docker-cli); fi ;;
esac
apt-get install --quiet --quiet --yes --no-install-recommends "${missing[@]}" >/dev/null
