#!/bin/sh
# Runs zig as the compiler and linker for one target, with what cmake, rustc and the crate `cc`
# pass that zig does not take.
link=yes
fortify=
for argument do
  shift
  case $argument in
    # zig has its own way to name a target, and links with lld anyway.
    --target=* | -m64 | -fuse-ld=*) continue ;;
    # gcc's unwinder; zig links libunwind, statically.
    -lgcc_s) argument=-lunwind ;;
    -c | -E | -S | -M | -MM | --version | -v | -###) link=no ;;
    # glibc's headers can check sizes only in what is optimised, and warn of anything else.
    -O0) fortify= ;;
    -O*) fortify='-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3' ;;
  esac
  set -- "$@" "$argument"
done
if [ "$link" = yes ]; then
  # zig builds a libc++ of its own for each set of optimisation and CPU flags that it links with:
  # with the same ones always there is one, and it is an optimised one.
  for argument do
    shift
    case $argument in
      -O* | -msse* | -mavx* | -mfma* | -mf16c* | -mpopcnt* | -march=* | -mcpu=*) continue ;;
    esac
    set -- "$@" "$argument"
  done
  set -- -O2 "$@"
else
  # What is hardened is hardened here: OpenCV, what the crate `cc` compiles, and every other program. A caller's own flags
  # come later and win. zig tells libc++ by two macros to check nothing, of which the second makes the first one's
  # checks empty. $fortify is none or two words.
  set -- -fstack-protector-strong -ftrivial-auto-var-init=zero $fortify \
    -U_LIBCPP_HARDENING_MODE -D_LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_FAST \
    -U_LIBCPP_ASSERTION_SEMANTIC_DEFAULT \
    -D_LIBCPP_ASSERTION_SEMANTIC_DEFAULT=_LIBCPP_ASSERTION_SEMANTIC_HARDENING_DEPENDENT "$@"
  # Without optimisation zig checks for undefined behaviour, by functions that a link with -O2 lacks.
  set -- -fno-sanitize=undefined "$@"
fi
ZIG_GLOBAL_CACHE_DIR='@CACHE@' ZIG_LOCAL_CACHE_DIR='@CACHE@'
export ZIG_GLOBAL_CACHE_DIR ZIG_LOCAL_CACHE_DIR
# -g0: without it the libraries carry debug information, five times their size.
# -fbinutils-version: by default clang writes what old linkers can read, and then no linker can drop
# the exception tables of functions that it drops.
exec '@ZIG@' @LANGUAGE@ -target @TARGET@ -g0 -fbinutils-version=none "$@"
