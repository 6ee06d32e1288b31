#!/bin/sh
# Prints the settings with which compilers, cmake, pkg-config and cargo use this OpenCV and no other:
#   eval "$(/opt/opencv/bin/opencv-env)"                       environment variables, for a shell
#   /opt/opencv/bin/opencv-env --cargo >.cargo/config.toml     a configuration of cargo
format=shell
case $#${1:-} in
  0) ;;
  1--cargo) format=cargo ;;
  *)
    echo "usage: opencv-env [--cargo]" >&2
    echo false
    exit 2
    ;;
esac
# What a shell evaluates after an error: it ends scripts with `set -e`.
[ $format = cargo ] || trap '[ $? = 0 ] || echo false' EXIT
@ZIG_SETUP@
# Other programs use these characters between paths.
case $sdk$zig in
  *[,\;:\'\"\\\$\`]* | *'
'*)
    echo "error: compilers and cargo cannot use OpenCV in \`$sdk\` with \`$zig\`: one of , ; : ' \" \\ \$ \` or a line \
break is in a path; move the folder" >&2
    exit 1
    ;;
esac
# libclang, with which the bindings for Rust are generated.
libclang=${LIBCLANG_PATH:-}
if [ -z "$libclang" ]; then
  libclang=$sdk/tools/clang/native
  if [ ! -e "$libclang" ]; then
    libclang=$(python3 -c 'import clang.native; print(clang.native.__path__[0])' 2>/dev/null)
  fi
  if [ -z "$libclang" ]; then
    echo "note: libclang was not found; the crate \`opencv\` needs it. Install it with
  python3 -m pip install --target '$sdk/tools' -r '$sdk/requirements.txt'" >&2
  fi
fi

if [ $format = cargo ]; then
  variable() { printf "%s = '%s'\n" "$1" "$2"; }
  echo '[build]'
  variable target '@TRIPLE@'
  echo '[target.@TRIPLE@]'
  variable linker "$sdk/bin/c++"
  echo '[env]'
else
  quoted() { printf '%s\n' "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/"; }
  variable() { printf 'export %s=' "$1" && quoted "$2"; }
  # Puts a path first in a list, unless the list contains it.
  prepended() { case :$2: in *:"$1":*) echo "$2" ;; *) echo "$1${2:+:$2}" ;; esac; }
  # For cmake and other programs. cargo's build scripts for the build machine get its own compiler.
  variable OPENCV "$sdk"
  variable CC "$sdk/bin/cc"
  variable CXX "$sdk/bin/c++"
  variable HOST_CC "${HOST_CC:-cc}"
  variable HOST_CXX "${HOST_CXX:-c++}"
  variable CMAKE_PREFIX_PATH "$(prepended "$sdk" "${CMAKE_PREFIX_PATH:-}")"
  variable PKG_CONFIG_PATH "$(prepended "$sdk/lib/pkgconfig" "${PKG_CONFIG_PATH:-}")"
  variable CARGO_BUILD_TARGET '@TRIPLE@'
  variable '@LINKER_VARIABLE@' "$sdk/bin/c++"
fi
variable ZIG "$zig"
[ -z "$libclang" ] || variable LIBCLANG_PATH "$libclang"
# The folder in which `cv::samples::findFile` searches.
variable OPENCV_SAMPLES_DATA_PATH_HINT "$sdk/share"
@VARIABLES@
