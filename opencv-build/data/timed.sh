#!/bin/sh
# Runs a compiler, and notes beside its output how much processor time it took: what a shell's `times`
# says, with the shell's own time in the first line and the compiler's in the second.
output=
previous=
for argument do
  if [ "$previous" = -o ]; then output=$argument; fi
  previous=$argument
done
"$@" || exit
if [ -n "$output" ]; then times >"$output.times"; fi
