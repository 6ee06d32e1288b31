#!/bin/sh
# Links as the compiler does. Where LINK_RECORD names a folder, the link of a file called bootstrap-*
# leaves there what it takes to do that link again: rustc deletes it as soon as it is done.
#   messages   with the linker's own command, on a line that begins with `ld.lld `
#   arguments  what rustc asked for, one on a line
#   inputs/    the object files and crates that were linked
output=
previous=
for argument do
  if [ "$previous" = -o ]; then output=${argument##*/}; fi
  previous=$argument
done
case $output in
  bootstrap-*) ;;
  *) LINK_RECORD= ;;
esac
if [ -z "$LINK_RECORD" ]; then
  exec '@CXX@' "$@"
fi

rm -rf "$LINK_RECORD" "$LINK_RECORD.partial"
mkdir -p "$LINK_RECORD.partial/inputs"
# Not -v: what the compiler's script takes for a call that links nothing.
if ! '@CXX@' --verbose "$@" 2>"$LINK_RECORD.partial/messages"; then
  cat "$LINK_RECORD.partial/messages" >&2
  exit 1
fi
printf '%s\n' "$@" >"$LINK_RECORD.partial/arguments"
for argument do
  case $argument in
    *.o | *.rlib) cp "$argument" "$LINK_RECORD.partial/inputs/" || exit 1 ;;
  esac
done
mv "$LINK_RECORD.partial" "$LINK_RECORD"
