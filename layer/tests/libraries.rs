//! Loaders and shared libraries that the image, the archive or the runtime lacks, and those that are found.

#![allow(clippy::unwrap_used, reason = "a test's panic is its failure")]

mod program_fixture;

use fs_err as fs;
use layer::lint::{Finding, LintOptions, Rule, Severity};
use program_fixture::{Files, assert_none, assert_only, entrypoint};

#[test]
fn loaders_must_be_in_the_image_or_the_runtime() {
    for (loader, advice) in [
        ("/lib/ld-musl-x86_64.so.1", "musl"),
        ("/nix/store/0-glibc-2.40/lib/ld-linux-x86-64.so.2", "nix"),
        ("/lib64/ld-other.so.1", "which is not in"),
    ] {
        let with_loader = |files: &Files| {
            let library = files.library("libx.so", &[]);
            let loader = format!("-Wl,--dynamic-linker={loader}");
            (files.program(&["-pie", &loader, "-lx"]), library)
        };
        let files = Files::new();
        let (program, library) = with_loader(&files);
        let zip = files.add_file("bootstrap", &program).add_file("lib/libx.so", &library);
        assert_only(
            &zip.zip(&LintOptions::default()),
            Rule::ZipProgram,
            Severity::Error,
            advice,
        );
        let files = Files::new();
        let (program, library) = with_loader(&files);
        let image = files
            .add_file("var/task/bootstrap", &program)
            .add_file("usr/lib/libx.so", &library);
        assert_only(&image.function_image(), Rule::Loader, Severity::Error, advice);
        let files = Files::new();
        let (program, library) = with_loader(&files);
        let image = files
            .add_file("var/task/bootstrap", &program)
            .add_file("usr/lib/libx.so", &library);
        assert_none(&image.add(loader.trim_start_matches('/'), b"loader").function_image());
    }
}

/// A program with the given linker arguments that needs `libx.so`, which needs `liby.so`, each at a path in a zip.
fn zip_with_libraries(arguments: &[&str], x: &str, y: Option<&str>) -> Vec<Finding> {
    let files = Files::new();
    let library_y = files.library("liby.so", &[]);
    let library_x = files.library("libx.so", &["-ly"]);
    let program = files.program(&[&["-lx"], arguments].concat());
    let mut zip = files.add_file("bootstrap", &program).add_file(x, &library_x);
    if let Some(y) = y {
        zip = zip.add_file(y, &library_y);
    }
    zip.zip(&LintOptions::default())
}

#[test]
fn libraries_in_zips_are_searched_as_by_lambda() {
    assert_none(&zip_with_libraries(&[], "lib/libx.so", Some("liby.so")));
    let runpath = ["-Wl,--enable-new-dtags,-rpath,$ORIGIN/a"];
    assert_none(&zip_with_libraries(&runpath, "a/libx.so", Some("lib/liby.so")));
    // DT_RUNPATH is only for the program's own libraries, DT_RPATH also for theirs.
    let found = zip_with_libraries(&runpath, "a/libx.so", Some("a/liby.so"));
    assert_only(
        &found,
        Rule::ZipProgram,
        Severity::Error,
        "`var/task/a/libx.so` needs liby.so",
    );
    let rpath = ["-Wl,--disable-new-dtags,-rpath,${ORIGIN}/a"];
    assert_none(&zip_with_libraries(&rpath, "a/libx.so", Some("a/liby.so")));
    let found = zip_with_libraries(&[], "lib/libx.so", None);
    assert_only(
        &found,
        Rule::ZipProgram,
        Severity::Error,
        "`var/task/lib/libx.so` needs liby.so",
    );
    let found = zip_with_libraries(&[], "other/libx.so", Some("lib/liby.so"));
    assert_only(&found, Rule::ZipProgram, Severity::Error, "needs libx.so");
}

#[test]
fn libraries_in_images_are_searched_as_configured() {
    let image = |x: &str, environment: &[&str]| {
        let files = Files::new();
        let library = files.library("libx.so", &[]);
        let program = files.program(&["-lx", "-no-pie", "-Wl,--dynamic-linker=/ld.so"]);
        let files = files.add_file("var/task/bootstrap", &program).add_file(x, &library);
        let files = files.add("ld.so", b"loader");
        files.image(&entrypoint(&["/var/task/bootstrap"]), environment)
    };
    assert_none(&image("usr/lib/libx.so", &[]));
    assert_none(&image("a/libx.so", &["LD_LIBRARY_PATH=/b:/a"]));
    assert_only(&image("a/libx.so", &[]), Rule::Loader, Severity::Error, "needs libx.so");
    // Lambda documents these folders, but only zip archives are sure to be searched there.
    assert_only(
        &image("opt/lib/libx.so", &[]),
        Rule::Loader,
        Severity::Warning,
        "set LD_LIBRARY_PATH",
    );
}

#[test]
fn libraries_for_another_processor_are_passed_over() {
    let files = Files::new();
    let library = files.library("libx.so", &[]);
    let program = files.program(&["-lx"]);
    let mut foreign = fs::read(&library).unwrap();
    foreign[18] = 243;
    let zip = files.add_file("bootstrap", &program).add("lib/libx.so", &foreign);
    let found = zip.zip(&LintOptions::default());
    assert_only(&found, Rule::ZipProgram, Severity::Error, "is for machine 243");
}

#[test]
fn programs_of_rustc_need_the_unwinder_of_the_runtime() {
    let own = fs::read(std::env::current_exe().unwrap()).unwrap();
    for runtime in ["provided.al2023", "provided.al2"] {
        let options = LintOptions {
            runtime: Some(runtime.to_owned()),
            ..LintOptions::default()
        };
        let found = Files::new().add("bootstrap", &own).zip(&options);
        let unwinder = found.iter().find(|finding| finding.message.contains("libgcc_s"));
        assert_eq!(unwinder, None, "{runtime}");
    }
}

#[test]
fn loaders_and_libraries_are_for_all_users() {
    let image = |private: &str| {
        let files = Files::new();
        let library = files.library("libx.so", &[]);
        let program = files.program(&["-pie", "-Wl,--dynamic-linker=/ld.so", "-lx"]);
        let mut files = files.add_file("var/task/bootstrap", &program);
        for (path, file) in [("ld.so", &program), ("usr/lib/libx.so", &library)] {
            files = match path == private {
                true => files.add_data(path, file),
                false => files.add_file(path, file),
            };
        }
        files.function_image()
    };
    assert_none(&image(""));
    assert_only(&image("ld.so"), Rule::Loader, Severity::Error, "`/ld.so` has mode 0644");
    // A library need not be executable.
    assert_none(&image("usr/lib/libx.so"));
}
