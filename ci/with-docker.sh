#!/usr/bin/env bash
# Runs a command with a container engine: the running one, or one that is started for the command and stopped after it.
# If none can be started, prints the reason and runs the command without an engine.
#
#   ci/with-docker.sh COMMAND [ARGUMENT...]
set -euo pipefail

if docker version >/dev/null 2>&1; then
  exec "$@"
fi

folder=$(mktemp -d)
engine=
stop() {
  if [ -n "$engine" ]; then
    kill "$engine" 2>/dev/null || true
    wait "$engine" 2>/dev/null || true
    # The engine leaves its network namespace mounted.
    umount "$folder/exec/netns/default" 2>/dev/null || true
  fi
  rm -rf "$folder"
}
trap stop EXIT

if ! command -v dockerd >/dev/null; then
  echo "no container engine: dockerd is not installed" >&2
elif [ "$(id -u)" -ne 0 ]; then
  echo "no container engine: dockerd must be started by root" >&2
else
  # The tests use the host's network, so the engine needs neither bridge nor firewall rules.
  dockerd --iptables=false --bridge=none --data-root "$folder/data" \
    --host "unix://$folder/docker.sock" --pidfile "$folder/docker.pid" \
    --exec-root "$folder/exec" >"$folder/log" 2>&1 &
  engine=$!
  export DOCKER_HOST="unix://$folder/docker.sock"
  for _ in $(seq 60); do
    if docker version >/dev/null 2>&1; then break; fi
    if ! kill -0 "$engine" 2>/dev/null; then break; fi
    sleep 1
  done
  if ! docker version >/dev/null 2>&1; then
    echo "the container engine did not start:" >&2
    tail -5 "$folder/log" >&2
    unset DOCKER_HOST
  fi
fi

"$@"
