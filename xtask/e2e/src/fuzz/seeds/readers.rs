//! Small valid inputs of the other parsers: events, options, recipes, and artefacts of the crate `layer`.

use std::io::Read;

use anyhow::{Context, Result, bail};
use fs_err::{self as fs, File};
use layer::zip::Zip;
use layer::{Architecture, Content, FileTree, ImageConfig, LayoutWriter, Mode};
use support::files::{file_name, sorted_entries};

use super::files::{NamedFile, read};
use package::workspace::Workspace;

/// The length in bytes to which an ELF file is truncated: most of what is parsed is at its beginning.
const BEGINNING: usize = 16 << 10;

/// Options of the environment and, after a line break, of an event.
const OPTIONS: [&str; 6] = [
    "preset=balanced&longest_side=800\npreset=accurate&min_face=40&score=0.6",
    "output_key=faces/{key}&loop_guard=false&storage=file:///tmp/x\noutput=both&preset=fast",
    "max_bytes=1&metrics_namespace=Faces\npreset=original&scale_factor=1.05&face_neighbours=1&eye_neighbours=1",
    "output_bucket=other\noutput_key={key}&jpeg_quality=100&score=0.95&max_face=200",
    "eye_cascade=eye&score=0.3\npreset=original&eye_cascade=none&max_face=65535&longest_side=64",
    "jpeg_quality=0\nscale_factor=NaN&min_face=-1&eye_cascade=eye_tree_eyeglasses&score=0",
];

/// The events of the test "events of every type".
pub fn events(workspace: &Workspace) -> Result<Vec<NamedFile>> {
    let folder = workspace.root().join("xtask/e2e/data/events");
    let folders = sorted_entries(&folder)?.into_iter();
    folders
        .map(|path| Ok((file_name(&path), read(&path.join("event.json"))?)))
        .collect()
}

pub fn options() -> Vec<NamedFile> {
    let texts = OPTIONS.into_iter().enumerate();
    texts.map(|(at, text)| (format!("seed {at}"), text.into())).collect()
}

/// Blocks of EXIF in both byte orders, each followed by the byte of options that the target `orientation` reads.
pub fn exif() -> Vec<NamedFile> {
    // A directory of two entries: the orientation, 6, as a SHORT, and the offset of the Exif directory. Source: CIPA
    // DC-008, 4.6.
    let big =
        b"MM\0\x2a\0\0\0\x08\0\x02\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\x87\x69\0\x04\0\0\0\x01\0\0\0\x26\0\0\0\0\0\0";
    let little =
        b"II\x2a\0\x08\0\0\0\x02\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\x69\x87\x04\0\x01\0\0\0\x26\0\0\0\0\0\0\0\0\0";
    let named = [("big", big.as_slice(), 0), ("little", little, 7)].into_iter();
    named
        .map(|(name, block, choice)| (name.to_owned(), [block, &[choice]].concat()))
        .collect()
}

/// The project's own recipe, and one with the table `source` as well.
pub fn recipes(workspace: &Workspace) -> Result<Vec<NamedFile>> {
    let own = read(&workspace.root().join("opencv.toml"))?;
    let (beginning, rest) = std::str::from_utf8(&own)?
        .split_once("\n[")
        .context("`opencv.toml` has no tables")?;
    let source = format!("{beginning}\n[source]\npath = \"opencv.tar.gz\"\nsha256 = \"00\"\n[{rest}");
    Ok(vec![
        ("own".to_owned(), own.clone()),
        ("with a source".to_owned(), source.into_bytes()),
    ])
}

/// A small valid file for a parser of the crate `layer`.
pub fn artefact(reader: &str) -> Result<Vec<NamedFile>> {
    let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
    let place = scratch.path().join("seed");
    let mut tree = FileTree::new();
    let script = Content::bytes("a seed", b"#!/bin/sh\n");
    tree.add("bootstrap", script.clone(), Mode::Program)?;
    if reader == "zip" {
        Zip::write(&tree, 0, &place)?;
        return Ok(vec![("seed".to_owned(), read(&place)?)]);
    }
    tree.add("a/b/c", script, Mode::Data)?;
    let mut writer = LayoutWriter::new(scratch.path(), 0)?;
    writer.add_layer(&tree, "a seed")?;
    let mut config = ImageConfig::new("seed", Architecture::X86_64);
    config.entrypoint = vec!["/bootstrap".to_owned()];
    let layout = writer.finish(&config, &scratch.path().join("layout"))?;
    let layer = layout.source().blob_path(&layout.image().layers()[0].digest);
    let file = match reader {
        "archive" => {
            layout.write_archive(&place, "seed:latest")?;
            read(&place)?
        }
        "gzip" => read(&layer)?,
        "tar" => {
            let mut unpacked = Vec::new();
            flate2::read::GzDecoder::new(File::open(&layer)?).read_to_end(&mut unpacked)?;
            unpacked
        }
        "documents" => [layout.image().manifest(), layout.image().config()].join(&0),
        "elf" => {
            let mut program = fs::read("/proc/self/exe")?;
            program.truncate(BEGINNING);
            program
        }
        other => {
            bail!("the fuzzer `{other}` has no seeds; add them in `xtask/e2e/src/fuzz/seeds.rs`")
        }
    };
    Ok(vec![("seed".to_owned(), file)])
}
