//! `cargo xtask build-opencv`: from `opencv.toml` to the SDK.

use std::path::PathBuf;

use anyhow::Result;
use opencv_build::Library;
use serde::Serialize;

use crate::build::{Arguments, Build};
use support::answer::{Answer, path, print, size, table};

#[derive(Serialize)]
struct BuildAnswer {
    sdk: PathBuf,
    fingerprint: String,
    cached: bool,
    seconds: f64,
    modules: Vec<String>,
    libraries: Vec<Library>,
    lacks: Vec<String>,
}

pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let built = Build::read(arguments)?.opencv()?;
    let manifest = built.sdk.manifest();
    let answer = BuildAnswer {
        sdk: built.sdk.path().to_owned(),
        fingerprint: manifest.fingerprint.to_string(),
        cached: built.cached,
        seconds: built.seconds,
        modules: manifest.modules.clone(),
        libraries: manifest.libraries.clone(),
        lacks: manifest.lacks.clone(),
    };
    print(&answer, json)
}

impl Answer for BuildAnswer {
    fn text(&self) -> String {
        let how = if self.cached {
            "is up to date".to_owned()
        } else {
            format!("was built in {:.0} s", self.seconds)
        };
        let libraries = self.libraries.iter();
        let mut rows: Vec<_> = libraries
            .map(|library| vec![format!("  {}", library.file), size(library.bytes)])
            .collect();
        let total = self.libraries.iter().map(|library| library.bytes).sum();
        rows.push(vec!["  total".to_owned(), size(total)]);
        let lacks = self.lacks.iter().map(|lack| format!("\n{lack}."));
        format!(
            "The SDK {how}: {}\n  modules {}\n  fingerprint {}\n{}{}",
            path(&self.sdk),
            self.modules.join(", "),
            self.fingerprint,
            table(&rows),
            lacks.collect::<String>()
        )
    }
}
