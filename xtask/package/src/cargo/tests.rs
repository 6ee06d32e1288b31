use std::os::unix::fs::PermissionsExt;

use fs_err as fs;

use super::*;

fn write(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

fn write_script(file: &Path, text: &str) {
    write(file, &format!("#!/bin/sh\n{text}\n"));
    fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn command_in(environment: &Environment, root: &Path, target: &Path, subcommand: &str) -> Result<Command> {
    let toolchain = RustToolchain::find(environment, root);
    command(
        environment,
        &toolchain,
        (root, target),
        &root.join("Cargo.toml"),
        subcommand,
    )
}

/// Variables that change the build or its output folders.
const HOSTILE: [(&str, &str); 14] = [
    ("CFLAGS", "-march=native"),
    ("CXXFLAGS", "-O0"),
    ("RUSTFLAGS", "-Crelro-level=off --cfg hostile"),
    ("CARGO_ENCODED_RUSTFLAGS", "--cfg=hostile"),
    ("CARGO_BUILD_RUSTFLAGS", "--cfg hostile"),
    ("CARGO_BUILD_BUILD_DIR", "/nowhere/build"),
    ("CARGO_BUILD_TARGET", "wasm32-unknown-unknown"),
    ("CARGO_TARGET_DIR", "/nowhere/target"),
    ("CARGO_INCREMENTAL", "1"),
    ("CARGO_PROFILE_DEV_OPT_LEVEL", "s"),
    ("RUSTC", "/nowhere/rustc"),
    ("RUSTC_WRAPPER", "/nowhere/sccache"),
    ("RUSTC_WORKSPACE_WRAPPER", "/nowhere/wrapper"),
    ("CARGO_BUILD_RUSTC_WRAPPER", "/nowhere/sccache"),
];

#[test]
fn cargo_environment_excludes_hostile_variables() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    let bin = at("toolchain/bin");
    write_script(&bin.join("cargo"), "pwd -P; echo \"$@\"; env");
    let script = format!("echo '{}'", at("toolchain").display());
    write_script(&bin.join("rustc"), &script);
    let path = std::env::var("PATH").unwrap();
    let mine = [
        ("PATH", path.clone()),
        ("HOME", "/".to_owned()),
        ("CARGO", bin.join("cargo").display().to_string()),
        ("RUSTUP_TOOLCHAIN", "stable".to_owned()),
        ("CARGO_NET_RETRY", "7".to_owned()),
        ("HTTPS_PROXY", "http://proxy".to_owned()),
    ];
    let hostile = HOSTILE.map(|(name, value)| (name, value.to_owned()));
    let environment = mine.into_iter().chain(hostile).collect();
    let (root, target) = (at("a b/pröject"), at("a b/target"));
    fs::create_dir_all(&root).unwrap();
    let mut cargo = command_in(&environment, &root, &target, "build").unwrap();
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines();
    let home = fs::canonicalize(target.join("cargo-home")).unwrap();
    assert_eq!(lines.next(), home.to_str());
    let manifest = root.join("Cargo.toml");
    let arguments = format!("build --manifest-path {}", manifest.display());
    assert_eq!(lines.next(), Some(arguments.as_str()));
    // The shell sets these itself.
    let mut seen: Vec<_> = lines
        .filter(|line| {
            !["PWD=", "OLDPWD=", "SHLVL=", "_="]
                .iter()
                .any(|own| line.starts_with(own))
        })
        .map(str::to_owned)
        .collect();
    seen.sort();
    let home = target.join("cargo-home");
    let mut expected = [
        ("CARGO_HOME", home.display().to_string()),
        ("CARGO_NET_RETRY", "7".to_owned()),
        ("CARGO_TARGET_DIR", target.display().to_string()),
        ("HOME", "/".to_owned()),
        ("HTTPS_PROXY", "http://proxy".to_owned()),
        ("LC_ALL", "C.UTF-8".to_owned()),
        ("PATH", format!("{}:{path}", bin.display())),
        ("RUSTC", bin.join("rustc").display().to_string()),
        ("RUSTUP_TOOLCHAIN", "stable".to_owned()),
        (CONFIG_SEARCH_ROOT_VARIABLE, home.display().to_string()),
    ]
    .map(|(name, value)| format!("{name}={value}"));
    expected.sort();
    assert_eq!(seen, expected);
}

/// Tests with the real cargo, to detect a release that reads configuration files from other folders.
#[test]
fn hostile_cargo_configuration_is_ignored() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().join("a b/pröject");
    let hostile = "[build]\nrustflags = ['--cfg', 'hostile']\ntarget = 'wasm32-unknown-unknown'\n\
                   rustc-wrapper = '/nowhere/sccache'\nbuild-dir = '/nowhere/build'\n\
                   target-dir = '/nowhere/target'\n[env]\nHOSTILE = { value = '1', force = true }\n\
                   [profile.dev]\npanic = 'abort'\n";
    for folder in [
        &root,
        &scratch.path().join("a b"),
        scratch.path(),
        &scratch.path().join("home"),
    ] {
        write(&folder.join(".cargo/config.toml"), hostile);
    }
    write(
        &root.join("Cargo.toml"),
        "[package]\nname = 'tried'\nedition = '2024'\n[workspace]\n[lints.rust]\nunexpected_cfgs = 'allow'\n",
    );
    write(
        &root.join("src/lib.rs"),
        "#[cfg(hostile)]\ncompile_error!(\"a flag\");\n#[cfg(panic = \"abort\")]\ncompile_error!(\"a profile\");\n\
         const _: () = assert!(option_env!(\"HOSTILE\").is_none());\n",
    );
    let kept = ["PATH", "CARGO", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"];
    let kept = kept
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)));
    let home = scratch.path().join("home").display().to_string();
    let hostile = HOSTILE.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let environment = kept.chain(hostile).chain([("HOME".to_owned(), home)]).collect();
    let target = root.join("target");
    let mut cargo = command_in(&environment, &root, &target, "check").unwrap();
    let output = cargo.args(["--quiet", "--offline"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(target.join("debug").is_dir());
}

#[test]
fn project_toolchain_is_found_without_cargo_variable() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    // A fake rustup proxy, which chooses a toolchain by the current folder.
    let script = format!(
        "[ \"$PWD\" = '{}' ] && echo '{}'",
        at("project").display(),
        at("toolchain").display()
    );
    write_script(&at("path/rustc"), &script);
    for name in ["cargo", "rustc"] {
        write_script(&at("toolchain/bin").join(name), "");
    }
    fs::create_dir(at("project")).unwrap();
    let path = format!("{}:/usr/bin:/bin", at("path").display());
    let environment = [("PATH", path)].into_iter().collect();
    let tools = RustToolchain::find(&environment, &at("project"));
    assert_eq!(tools.cargo, at("toolchain/bin/cargo"));
    assert_eq!(tools.rustc, at("toolchain/bin/rustc"));
}
