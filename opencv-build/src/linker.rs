//! The compiler as cargo's linker: a script that can record the inputs and output of a link, for size reports.

use std::ffi::OsString;
use std::path::Path;

use anyhow::Result;
use fs_err as fs;

use crate::compiler::{Compiler, write_script};
use crate::environment::linker_variable;
use crate::target::Target;

/// The environment variable with the folder for the record of the function's link.
const RECORD_VARIABLE: &str = "LINK_RECORD";
/// The environment variable with the name of the crate whose link is recorded.
const CRATE_VARIABLE: &str = "LINK_RECORD_CRATE";

/// The file of a link record with the linker's output; the line that begins with `ld.lld ` is its command.
pub const LINK_MESSAGES_FILE: &str = "messages";
/// The file of a link record with rustc's arguments, one per line.
pub const LINK_ARGUMENTS_FILE: &str = "arguments";

const SCRIPT: &str = include_str!("../data/link.sh");

/// Environment variables that make cargo link for `target` with a script in `folder`, which records the link of the
/// program's crate `name` in `record`.
pub(crate) fn recording_environment(
    compiler: &Compiler,
    target: &Target,
    folder: &Path,
    (record, name): (&Path, &str),
) -> Result<[(String, OsString); 3]> {
    fs::create_dir_all(folder)?;
    // rustc derives the linker flavor from the name.
    let script = folder.join("recording-c++");
    // `BuildPaths` rejects paths with quotes.
    let compiler = compiler.cxx().display().to_string();
    write_script(&script, &SCRIPT.replace("@CXX@", &compiler))?;
    Ok([
        (linker_variable(target), script.into()),
        (RECORD_VARIABLE.to_owned(), record.into()),
        (CRATE_VARIABLE.to_owned(), name.into()),
    ])
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Links `output` with a fake compiler; returns the recorded messages and inputs.
    fn recorded(output: &str, record: Option<&str>) -> Option<(String, Vec<String>)> {
        let folder = tempfile::tempdir().unwrap();
        let compiler = folder.path().join("c++");
        write_script(&compiler, "#!/bin/sh\necho \"ld.lld $*\" >&2\n").unwrap();
        let script = folder.path().join("link");
        let text = SCRIPT.replace("@CXX@", &compiler.display().to_string());
        write_script(&script, &text).unwrap();
        for file in ["a.rcgu.o", "b.o"] {
            fs::write(folder.path().join(file), file).unwrap();
        }
        let mut link = Command::new(&script);
        link.current_dir(folder.path()).args(["a.rcgu.o", "b.o", "-o", output]);
        link.env_remove(RECORD_VARIABLE).env(CRATE_VARIABLE, "my_program");
        if let Some(record) = record {
            link.env(RECORD_VARIABLE, record);
        }
        assert!(link.output().unwrap().status.success());
        let record = folder.path().join(record?);
        let messages = fs::read_to_string(record.join(LINK_MESSAGES_FILE)).ok()?;
        let inputs = fs::read_dir(record.join("inputs")).unwrap();
        let names = inputs.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        let arguments = fs::read_to_string(record.join(LINK_ARGUMENTS_FILE)).unwrap();
        assert_eq!(arguments, format!("a.rcgu.o\nb.o\n-o\n{output}\n"));
        Some((messages, names))
    }

    #[test]
    fn function_link_is_recorded_with_its_inputs() {
        let (messages, inputs) = recorded("deps/my_program-1", Some("record")).unwrap();
        assert_eq!(messages, "ld.lld --verbose a.rcgu.o b.o -o deps/my_program-1\n");
        assert_eq!(inputs, ["a.rcgu.o", "b.o"]);
    }

    #[test]
    fn other_links_are_not_recorded() {
        assert_eq!(recorded("build-script-build", Some("record")), None);
        assert_eq!(recorded("deps/my_program-1", None), None);
    }
}
