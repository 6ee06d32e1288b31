# The zig with which these libraries were compiled, and its cache. Another release is refused: it has another C++ runtime
# and other headers.
sdk=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
is_right_zig() { [ "$("$1" version 2>/dev/null)" = '@ZIG_VERSION@' ]; }
zig=${ZIG:-"$sdk/tools/ziglang/zig"}
if ! is_right_zig "$zig"; then
  if [ -n "${ZIG:-}" ]; then
    echo "error: \`$ZIG\`, which the variable ZIG names, is not zig @ZIG_VERSION@; unset ZIG or correct it" >&2
    exit 1
  fi
  zig=$(command -v zig)
  is_right_zig "$zig" || zig=$(python3 -c 'import ziglang; print(ziglang.__path__[0] + "/zig")' 2>/dev/null)
fi
if ! is_right_zig "$zig"; then
  echo "error: zig @ZIG_VERSION@, the compiler of the OpenCV in \`$sdk\`, is neither in its folder \`tools\`, nor on \
PATH as \`zig\`, nor a module of python3. Install it with
  python3 -m pip install --target '$sdk/tools' -r '$sdk/requirements.txt'
or anywhere with \`pip install ziglang==@ZIG_VERSION@\`, or set ZIG to its path" >&2
  exit 1
fi
if [ -z "${ZIG_GLOBAL_CACHE_DIR:-}" ]; then
  cache=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
  ZIG_GLOBAL_CACHE_DIR=${cache:-${TMPDIR:-/tmp}/cache-$(id -u)}/zig
fi
# By default zig would create a cache in the current folder.
: "${ZIG_LOCAL_CACHE_DIR:=$ZIG_GLOBAL_CACHE_DIR}"
export ZIG_GLOBAL_CACHE_DIR ZIG_LOCAL_CACHE_DIR
