//! `cargo xtask build-opencv`: builds the SDK from `opencv.toml`.

use std::path::PathBuf;

use anyhow::Result;
use opencv_build::Library;
use serde::Serialize;

use crate::build::{Arguments, Build};
use support::output::{CommandOutput, display_path, format_bytes, format_table, print};

#[derive(Serialize)]
struct BuildOpencvOutput {
    sdk: PathBuf,
    fingerprint: String,
    cached: bool,
    seconds: f64,
    modules: Vec<String>,
    libraries: Vec<Library>,
    degraded: Vec<String>,
}

pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let built = Build::read(arguments)?.build_opencv()?;
    let manifest = built.sdk.manifest();
    let output = BuildOpencvOutput {
        sdk: built.sdk.path().to_owned(),
        fingerprint: manifest.fingerprint.to_string(),
        cached: built.cached,
        seconds: built.seconds,
        modules: manifest.modules.clone(),
        libraries: manifest.libraries.clone(),
        degraded: manifest.degraded.clone(),
    };
    print(&output, json)
}

impl CommandOutput for BuildOpencvOutput {
    fn to_text(&self) -> String {
        let how = if self.cached {
            "is up to date".to_owned()
        } else {
            format!("was built in {:.0} s", self.seconds)
        };
        let libraries = self.libraries.iter();
        let mut rows: Vec<_> = libraries
            .map(|library| vec![format!("  {}", library.file), format_bytes(library.bytes)])
            .collect();
        let total = self.libraries.iter().map(|library| library.bytes).sum();
        rows.push(vec!["  total".to_owned(), format_bytes(total)]);
        let degraded = self.degraded.iter().map(|sentence| format!("\n{sentence}."));
        format!(
            "The SDK {how}: {}\n  modules {}\n  fingerprint {}\n{}{}",
            display_path(&self.sdk),
            self.modules.join(", "),
            self.fingerprint,
            format_table(&rows),
            degraded.collect::<String>()
        )
    }
}
