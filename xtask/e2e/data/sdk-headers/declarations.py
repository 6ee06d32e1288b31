# Prints, as JSON, the functions and variables that an SDK's headers declare and do not define, with their symbols:
# declarations.py SDK HEADER...  The first argument is the SDK, the others are paths of headers below include/opencv4.
# OPENCV_CLANG_ARGS, CLANG_PATH and LIBCLANG_PATH are those of the SDK.
import json, os, shlex, subprocess, sys

from clang import cindex
from clang.cindex import AccessSpecifier, CursorKind, LinkageKind

cindex.Config.set_library_path(os.environ["LIBCLANG_PATH"])
root = os.path.join(sys.argv[1], "include/opencv4")

FUNCTIONS = {
    CursorKind.FUNCTION_DECL,
    CursorKind.CXX_METHOD,
    CursorKind.CONSTRUCTOR,
    CursorKind.DESTRUCTOR,
    CursorKind.CONVERSION_FUNCTION,
}
SCOPES = {CursorKind.NAMESPACE, CursorKind.LINKAGE_SPEC, CursorKind.UNEXPOSED_DECL}
CLASSES = {CursorKind.CLASS_DECL, CursorKind.STRUCT_DECL}
TEMPLATES = {CursorKind.CLASS_TEMPLATE, CursorKind.CLASS_TEMPLATE_PARTIAL_SPECIALIZATION}


def system_headers():
    compiler = os.environ["CLANG_PATH"]
    output = subprocess.run([compiler, "-E", "-v", "-x", "c++", "/dev/null"], capture_output=True, text=True, check=True)
    found = output.stderr.split("#include <...> search starts here:\n")[1].split("End of search list.")[0]
    return [word for line in found.splitlines() for word in ("-isystem", line.strip())]


def is_in_template(cursor):
    parent = cursor.semantic_parent
    while parent is not None:
        if parent.kind in TEMPLATES:
            return True
        parent = parent.semantic_parent
    return False


def is_defined_elsewhere(cursor):
    """Whether only a library can define it, and a program may use it."""
    if cursor.linkage != LinkageKind.EXTERNAL or cursor.get_definition() is not None or is_in_template(cursor):
        return False
    if cursor.access_specifier == AccessSpecifier.PRIVATE:
        return False
    if cursor.kind == CursorKind.VAR_DECL:
        # A constant with a value in its class needs no definition.
        return cursor.type.is_const_qualified() is False or not any(cursor.get_children())
    return not (cursor.is_pure_virtual_method() or cursor.is_deleted_method() or cursor.is_default_method())


def walk(cursor, found):
    for child in cursor.get_children():
        if child.kind in SCOPES:
            walk(child, found)
            continue
        file = child.location.file
        if file is None or not file.name.startswith(root):
            continue
        if child.kind in CLASSES:
            walk(child, found)
        elif (child.kind in FUNCTIONS or child.kind == CursorKind.VAR_DECL) and is_defined_elsewhere(child):
            parent = child.semantic_parent
            scope = "" if parent.kind == CursorKind.TRANSLATION_UNIT else parent.type.spelling or parent.spelling
            found[child.mangled_name] = {
                "declaration": f"{scope}::{child.displayname}".removeprefix("::"),
                "header": os.path.relpath(file.name, root),
            }


arguments = ["-std=c++11", "-x", "c++", "-I" + root, *shlex.split(os.environ["OPENCV_CLANG_ARGS"]), *system_headers()]
text = "".join(f"#include <{header}>\n" for header in sys.argv[2:])
unit = cindex.Index.create().parse("all.cpp", arguments, unsaved_files=[("all.cpp", text)])
errors = [str(each) for each in unit.diagnostics if each.severity >= cindex.Diagnostic.Error]
if errors:
    sys.exit("\n".join(errors))
declared = {}
walk(unit.cursor, declared)
json.dump(declared, sys.stdout)
