//! Measures the peak memory of writing a large layer, in a separate process.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use fs_err::File;
use layer::{Content, FileTree, LayoutWriter, Mode};
use serde::{Deserialize, Serialize};

use super::process::peak_memory_kb;
use package::program::{BENCH, sibling_binary};
use support::run::{Shell, cmd, output};

#[derive(clap::Args, Clone, Debug)]
pub struct Arguments {
    file: PathBuf,
    to: PathBuf,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct LargeLayerUsage {
    pub peak_bytes: u64,
    pub seconds: f64,
}

pub fn write_layer(arguments: &Arguments) -> Result<()> {
    let start = std::time::Instant::now();
    let mut tree = FileTree::new();
    let content = Content::File(arguments.file.clone());
    tree.add("data", content, Mode::Data)?;
    LayoutWriter::new(&arguments.to, 0)?.add_layer(&tree, "a large file")?;
    let memory = LargeLayerUsage {
        peak_bytes: peak_memory_kb::<u64>("self")? * 1024,
        seconds: start.elapsed().as_secs_f64(),
    };
    println!("{}", serde_json::to_string(&memory)?);
    Ok(())
}

/// Measures writing a layer with a file of `bytes`, in a process that does nothing else.
pub fn measure_large_layer(bytes: u64, folder: &Path) -> Result<LargeLayerUsage> {
    let file = folder.join("large");
    write_sample(&file, bytes).with_context(|| format!("failed to write `{}`", file.display()))?;
    // Not `current_exe`, which in tests is the test program.
    let (sh, program) = (Shell::new()?, sibling_binary(BENCH.binary)?);
    let command_output = output(cmd!(sh, "{program} layer {file} {folder}"))?;
    Ok(serde_json::from_str(&command_output)?)
}

/// Writes a file of which about half is incompressible, similar to programs and images.
fn write_sample(path: &Path, bytes: u64) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut random = fastrand::Rng::with_seed(0);
    let mut left = bytes;
    while left > 0 {
        let mut block = [0; 64];
        random.fill(&mut block[..32]);
        let count = usize::try_from(left.min(64)).unwrap_or(64);
        file.write_all(&block[..count])?;
        left -= count as u64;
    }
    file.flush()
}
