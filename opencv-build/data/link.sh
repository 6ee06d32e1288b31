#!/bin/sh
# Links as the compiler does. Where LINK_RECORD names a folder, the link of a file called bootstrap-*
# leaves there what it takes to do that link again: rustc deletes it as soon as it is done.
#   messages  with the linker's own command, on a line that begins with `ld.lld `
#   inputs/   the files of rustc's own that were linked
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
if ! '@CXX@' -v "$@" 2>"$LINK_RECORD.partial/messages"; then
  cat "$LINK_RECORD.partial/messages" >&2
  exit 1
fi
for argument do
  case $argument in
    *.rcgu.o | */rustc*.rlib | */rustc*.o) cp "$argument" "$LINK_RECORD.partial/inputs/" || exit 1 ;;
  esac
done
mv "$LINK_RECORD.partial" "$LINK_RECORD"
