//! The programs of an SDK, with fake tools: where they find zig, and what `opencv-env` prints.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output};

use super::*;
use crate::recipe::tests::recipe;

struct FakeSdk {
    _scratch: tempfile::TempDir,
    /// Its name contains a blank.
    folder: PathBuf,
    zig_version: String,
}

impl FakeSdk {
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("the sdk");
        let pins = Pins::embedded();
        let inputs = ProgramInputs {
            target: &recipe().target,
            link: &Link {
                libraries: vec!["opencv_core".into(), "zlib".into()],
                system: vec!["dl".into()],
                dependencies: BTreeMap::new(),
                cxx_runtime: "c++".into(),
                cxx_runtime_release: 22,
                optional: BTreeMap::new(),
            },
            fingerprint: &Fingerprint::of([("a", "b".as_bytes())]),
            libclang_arguments: &["--target=x86_64-linux-gnu".into(), "-DA=\"$`\\".into()],
        };
        write(&folder, pins, &inputs).unwrap();
        let zig = pins.wheel.iter().find(|wheel| wheel.name == "ziglang").unwrap();
        Self {
            _scratch: scratch,
            folder,
            zig_version: zig.version.clone(),
        }
    }

    /// Writes a zig of release `version` that prints its name, its cache and its arguments.
    fn write_zig(path: &Path, version: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = format!(
            "#!/bin/sh\nif [ \"$1\" = version ]; then echo {version}; exit; fi\n\
             echo \"$0\" \"$ZIG_GLOBAL_CACHE_DIR\" \"$ZIG_LOCAL_CACHE_DIR\" \"$@\"\n"
        );
        write_script(path, &text).unwrap();
    }

    fn write_own_zig(&self) -> PathBuf {
        let zig = self.folder.join("tools/ziglang/zig");
        Self::write_zig(&zig, &self.zig_version);
        zig
    }

    fn program(&self, name: &str, variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(self.folder.join("bin").join(name));
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", "/nowhere");
        command.envs(variables.iter().copied());
        command
    }

    fn run(&self, name: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        self.program(name, variables).args(arguments).output().unwrap()
    }

    /// The variables that a shell has after it evaluates the output of `opencv-env`.
    fn evaluated(&self, variables: &[(&str, &str)]) -> BTreeMap<String, String> {
        let mut shell = Command::new("sh");
        let script = "eval \"$(\"$0\")\" && /usr/bin/env -0";
        shell
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .envs(variables.iter().copied());
        let output = shell
            .args(["-c", script])
            .arg(self.folder.join("bin/opencv-env"))
            .output();
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let pairs = text.split_terminator('\0').map(|pair| pair.split_once('=').unwrap());
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap().trim_end().to_owned()
}

#[test]
fn zig_is_found_in_its_folder_by_variable_and_on_path() {
    let sdk = FakeSdk::new();
    let elsewhere = sdk.folder.with_file_name("elsewhere");
    let [path, named] = ["bin/zig", "named"].map(|name| elsewhere.join(name));
    FakeSdk::write_zig(&path, &sdk.zig_version);
    let search = format!("{}:/usr/bin:/bin", elsewhere.join("bin").display());
    let expect = |variables: &[(&str, &str)], zig: &Path| {
        let found = stdout(&sdk.run("ar", &["x", "y z"], variables));
        let cache = "/nowhere/.cache/zig";
        assert_eq!(found, format!("{} {cache} {cache} ar x y z", zig.display()));
    };
    expect(&[("PATH", &search)], &path);
    let own = sdk.write_own_zig();
    expect(&[("PATH", &search)], &own);
    FakeSdk::write_zig(&named, &sdk.zig_version);
    expect(&[("ZIG", named.to_str().unwrap())], &named);

    // By a symbolic link, and as a compiler.
    let link = elsewhere.join("g++");
    fs_err::os::unix::fs::symlink(sdk.folder.join("bin/c++"), &link).unwrap();
    let mut compiler = Command::new(&link);
    let found = stdout(&compiler.args(["-c", "a.cpp"]).env("ZIG", &named).output().unwrap());
    assert!(found.contains(" c++ -target x86_64-linux-gnu.2.26 "), "{found}");
}

#[test]
fn missing_and_other_zig_are_errors_with_a_remedy() {
    let sdk = FakeSdk::new();
    let other = sdk.folder.with_file_name("bin").join("zig");
    FakeSdk::write_zig(&other, "0.1.0");
    let search = format!("{}:/usr/bin:/bin", other.parent().unwrap().display());
    for program in ["c++", "cc", "ar", "ranlib", "opencv-env"] {
        let output = sdk.run(program, &[], &[("PATH", &search)]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        let install = format!(
            "python3 -m pip install --target '{0}/tools' -r '{0}/requirements.txt'",
            sdk.folder.display()
        );
        assert!(error.contains(&install), "{error}");
        assert!(
            error.contains(&format!("pip install ziglang=={}", sdk.zig_version)),
            "{error}"
        );
    }
    let output = sdk.run("c++", &[], &[("ZIG", other.to_str().unwrap())]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("which the variable ZIG names, is not zig"), "{error}");

    // A script with `set -e` ends.
    let mut shell = Command::new("sh");
    shell.args(["-ec", "eval \"$(\"$0\")\"; echo continued"]);
    shell
        .arg(sdk.folder.join("bin/opencv-env"))
        .env_clear()
        .env("PATH", "/usr/bin:/bin");
    let output = shell.output().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
}

#[test]
fn caches_work_without_a_home() {
    let sdk = FakeSdk::new();
    sdk.write_own_zig();
    for (variables, global, local) in [
        (vec![("HOME", ""), ("TMPDIR", "/t")], "/t/cache-", "/t/cache-"),
        (vec![("XDG_CACHE_HOME", "/x")], "/x/zig", "/x/zig"),
        (vec![("ZIG_GLOBAL_CACHE_DIR", "/g")], "/g", "/g"),
        (vec![("ZIG_LOCAL_CACHE_DIR", "/l")], "/nowhere/.cache/zig", "/l"),
    ] {
        let found = stdout(&sdk.run("ar", &[], &variables));
        let parts: Vec<_> = found.rsplit(' ').take(3).collect();
        assert!(parts[2].starts_with(global) && parts[1].starts_with(local), "{found}");
    }
}

#[test]
fn shells_get_every_variable() {
    let sdk = FakeSdk::new();
    let zig = sdk.write_own_zig();
    let libclang = sdk.folder.join("tools/clang/native");
    fs::create_dir_all(&libclang).unwrap();
    let set = [("PKG_CONFIG_PATH", "/it's"), ("CMAKE_PREFIX_PATH", "")];
    let found = sdk.evaluated(&set);
    let folder = sdk.folder.to_str().unwrap();
    for (name, value) in [
        ("OPENCV", folder.to_owned()),
        ("OPENCV_SDK", folder.to_owned()),
        ("OPENCV_LINK_LIBS", "static=opencv_core,static=zlib,dl".to_owned()),
        ("OPENCV_LINK_PATHS", format!("{folder}/lib")),
        ("OPENCV_INCLUDE_PATHS", format!("{folder}/include/opencv4")),
        ("OPENCV_CLANG_ARGS", "--target=x86_64-linux-gnu -DA=\"$`\\".to_owned()),
        ("OPENCV_SAMPLES_DATA_PATH_HINT", format!("{folder}/share")),
        ("CC", format!("{folder}/bin/cc")),
        ("CXX", format!("{folder}/bin/c++")),
        ("HOST_CC", "cc".to_owned()),
        ("CC_x86_64_unknown_linux_gnu", format!("{folder}/bin/cc")),
        ("CXXSTDLIB_x86_64_unknown_linux_gnu", "c++".to_owned()),
        (
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER",
            format!("{folder}/bin/c++"),
        ),
        ("CARGO_BUILD_TARGET", "x86_64-unknown-linux-gnu".to_owned()),
        ("CMAKE_PREFIX_PATH", folder.to_owned()),
        ("PKG_CONFIG_PATH", format!("{folder}/lib/pkgconfig:/it's")),
        ("LIBCLANG_PATH", libclang.display().to_string()),
        ("ZIG", zig.display().to_string()),
    ] {
        assert_eq!(found.get(name), Some(&value), "{name}");
    }
    // Evaluating again changes nothing.
    let again: Vec<_> = found
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(sdk.evaluated(&again), found);
}

#[test]
fn cargo_gets_a_valid_configuration() {
    let sdk = FakeSdk::new();
    sdk.write_own_zig();
    let text = stdout(&sdk.run("opencv-env", &["--cargo"], &[("LIBCLANG_PATH", "/clang")]));
    let config: toml::Table = text.parse().unwrap();
    let folder = sdk.folder.to_str().unwrap();
    assert_eq!(config["build"]["target"].as_str(), Some("x86_64-unknown-linux-gnu"));
    let linker = &config["target"]["x86_64-unknown-linux-gnu"]["linker"];
    assert_eq!(linker.as_str(), Some(&*format!("{folder}/bin/c++")));
    let variables = config["env"].as_table().unwrap();
    assert_eq!(variables["LIBCLANG_PATH"].as_str(), Some("/clang"));
    assert_eq!(variables["OPENCV_LINK_PATHS"].as_str(), Some(&*format!("{folder}/lib")));
    assert!(!variables.contains_key("CC") && !variables.contains_key("CARGO_BUILD_TARGET"));
}

#[test]
fn unusable_folders_and_arguments_are_errors() {
    let sdk = FakeSdk::new();
    sdk.write_own_zig();
    let moved = sdk.folder.with_file_name("a,b");
    fs::rename(&sdk.folder, &moved).unwrap();
    let sdk = FakeSdk { folder: moved, ..sdk };
    let output = sdk.run("opencv-env", &[], &[]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        (output.status.code(), &*output.stdout),
        (Some(1), &b"false\n"[..]),
        "{error}"
    );
    assert!(error.contains("a,b") && error.contains("move the folder"), "{error}");
    let output = sdk.run("opencv-env", &["--other"], &[]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn requirements_name_both_tools_with_digests() {
    let sdk = FakeSdk::new();
    let text = fs::read_to_string(sdk.folder.join("requirements.txt")).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with(['#', '-'])).collect();
    assert_eq!(lines.len(), 2);
    for (line, name) in lines.iter().zip(TOOLS) {
        assert!(line.starts_with(&format!("{name}==")), "{line}");
        assert_eq!(line.matches(" --hash=sha256:").count(), 2, "{line}");
    }
    assert!(text.contains("\n--require-hashes\n"));
}
