//! The program of an image, its loader and its glibc. `layer/tests` has more of them.

use super::*;

#[test]
fn missing_or_non_executable_entrypoint_breaks_entrypoint() {
    let change = |fixture: &mut ImageFixture| fixture.config["config"] = json!({});
    assert_breaks(change, &[Rule::Entrypoint]);
    let change = |fixture: &mut ImageFixture| fixture.config["config"]["Entrypoint"] = json!(["/a"]);
    assert_breaks(change, &[Rule::Entrypoint]);
    let change = |fixture: &mut ImageFixture| fixture.config["config"]["Entrypoint"] = json!(["/var"]);
    assert_breaks(change, &[Rule::Entrypoint]);
    let folders = [folder("var/"), folder("var/task/")].concat();
    let data = file("var/task/bootstrap", 0o644, &static_program(X86_64));
    assert_breaks(layer(&[folders, data]), &[Rule::Entrypoint]);
    // Lambda accepts CMD instead of ENTRYPOINT.
    let change = |fixture: &mut ImageFixture| {
        fixture.config["config"] = json!({"Cmd": ["/var/task/bootstrap"]});
    };
    assert_breaks(change, &[]);
}

#[test]
fn program_in_a_private_folder_breaks_entrypoint() {
    let folder_and_program = [folder("private/"), file("private/app", 0o755, &static_program(X86_64))];
    let mut fixture = ImageFixture::valid();
    layer(&folder_and_program)(&mut fixture);
    fixture.config["config"] = json!({"Entrypoint": ["/private/app"]});
    let parent = tempfile::tempdir().unwrap();
    assert_eq!(broken_rules(&fixture.write(parent.path()), None), []);

    let private = crate::tests::fixture::directory("private/", 0o700);
    let mut fixture = ImageFixture::valid();
    layer(&[private, folder_and_program[1].clone()])(&mut fixture);
    fixture.config["config"] = json!({"Entrypoint": ["/private/app"]});
    let parent = tempfile::tempdir().unwrap();
    let found = broken_rules(&fixture.write(parent.path()), None);
    let expected = [(Rule::Readable, Severity::Warning), (Rule::Entrypoint, Severity::Error)];
    assert_eq!(found, expected);
}

#[test]
fn missing_loader_or_wrong_architecture_breaks_rules() {
    let scratch = tempfile::tempdir().unwrap();
    let program = fs::read(c_program(scratch.path(), &[])).unwrap();
    let folders = [folder("var/"), folder("var/task/")].concat();
    let entries = [folders, file("var/task/bootstrap", 0o755, &program)];
    let host = Architecture::host().unwrap();
    let on = |architecture: Architecture| {
        let entries = entries.clone();
        move |fixture: &mut ImageFixture| {
            layer(&entries)(fixture);
            fixture.config["architecture"] = architecture.goarch().into();
        }
    };
    assert_breaks(on(host), &[Rule::Loader]);
    assert_breaks(on(host.other()), &[Rule::Architecture]);
}

#[test]
fn loader_of_musl_may_have_the_name_of_glibcs() {
    let scratch = tempfile::tempdir().unwrap();
    let program = fs::read(c_program(scratch.path(), &["-Wl,--no-as-needed", "-ldl", "-lm"])).unwrap();
    let elf = crate::elf::Elf::parse(Path::new("program"), &program).unwrap();
    assert!(elf.needed.contains(&"libc.so.6".to_owned()));
    let loader = elf.interpreter.unwrap().trim_start_matches('/').to_owned();
    let architecture = Architecture::host().unwrap();
    let musl = format!("lib/ld-musl-{architecture}.so.1");
    let (above, _) = loader.split_once('/').unwrap();
    let mut folders = vec![folder("var/"), folder("var/task/"), folder("lib/")];
    if above != "lib" {
        folders.push(folder(&format!("{above}/")));
    }
    let on_loaders = |loaders: &[Vec<u8>], program: &[u8], rules: &[Rule]| {
        let program = file("var/task/bootstrap", 0o755, program);
        let entries = [&folders, [program].as_slice(), loaders].concat();
        let change = |fixture: &mut ImageFixture| {
            layer(&entries)(fixture);
            fixture.config["architecture"] = architecture.goarch().into();
        };
        assert_breaks(change, rules);
    };
    let own = file(&musl, 0o755, b"loader");
    let soname = format!("-Wl,-soname,{}", loader.rsplit('/').next().unwrap());
    let glibc = fs::read(c_program(scratch.path(), &["-shared", "-fPIC", &soname])).unwrap();
    // libc6-compat, gcompat, and glibc beside musl.
    let linked = link(EntryType::Symlink, &loader, &format!("/{musl}"));
    on_loaders(&[own.clone(), linked.clone()], &program, &[]);
    on_loaders(&[own.clone(), file(&loader, 0o755, b"loader")], &program, &[]);
    on_loaders(&[own.clone(), file(&loader, 0o755, &glibc)], &program, &[Rule::Loader]);

    // musl's loader has a file with its folders.
    let library = fs::read(c_program(scratch.path(), &["-shared", "-fPIC", "-Wl,-soname,libx.so"])).unwrap();
    fs::write(scratch.path().join("libx.so"), &library).unwrap();
    let search = format!("-L{}", scratch.path().display());
    let needs = ["-Wl,--no-as-needed", search.as_str(), "-l:libx.so"];
    let program = fs::read(c_program(scratch.path(), &needs)).unwrap();
    let mut loaders = vec![own, linked, folder("x/"), file("x/libx.so", 0o644, &library)];
    on_loaders(&loaders, &program, &[Rule::Loader]);
    let list = file(&format!("etc/ld-musl-{architecture}.path"), 0o644, b"/lib\n/x\n");
    loaders.extend([folder("etc/"), list]);
    on_loaders(&loaders, &program, &[]);
}

/// glibc's loader searches the folder in which its own build has its libraries.
#[test]
fn libraries_beside_the_loader_are_found() {
    let scratch = tempfile::tempdir().unwrap();
    let program = c_program(scratch.path(), &[]);
    let elf = crate::elf::Elf::read(&program).unwrap();
    let loader = elf.interpreter.unwrap().trim_start_matches('/').to_owned();
    let architecture = Architecture::host().unwrap();
    let of_host = |name: &str| {
        let folders = crate::glibc::library_folders(architecture);
        let mut paths = folders.iter().map(|folder| Path::new(folder).join(name));
        fs::read(paths.find(|path| path.is_file()).unwrap()).unwrap()
    };
    let libc = of_host("libc.so.6");
    for (folder_of_libc, rules) in [("own/", &[][..]), ("elsewhere/", &[Rule::Loader])] {
        let (above, _) = loader.split_once('/').unwrap();
        let entries = [
            folder("var/"),
            folder("var/task/"),
            file("var/task/bootstrap", 0o755, &fs::read(&program).unwrap()),
            folder("own/"),
            file("own/ld.so", 0o755, &of_host(loader.rsplit('/').next().unwrap())),
            folder("elsewhere/"),
            file(&format!("{folder_of_libc}libc.so.6"), 0o755, &libc),
            folder(&format!("{above}/")),
            link(EntryType::Symlink, &loader, "/own/ld.so"),
        ];
        let change = |fixture: &mut ImageFixture| {
            layer(&entries)(fixture);
            fixture.config["architecture"] = architecture.goarch().into();
        };
        assert_breaks(change, rules);
    }
}

#[test]
fn old_glibc_breaks_glibc() {
    let scratch = tempfile::tempdir().unwrap();
    let program = c_program(scratch.path(), &[]);
    let elf = crate::elf::Elf::read(&program).unwrap();
    let program = fs::read(program).unwrap();
    // A library that declares the symbol versions of an old glibc.
    let versions = scratch.path().join("versions");
    fs::write(&versions, "GLIBC_2.1 { global: main; local: *; };\n").unwrap();
    let script = format!("-Wl,--version-script={}", versions.display());
    let old = ["-shared", "-fPIC", "-nostdlib", &script];
    let old = fs::read(c_program(scratch.path(), &old)).unwrap();
    let loader = elf.interpreter.unwrap();
    let loader = loader.trim_start_matches('/').to_owned();
    let (above, _) = loader.rsplit_once('/').unwrap();
    let mut entries = vec![folder("var/"), folder("var/task/"), folder("usr/"), folder("usr/lib/")];
    for (end, _) in format!("{above}/").match_indices('/') {
        entries.push(folder(&format!("{}/", &above[..end])));
    }
    entries.push(file("var/task/bootstrap", 0o755, &program));
    entries.push(file("usr/lib/libc.so.6", 0o755, &old));
    entries.push(file(&loader, 0o755, b"loader"));
    let change = |fixture: &mut ImageFixture| {
        layer(&entries)(fixture);
        let host = Architecture::host().unwrap().goarch();
        fixture.config["architecture"] = host.into();
    };
    assert_breaks(change, &[Rule::Glibc]);
}

#[test]
fn private_libraries_break_loader() {
    let scratch = tempfile::tempdir().unwrap();
    let program = fs::read(c_program(scratch.path(), &[])).unwrap();
    let elf = crate::elf::Elf::parse(Path::new("program"), &program).unwrap();
    let loader = elf.interpreter.unwrap().trim_start_matches('/').to_owned();
    let image = |bits| {
        let mut entries = vec![folder("var/"), folder("var/task/"), folder("usr/"), folder("usr/lib/")];
        for (end, _) in loader.match_indices('/') {
            entries.push(folder(&format!("{}/", &loader[..end])));
        }
        entries.push(file("var/task/bootstrap", 0o755, &program));
        entries.push(file(&loader, 0o755, b"loader"));
        entries.push(file("usr/lib/libc.so.6", bits, &program));
        let mut fixture = ImageFixture::valid();
        layer(&entries)(&mut fixture);
        fixture.config["architecture"] = Architecture::host().unwrap().goarch().into();
        let parent = tempfile::tempdir().unwrap();
        broken_rules(&fixture.write(parent.path()), None)
    };
    assert_eq!(image(0o644), []);
    let private = [(Rule::Readable, Severity::Warning), (Rule::Loader, Severity::Error)];
    assert_eq!(image(0o700), private);
}
