//! Builds a small OpenCV, a program with it, and an image of that program: xtask FOLDER CACHE

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

use layer::elf::FunctionBinary;
use layer::lint::{LintOptions, lint};
use layer::{Content, FileTree, ImageConfig, Layout, LayoutWriter, Mode, glibc};
use opencv_build::{Architecture, BuildPaths, CmakeLauncher, ErrorKind, Recipe, Sdk, Tools, build};

const RECIPE: &str = r#"
    version = "4.5.5"
    cxx_standard = 17
    modules = ["imgproc", "imgcodecs"]
    codecs = ["png"]
    decode_only = ["png"]
    target = { architecture = "HOST", glibc = "2.28" }
    cpu.x86_64 = { baseline = ["SSE4_2"], dispatch = [] }
    cpu.aarch64 = { baseline = ["NEON"], dispatch = [] }
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let launcher = CmakeLauncher::init();
    let folders: Vec<_> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [folder, cache] = folders.as_slice() else {
        return Err("usage: xtask FOLDER CACHE".into());
    };
    let host = Architecture::host().ok_or("unsupported build machine")?;
    let text = RECIPE.replace("HOST", host.name());
    let error = text.replace("imgproc", "imgprog").parse::<Recipe>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Recipe);
    assert!(error.to_string().contains("imgprog"), "{error}");

    let recipe: Recipe = text.parse()?;
    let paths = BuildPaths::new(folder)?.with_shared_dir(cache)?;
    let sdk = build(&recipe, &paths, &launcher)?.sdk;
    let program = folder.join("program");
    compile(&sdk, &Tools::install(&recipe, &paths)?, &program)?;

    let binary = FunctionBinary::check(&program, host, recipe.target.glibc)?;
    let layout = write_image(folder, &binary)?;
    let findings = lint(layout.path(), &LintOptions::default())?;
    for finding in &findings {
        println!("{finding:?}");
    }
    println!("{} findings in {}", findings.len(), layout.image().name());
    Ok(())
}

fn compile(sdk: &Sdk, tools: &Tools, program: &Path) -> Result<(), Box<dyn Error>> {
    let link = &sdk.manifest().link;
    let libraries = link.libraries.iter().chain(&link.system);
    let status = Command::new(tools.cxx())
        .args(["-O2", "-fPIE", "-pie", "-Wl,--gc-sections", "program.cpp", "-o"])
        .arg(program)
        .arg("-I")
        .arg(sdk.path().join("include/opencv4"))
        .arg("-L")
        .arg(sdk.path().join("lib"))
        .args(libraries.map(|name| format!("-l{name}")))
        .status()?;
    status.success().then_some(()).ok_or_else(|| "the compiler failed".into())
}

fn write_image(folder: &Path, binary: &FunctionBinary) -> Result<Layout, Box<dyn Error>> {
    let mut program = FileTree::new();
    let content = Content::File(binary.path().to_owned());
    program.add("var/task/bootstrap", content, Mode::Program)?;
    let mut writer = LayoutWriter::new(folder, 0)?;
    writer.add_layer(&glibc::required_libraries(binary, Path::new("/"))?, "libraries")?;
    writer.add_layer(&program, "the program")?;
    let config = ImageConfig {
        entrypoint: vec!["/var/task/bootstrap".to_owned()],
        ..ImageConfig::new("blur", binary.architecture())
    };
    Ok(writer.finish(&config, &folder.join("image"))?)
}
