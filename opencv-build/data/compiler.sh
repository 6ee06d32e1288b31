#!/bin/sh
# Runs zig as the compiler and linker for one target; drops or replaces arguments of cmake, rustc and the crate `cc`
# that zig does not accept.
link=yes
fortify=
for argument do
  shift
  case $argument in
    # The target is set by -target below, and zig always links with lld.
    --target=* | -m64 | -fuse-ld=*) continue ;;
    # gcc's unwinder; zig links libunwind statically.
    -lgcc_s) argument=-lunwind ;;
    -c | -E | -S | -M | -MM | --version | -v | -###) link=no ;;
    # glibc's headers support fortification only in optimised code, and warn otherwise.
    -O0) fortify= ;;
    -O*) fortify='-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3' ;;
  esac
  set -- "$@" "$argument"
done
if [ "$link" = yes ]; then
  # zig builds a separate libc++ for each set of optimisation and CPU flags of a link. Fixed flags need only one,
  # which is optimised.
  for argument do
    shift
    case $argument in
      -O* | -msse* | -mavx* | -mfma* | -mf16c* | -mpopcnt* | -march=* | -mcpu=*) continue ;;
    esac
    set -- "$@" "$argument"
  done
  set -- -O2 "$@"
else
  # Hardening of all C and C++ code: OpenCV, code compiled by the crate `cc`, and consumers' programs. The caller's own
  # flags come later and take precedence. zig defines two macros that disable libc++'s hardening: the mode, and the
  # assertion semantic, which makes the mode's checks empty. $fortify is zero or two words.
  set -- -fstack-protector-strong -ftrivial-auto-var-init=zero $fortify \
    -U_LIBCPP_HARDENING_MODE -D_LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_FAST \
    -U_LIBCPP_ASSERTION_SEMANTIC_DEFAULT \
    -D_LIBCPP_ASSERTION_SEMANTIC_DEFAULT=_LIBCPP_ASSERTION_SEMANTIC_HARDENING_DEPENDENT "$@"
  # Without optimisation zig enables UBSan, whose runtime functions are missing from a link with -O2.
  set -- -fno-sanitize=undefined "$@"
fi
@ZIG_SETUP@
# -g0: debug information would make the libraries five times as large.
# -fbinutils-version=none: by default clang writes object files for old linkers, and then no linker can discard the
# exception tables of discarded functions.
exec "$zig" @LANGUAGE@ -target @TARGET@ -g0 -fbinutils-version=none "$@"
