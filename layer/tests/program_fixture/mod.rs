//! Images and zip archives with programs that this machine's C compiler makes.

#![allow(dead_code, reason = "not every test that includes this module needs all of it")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;
use layer::lint::{Finding, LintOptions, Rule, Severity, lint};
use layer::zip::Zip;
use layer::{Architecture, Content, FileTree, ImageConfig, LayoutWriter, Mode};
use tempfile::TempDir;

/// A folder for one test, with the files of an image or archive.
pub struct Files {
    pub folder: TempDir,
    pub tree: FileTree,
}

pub fn host() -> Architecture {
    Architecture::host().unwrap()
}

impl Files {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            tree: FileTree::new(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Adds a program.
    pub fn add(mut self, path: &str, bytes: &[u8]) -> Self {
        let content = Content::bytes("test", bytes);
        self.tree.add(path, content, Mode::Program).unwrap();
        self
    }

    pub fn add_file(self, path: &str, file: &Path) -> Self {
        let bytes = fs::read(file).unwrap();
        self.add(path, &bytes)
    }

    /// Adds a file that is not executable.
    pub fn add_data(mut self, path: &str, file: &Path) -> Self {
        let content = Content::File(file.to_owned());
        self.tree.add(path, content, Mode::Data).unwrap();
        self
    }

    /// Compiles C code without the C library.
    pub fn compile(&self, name: &str, code: &str, arguments: &[&str]) -> PathBuf {
        let (source, output) = (self.path("a.c"), self.path(name));
        fs::write(&source, code).unwrap();
        let mut compiler = Command::new("cc");
        compiler
            .arg(&source)
            .arg("-o")
            .arg(&output)
            .arg("-nostdlib")
            .args(arguments);
        compiler.arg("-L").arg(self.folder.path());
        assert!(compiler.status().unwrap().success());
        output
    }

    pub fn library(&self, name: &str, arguments: &[&str]) -> PathBuf {
        let soname = format!("-Wl,-soname,{name}");
        let arguments = [&["-shared", "-fPIC", "-Wl,--no-as-needed", &soname], arguments].concat();
        self.compile(
            name,
            &format!("int f_{}(void) {{ return 1; }}\n", name.len()),
            &arguments,
        )
    }

    pub fn program(&self, arguments: &[&str]) -> PathBuf {
        let arguments = [&["-Wl,--no-as-needed", "-Wl,--allow-shlib-undefined"], arguments].concat();
        self.compile("program", "void _start(void) { for (;;) {} }\n", &arguments)
    }

    pub fn image(self, config: &ImageConfig, environment: &[&str]) -> Vec<Finding> {
        let mut writer = LayoutWriter::new(self.folder.path(), 0).unwrap();
        writer.add_layer(&self.tree, "test").unwrap();
        let layout = writer.finish(config, &self.path("image")).unwrap();
        let path = match environment {
            [] => layout.path().to_owned(),
            _ => self.with_environment(&layout, environment),
        };
        lint(&path, &LintOptions::default()).unwrap()
    }

    /// The same image as a Docker archive, with variables in its configuration.
    fn with_environment(&self, layout: &layer::Layout, environment: &[&str]) -> PathBuf {
        let image = layout.image();
        let mut config: serde_json::Value = serde_json::from_slice(image.config()).unwrap();
        config["config"]["Env"] = environment.into();
        let manifest = serde_json::json!([{"Config": "c", "RepoTags": null, "Layers": ["l"]}]);
        let path = self.path("image.tar");
        let mut archive = tar::Builder::new(fs::File::create(&path).unwrap());
        let layer = fs::read(layout.source().blob_path(&image.layers()[0].digest)).unwrap();
        let documents = BTreeMap::from([
            ("c", config.to_string().into_bytes()),
            ("l", layer),
            ("manifest.json", manifest.to_string().into_bytes()),
        ]);
        for (name, bytes) in documents {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, name, bytes.as_slice()).unwrap();
        }
        archive.finish().unwrap();
        path
    }

    pub fn function_image(self) -> Vec<Finding> {
        self.image(&entrypoint(&["/var/task/bootstrap"]), &[])
    }

    pub fn zip(self, options: &LintOptions) -> Vec<Finding> {
        let path = self.path("function.zip");
        Zip::write(&self.tree, 0, &path).unwrap();
        lint(&path, options).unwrap()
    }
}

pub fn entrypoint(arguments: &[&str]) -> ImageConfig {
    ImageConfig {
        entrypoint: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
        ..ImageConfig::new("test", host())
    }
}

#[track_caller]
pub fn assert_only(found: &[Finding], rule: Rule, severity: Severity, text: &str) {
    let [finding] = found else {
        panic!("{text}: {found:#?}");
    };
    assert_eq!((finding.rule, finding.severity), (rule, severity), "{text}");
    assert!(finding.message.contains(text), "{text}: {}", finding.message);
}

#[track_caller]
pub fn assert_none(found: &[Finding]) {
    assert!(found.is_empty(), "{found:#?}");
}
