//! What runtimes have around a zip archive, and runtimes that Lambda no longer supports.

#![allow(clippy::unwrap_used, reason = "a test's panic is its failure")]

mod program_fixture;

use std::path::PathBuf;

use fs_err as fs;
use layer::lint::{LintOptions, Rule, Severity, ZipKind};
use program_fixture::{Files, assert_none, assert_only, host};

fn on(runtime: &str) -> LintOptions {
    LintOptions {
        runtime: Some(runtime.to_owned()),
        ..LintOptions::default()
    }
}

fn layer_on(runtime: &str) -> LintOptions {
    LintOptions {
        zip_kind: ZipKind::Layer,
        ..on(runtime)
    }
}

/// A library that needs the symbol version `version` of `library`.
fn needs_version(files: &Files, library: &str, version: &str) -> PathBuf {
    let script = files.path("versions");
    fs::write(&script, format!("{version} {{ global: versioned; }};\n")).unwrap();
    let script = format!("-Wl,--version-script={}", script.display());
    let soname = format!("-Wl,-soname,{library}");
    let arguments = ["-shared", "-fPIC", &soname, &script];
    let needed = files.compile(library, "int versioned(void) { return 1; }\n", &arguments);
    let needed = needed.display().to_string();
    let code = "int versioned(void);\nint own(void) { return versioned(); }\n";
    files.compile("needs-version", code, &["-shared", "-fPIC", &needed])
}

#[test]
fn deprecated_runtimes_are_reported() {
    let code = || Files::new().add("app", b"x");
    for runtime in ["nodejs24.x", "java17.al2023", "ruby4.0", "python3.11"] {
        assert_none(&code().zip(&on(runtime)));
    }
    for runtime in ["python3.8", "go1.x", "nodejs20.x"] {
        let found = code().zip(&on(runtime));
        assert_only(&found, Rule::ZipRuntime, Severity::Warning, "is deprecated since 202");
    }
    let blocked = code().zip(&on("python2.7"));
    assert_only(
        &blocked,
        Rule::ZipRuntime,
        Severity::Error,
        "updates none from 2022-05-30",
    );
    // Nothing is known about the files of Amazon Linux 1.
    let script = Files::new().add("bootstrap", b"#!/usr/bin/ruby\n");
    let found = script.zip(&on("provided"));
    assert_only(&found, Rule::ZipRuntime, Severity::Warning, "provided is deprecated");
}

#[test]
fn native_modules_fit_the_runtime() {
    for (library, version, runtime, text) in [
        ("libc.so.6", "GLIBC_2.38", "python3.13", Some("x.so (GLIBC_2.38)")),
        ("libc.so.6", "GLIBC_2.34", "python3.13", None),
        ("libc.so.6", "GLIBC_2.34", "java17", Some("glibc 2.26")),
        (
            "libstdc++.so.6",
            "GLIBCXX_3.4.34",
            "nodejs22.x",
            Some("x.so (GLIBCXX_3.4.34)"),
        ),
        ("libstdc++.so.6", "GLIBCXX_3.4.33", "nodejs22.x", None),
    ] {
        let files = Files::new();
        let module = needs_version(&files, library, version);
        let found = files.add_file("a/x.so", &module).zip(&on(runtime));
        match text {
            Some(text) => assert_only(&found, Rule::ZipNativeFiles, Severity::Warning, text),
            None => assert_none(&found),
        }
    }
    // The archive has a newer library of its own.
    let files = Files::new();
    let module = needs_version(&files, "libstdc++.so.6", "GLIBCXX_3.4.99");
    let own = files.path("libstdc++.so.6");
    let found = files.add_file("a/x.so", &module).add_file("lib/libstdc++.so.6", &own);
    assert_none(&found.zip(&on("nodejs22.x")));

    let files = Files::new();
    let library = files.library("libx.so", &[]);
    let module = "a/x.cpython-312-x86_64-linux-gnu.so";
    let found = files.add_file(module, &library).zip(&on("python3.13"));
    assert_only(
        &found,
        Rule::ZipNativeFiles,
        Severity::Warning,
        "another version of Python",
    );
    let windows = Files::new().add("a/x.cp313-win_amd64.pyd", b"MZ\x90\0");
    assert_only(
        &windows.zip(&on("python3.13")),
        Rule::ZipNativeFiles,
        Severity::Warning,
        "for Windows",
    );
}

#[test]
fn layers_have_packages_for_the_version_of_python() {
    let packages = |version: &str| Files::new().add(&format!("python/lib/{version}/site-packages/a.py"), b"x");
    assert_none(&packages("python3.13").zip(&layer_on("python3.13")));
    assert_none(&packages("python3.12").zip(&layer_on("nodejs22.x")));
    let found = packages("python3.12").zip(&layer_on("python3.13"));
    assert_only(
        &found,
        Rule::ZipLayerPaths,
        Severity::Warning,
        "for python3.12, not for",
    );
}

#[test]
fn extensions_of_layers_are_executable() {
    let files = Files::new();
    let extension = files.path("extension");
    fs::write(&extension, "#!/bin/sh\n").unwrap();
    let files = files.add_file("extensions/a", &extension);
    // Lambda starts only what is directly in the folder.
    let files = files.add_data("extensions/lib/b", &extension);
    let found = files.add_data("extensions/c", &extension).zip(&layer_on("python3.13"));
    assert_only(
        &found,
        Rule::ZipProgram,
        Severity::Error,
        "`/opt/extensions/c` has mode 0644",
    );
}

#[test]
fn extensions_of_layers_can_start() {
    let layer = |bytes: &[u8], runtime: &str| Files::new().add("extensions/a", bytes).zip(&layer_on(runtime));
    assert_none(&layer(b"#!/bin/sh\n", "python3.13"));
    assert_none(&layer(b"#!/usr/bin/env python3\n", "python3.13"));
    let warning = |bytes: &[u8], text| {
        let found = layer(bytes, "provided.al2023");
        assert_only(&found, Rule::ZipProgram, Severity::Warning, text);
    };
    warning(b"#!/usr/bin/env python3\n", "another layer may have it");
    warning(b"#!/opt/bin/ruby\n", "it must be in a layer");
    for (bytes, text) in [
        (&b"\xcf\xfa\xed\xfe"[..], "Mach-O"),
        (b"MZ\x90\0", "Windows"),
        (b"#!/bin/sh\r\n", "line endings of Windows"),
        (b"text\n", "without `#!`"),
    ] {
        assert_only(&layer(bytes, "nodejs22.x"), Rule::ZipProgram, Severity::Error, text);
    }

    let files = Files::new();
    let extension = files.program(&[]);
    let for_other = LintOptions {
        architecture: Some(host().other()),
        ..layer_on("python3.13")
    };
    let found = files.add_file("extensions/a", &extension).zip(&for_other);
    assert_only(&found, Rule::ZipProgram, Severity::Error, "not for");
    // A function has its extensions in layers.
    assert_none(&Files::new().add("extensions/a", b"text").zip(&on("python3.13")));
}

#[test]
fn modules_for_musl_do_not_fit_runtimes() {
    let module = |name: &str, runtime: &str| {
        let files = Files::new();
        let musl = format!("libc.musl-{}.so.1", host());
        files.library(&musl, &[]);
        let module = files.library("module.so", &[&format!("-l:{musl}")]);
        files.add_file(name, &module).zip(&on(runtime))
    };
    for (name, runtime) in [
        ("a/_s.cpython-313-x86_64-linux-musl.so", "python3.13"),
        ("a.libs/libx.so.1", "python3.13"),
        ("build/Release/a.node", "nodejs22.x"),
    ] {
        let found = module(name, runtime);
        assert_only(&found, Rule::ZipNativeFiles, Severity::Warning, "for musl");
    }
    // Node.js loads the one that fits.
    assert_none(&module("prebuilds/linux-x64/a.musl.node", "nodejs22.x"));
}

#[test]
fn modules_for_other_systems_may_be_beside_the_right_one() {
    let on_runtime = |others: &[&str], right: &str, runtime: &str| {
        let files = Files::new();
        let module = files.library("module.so", &[]);
        let mut files = files.add_file(right, &module);
        for other in others {
            files = files.add(other, b"\xcf\xfa\xed\xfe");
        }
        files.zip(&on(runtime))
    };
    let right = "m/prebuilds/linux-x64/a.node";
    let others = ["m/prebuilds/darwin-arm64/a.node", "m/prebuilds/darwin-x64/a.node"];
    assert_none(&on_runtime(&others, right, "nodejs22.x"));
    for alone in [
        "m/prebuilds/darwin-x64/b.node",
        "n/prebuilds/darwin-x64/a.node",
        "a.node",
    ] {
        let found = on_runtime(&[alone], right, "nodejs22.x");
        assert_only(&found, Rule::ZipNativeFiles, Severity::Warning, "for macOS");
    }

    let python = |names: &[&str]| {
        let files = Files::new();
        let module = files.library("module.so", &[]);
        let add = |files: Files, name: &&str| files.add_file(name, &module);
        names.iter().fold(files, add).zip(&on("python3.13"))
    };
    let (old, new) = (
        "a/_x.cpython-312-x86_64-linux-gnu.so",
        "a/_x.cpython-313-x86_64-linux-gnu.so",
    );
    assert_none(&python(&[old, new]));
    assert_only(
        &python(&[old]),
        Rule::ZipNativeFiles,
        Severity::Warning,
        "another version of Python",
    );
}

#[test]
fn libraries_that_functions_did_not_find_are_warnings() {
    for (library, severity, text) in [
        ("libssl.so.3", None, ""),
        ("libgcrypt.so.20", Some(Severity::Warning), "not every function"),
        // Of the container image of Amazon Linux, but not of the runtime.
        ("libcrypt.so.2", Some(Severity::Error), "needs libcrypt.so.2"),
    ] {
        let files = Files::new();
        files.library(library, &[]);
        let program = files.program(&[&format!("-l:{library}")]);
        let found = files.add_file("bootstrap", &program).zip(&LintOptions::default());
        match severity {
            Some(severity) => assert_only(&found, Rule::ZipProgram, severity, text),
            None => assert_none(&found),
        }
    }
}
