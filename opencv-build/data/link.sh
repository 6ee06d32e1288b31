#!/bin/sh
# Links with the compiler. If LINK_RECORD is set, the link of the crate LINK_RECORD_CRATE stores in that folder
# everything needed to repeat it, because rustc deletes its temporary files afterwards:
#   messages   the linker's output, with its command on a line that begins with `ld.lld `
#   arguments  rustc's arguments, one per line
#   inputs/    the linked object files and crates
output=
previous=
for argument do
  if [ "$previous" = -o ]; then output=${argument##*/}; fi
  previous=$argument
done
case $output in
  "$LINK_RECORD_CRATE"-*) ;;
  *) LINK_RECORD= ;;
esac
if [ -z "$LINK_RECORD" ]; then
  exec '@CXX@' "$@"
fi

rm -rf "$LINK_RECORD" "$LINK_RECORD.partial"
mkdir -p "$LINK_RECORD.partial/inputs"
# Not -v, which the compiler's script treats as a call that does not link.
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
