//! The programs of an SDK, in `bin`: its compiler, and `opencv-env`, which prints the settings for its users. They find
//! zig on the user's machine, and contain no absolute paths, so the SDK can be moved.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use fs_err as fs;

use crate::compiler::{self, write_script};
use crate::environment::{Variables, compiler_variables, linker_variable, sdk_variables};
use crate::manifest::Link;
use crate::pins::Pins;
use crate::target::Target;
use crate::wheels;
use support::fingerprint::Fingerprint;

const FIND_ZIG: &str = include_str!("../data/programs/find-zig.sh");
const ENVIRONMENT_SCRIPT: &str = include_str!("../data/programs/opencv-env.sh");

/// The wheels with the compiler and with libclang.
const TOOLS: [&str; 2] = ["ziglang", "libclang-ng"];

/// What the programs print depends on.
pub(crate) struct ProgramInputs<'a> {
    pub target: &'a Target,
    pub link: &'a Link,
    pub fingerprint: &'a Fingerprint,
    pub libclang_arguments: &'a [String],
}

/// Writes the programs, and pip's list of the tools that they call, into the SDK `folder`.
pub(crate) fn write(folder: &Path, pins: &Pins, inputs: &ProgramInputs<'_>) -> Result<()> {
    let tools = pins.wheel.iter().filter(|wheel| TOOLS.contains(&wheel.name.as_str()));
    let tools: Vec<_> = tools.cloned().collect();
    let zig = tools.iter().find(|wheel| wheel.name == TOOLS[0]);
    let zig = zig.context("data/pins.toml does not contain zig")?;
    let setup = FIND_ZIG.replace("@ZIG_VERSION@", &zig.version);

    let bin = folder.join("bin");
    fs::create_dir_all(&bin)?;
    for (name, text) in compiler::scripts(&setup, inputs.target) {
        write_script(&bin.join(name), &text)?;
    }
    write_script(&bin.join("opencv-env"), &environment_script(&setup, inputs)?)?;
    let list = format!(
        "# The compiler and libclang of this OpenCV, for python3 -m pip install --target FOLDER -r requirements.txt\n\
         --only-binary :all:\n--require-hashes\n{}",
        wheels::requirements(&tools)
    );
    Ok(fs::write(folder.join("requirements.txt"), list)?)
}

fn environment_script(setup: &str, inputs: &ProgramInputs<'_>) -> Result<String> {
    let below = |parent: &str| {
        let parent = parent.to_owned();
        move |path: &str| OsString::from(format!("{parent}{}{path}", if path.is_empty() { "" } else { "/" }))
    };
    let mut variables = compiler_variables(below("$sdk/bin"), inputs.target, inputs.libclang_arguments);
    variables.extend(sdk_variables(
        below("$sdk"),
        inputs.link,
        inputs.target,
        inputs.fingerprint,
    ));
    Ok(ENVIRONMENT_SCRIPT
        .replace("@ZIG_SETUP@", setup.trim_end())
        .replace("@TRIPLE@", inputs.target.rust_triple())
        .replace("@LINKER_VARIABLE@", &linker_variable(inputs.target))
        .replace("@VARIABLES@\n", &calls(variables)?))
}

/// Calls of the script's function `variable`. In the values only `$sdk` is expanded.
fn calls(variables: Variables) -> Result<String> {
    let mut calls = String::new();
    for (name, value) in variables {
        let value = value.into_string().ok().context("a value is not valid UTF-8")?;
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('`', "\\`");
        let escaped = escaped.replace('$', "\\$").replace("\\$sdk", "$sdk");
        writeln!(calls, "variable {name} \"{escaped}\"")?;
    }
    Ok(calls)
}

#[cfg(test)]
mod tests;
