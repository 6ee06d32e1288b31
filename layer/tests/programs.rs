//! Programs that cannot start, in images and zip archives, and those that can: formats, interpreters and entry points.
//! Libraries are in `libraries.rs`.

#![allow(clippy::unwrap_used, reason = "a test's panic is its failure")]

mod program_fixture;
#[path = "../src/tests/static_program.rs"]
mod static_program;

use layer::Architecture;
use layer::lint::{Finding, LintOptions, Rule, Severity, ZipKind, lint};
use program_fixture::{Files, assert_none, assert_only, entrypoint, host};
use static_program::{AARCH64, X86_64, static_program};

/// A static program for this machine.
fn own_program() -> Vec<u8> {
    static_program(match host() {
        Architecture::X86_64 => X86_64,
        Architecture::Aarch64 => AARCH64,
    })
}

fn zip_of(bootstrap: &[u8]) -> Vec<Finding> {
    Files::new().add("bootstrap", bootstrap).zip(&LintOptions::default())
}

#[test]
fn files_that_linux_does_not_run_are_named() {
    for (bytes, text) in [
        (&b"\xcf\xfa\xed\xfe\x0c\0\0\x01\0\0\0\0"[..], "Mach-O"),
        (b"MZ\x90\0\x03\0\0\0", "Windows"),
        (b"!<arch>\nfunction.o/", "`ar` archive"),
        (b"", "an empty file"),
        (b"echo hello\n", "without `#!`"),
        (b"#!/bin/sh\r\necho\r\n", "line endings of Windows"),
        (b"#!/bin/sh -e\r\necho\r\n", "line endings of Windows"),
    ] {
        let image = Files::new().add("var/task/bootstrap", bytes);
        let image = image.add("bin/sh", &own_program());
        assert_only(&image.function_image(), Rule::Entrypoint, Severity::Error, text);
        assert_only(&zip_of(bytes), Rule::ZipProgram, Severity::Error, text);
    }
}

#[test]
fn programs_for_other_processors_are_reported() {
    for (machine, text) in [(243, "machine 243"), (40, "machine 40")] {
        let found = zip_of(&static_program(machine));
        assert_only(&found, Rule::ZipProgram, Severity::Error, text);
        let image = Files::new().add("var/task/bootstrap", &static_program(machine));
        assert_only(&image.function_image(), Rule::Architecture, Severity::Error, text);
    }
}

#[test]
fn interpreters_are_followed() {
    let program = own_program();
    let script = b"#!/bin/sh\n".as_slice();
    assert_none(&zip_of(script));
    assert_none(&zip_of(b"#!/usr/bin/env bash\n"));
    let missing = "interpreter `/usr/bin/python3`";
    assert_only(
        &zip_of(b"#!/usr/bin/python3\n"),
        Rule::ZipProgram,
        Severity::Error,
        missing,
    );
    let found = zip_of(b"#!/opt/bin/php\n");
    assert_only(&found, Rule::ZipProgram, Severity::Warning, "it must be in a layer");
    let missing = "a script for `node`, which is not in PATH";
    assert_only(
        &zip_of(b"#!/usr/bin/env node\n"),
        Rule::ZipProgram,
        Severity::Error,
        missing,
    );
    // An interpreter in the archive.
    let own = Files::new()
        .add("bootstrap", b"#!/var/task/bin/node x\n")
        .add("bin/node", &program);
    assert_none(&own.zip(&LintOptions::default()));

    let image = |bytes| Files::new().add("var/task/bootstrap", bytes);
    let missing = "interpreter `/bin/sh`";
    assert_only(&image(script).function_image(), Rule::Loader, Severity::Error, missing);
    assert_none(&image(script).add("bin/sh", &program).function_image());
    let chained = image(b"#!/a\n").add("a", b"#!/b\n").add("b", &program);
    assert_none(&chained.function_image());
    let endless = image(b"#!/var/task/bootstrap\n");
    assert_only(
        &endless.function_image(),
        Rule::Entrypoint,
        Severity::Error,
        "interpreters of interpreters",
    );
    let mach_o = image(script).add("bin/sh", b"\xcf\xfa\xed\xfe");
    assert_only(
        &mach_o.function_image(),
        Rule::Entrypoint,
        Severity::Error,
        "`/bin/sh` is a Mach-O",
    );
}

#[test]
fn entry_points_are_found_in_path_and_in_shell_commands() {
    let program = own_program();
    let image = |arguments: &[&str]| {
        let files = Files::new().add("bin/sh", &program).add("var/task/a", &program);
        files.image(&entrypoint(arguments), &[])
    };
    assert_only(
        &image(&["sh"]),
        Rule::Entrypoint,
        Severity::Warning,
        "not an absolute path",
    );
    let found = image(&["bootstrap"]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[1].message.contains("not in the image's PATH"), "{found:?}");
    assert_none(&image(&["/bin/sh", "-c", "exec /var/task/a --b"]));
    assert_none(&image(&["/bin/sh", "-c", "cd /var/task && ./a"]));
    let found = image(&["/bin/sh", "-c", "/var/task/b"]);
    assert_only(
        &found,
        Rule::Entrypoint,
        Severity::Error,
        "`/var/task/b` is not in the image",
    );
    // Python's runtime interface client.
    let client = |arguments: &[&str], module: &str| {
        let files = Files::new().add("usr/bin/python3", &program).add(module, b"x");
        let arguments = [&["/usr/bin/python3", "-m", "awslambdaric"], arguments].concat();
        files.image(&entrypoint(&arguments), &[])
    };
    let module = "usr/lib/python3/dist-packages/awslambdaric/__main__.py";
    assert_none(&client(&["app.handler"], module));
    for (arguments, module, text) in [
        (vec!["app.handler"], "x", "`awslambdaric` is not in the image"),
        (vec![], module, "gets no handler"),
    ] {
        assert_only(&client(&arguments, module), Rule::Entrypoint, Severity::Warning, text);
    }
    // Shell form in an image without a shell.
    let files = Files::new().add("var/task/a", &program);
    let found = files.image(&entrypoint(&["/bin/sh", "-c", "/var/task/a"]), &[]);
    assert_only(
        &found,
        Rule::Entrypoint,
        Severity::Error,
        "`/bin/sh` is not in the image",
    );
}

#[test]
fn base_images_of_aws_need_a_handler() {
    let program = own_program();
    let image = |arguments: &[&str], runtime: Option<&str>| {
        let mut files = Files::new()
            .add("lambda-entrypoint.sh", b"#!/bin/sh\n")
            .add("bin/sh", &program);
        if let Some(runtime) = runtime {
            files = files.add(runtime, &program);
        }
        files.image(&entrypoint(&[&["/lambda-entrypoint.sh"], arguments].concat()), &[])
    };
    let runtime = Some("var/runtime/bootstrap");
    assert_none(&image(&["app.handler"], runtime));
    assert_only(
        &image(&[], runtime),
        Rule::Entrypoint,
        Severity::Error,
        "the handler, and gets 0",
    );
    let shell_form = ["/bin/sh", "-c", "app.handler"];
    assert_only(
        &image(&shell_form, runtime),
        Rule::Entrypoint,
        Severity::Error,
        "gets 3",
    );
    let found = image(&["app.handler"], None);
    assert_only(
        &found,
        Rule::Entrypoint,
        Severity::Error,
        "`/var/runtime/bootstrap` is not",
    );
}

#[test]
fn extensions_of_images_can_start() {
    let program = own_program();
    let image = |name: &str, bytes: &[u8]| {
        let files = Files::new().add("var/task/bootstrap", &program).add("bin/sh", &program);
        let path = format!("opt/extensions/{name}");
        files.add(&path, bytes).function_image()
    };
    assert_none(&image("a", &program));
    assert_none(&image("a", b"#!/bin/sh\n"));
    // Only what is directly in the folder is started.
    assert_none(&image("lib/a", b"text"));
    for (bytes, text) in [
        (&b"\xcf\xfa\xed\xfe"[..], "Mach-O"),
        (b"#!/bin/sh\r\n", "line endings of Windows"),
        (b"#!/usr/bin/python3\n", "interpreter `/usr/bin/python3`"),
        (b"text\n", "without `#!`"),
        (&static_program(243), "for machine 243"),
    ] {
        assert_only(&image("a", bytes), Rule::Extensions, Severity::Error, text);
    }
    let data = Files::new().add("var/task/bootstrap", &program);
    let extension = data.path("extension");
    fs_err::write(&extension, &program).unwrap();
    let data = data.add_data("opt/extensions/a", &extension);
    let text = "`/opt/extensions/a` has mode 0644";
    assert_only(&data.function_image(), Rule::Extensions, Severity::Error, text);
}

#[test]
fn zips_for_managed_runtimes_and_layers_have_rules_of_their_own() {
    let options = |kind, runtime: Option<&str>| LintOptions {
        zip_kind: kind,
        runtime: runtime.map(str::to_owned),
        ..LintOptions::default()
    };
    let code = |path: &str| Files::new().add(path, b"x");
    assert_none(&code("app.py").zip(&options(ZipKind::Function, Some("python3.13"))));
    let found = code("app.py").zip(&options(ZipKind::Function, None));
    assert_only(&found, Rule::ZipBootstrap, Severity::Warning, "`--runtime`");
    let found = code("app.py").zip(&options(ZipKind::Function, Some("python3.99")));
    assert_only(&found, Rule::ZipRuntime, Severity::Note, "python3.99 is not known");
    let path = code("app.py").path("none.zip");
    assert!(lint(&path, &options(ZipKind::Function, Some("cobol"))).is_err());

    assert_none(&code("python/x.py").zip(&options(ZipKind::Layer, None)));
    assert_none(&code("lib/x").zip(&options(ZipKind::Layer, Some("nodejs22.x"))));
    let found = code("site-packages/x.py").zip(&options(ZipKind::Layer, None));
    assert_only(
        &found,
        Rule::ZipLayerPaths,
        Severity::Warning,
        "`site-packages` at its root",
    );
    // A layer with a custom runtime.
    let found = code("bootstrap").zip(&options(ZipKind::Layer, None));
    assert_only(&found, Rule::ZipProgram, Severity::Error, "without `#!`");
    let found = Files::new()
        .add("python/x.so", b"\xcf\xfa\xed\xfe")
        .zip(&options(ZipKind::Layer, None));
    assert_only(&found, Rule::ZipNativeFiles, Severity::Warning, "for macOS");
    let modules = Files::new()
        .add("a.so", &static_program(X86_64))
        .add("b.so", &static_program(AARCH64));
    let found = modules.zip(&options(ZipKind::Function, Some("python3.13")));
    assert_only(&found, Rule::ZipNativeFiles, Severity::Warning, "b.so (aarch64)");
}
