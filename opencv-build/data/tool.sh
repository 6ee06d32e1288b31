#!/bin/sh
# zig as @TOOL@.
@ZIG_SETUP@
exec "$zig" @TOOL@ "$@"
