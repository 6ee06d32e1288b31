//! The files and the environment of a program in an image.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use oci_spec::image::{Descriptor, ImageConfiguration};

use super::environment::Environment;
use super::root::Contents;
use crate::Result;
use crate::entries::EntryKind;
use crate::runtime::RUNTIMES;
use crate::scan::read_layer;
use crate::source::Source;

/// Docker's, for images without one. Source: moby, `oci/caps` and `DefaultPathEnv`.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Reads files from the layers of an image.
pub(crate) struct LayerContents<'a> {
    pub(crate) source: &'a dyn Source,
    pub(crate) descriptors: &'a [Descriptor],
}

impl Contents for LayerContents<'_> {
    fn visit(
        &self,
        layer: usize,
        paths: &BTreeSet<String>,
        visit: &mut dyn FnMut(&str, &mut dyn Read) -> Result<()>,
    ) -> Result<()> {
        read_layer(
            self.source,
            &self.descriptors[layer],
            &mut |entry, content| match entry.kind == EntryKind::File && paths.contains(&entry.path) {
                true => visit(&entry.path, content),
                false => Ok(()),
            },
        )
        .map(drop)
    }
}

/// The environment that an image's configuration gives its program.
pub(crate) fn environment(config: &ImageConfiguration) -> Environment {
    let run = config.config().as_ref();
    let variables = run.and_then(|run| run.env().as_ref()).into_iter().flatten();
    let variables: BTreeMap<_, _> = variables.filter_map(|pair| pair.split_once('=')).collect();
    let working_dir = run.and_then(|run| run.working_dir().as_deref()).unwrap_or_default();
    let folders = |list: &str| -> Vec<String> {
        let folders = list.split([':', ';']).filter(|folder| folder.starts_with('/'));
        folders.map(str::to_owned).collect()
    };
    let library_path = variables.get("LD_LIBRARY_PATH");
    Environment {
        search_path: folders(variables.get("PATH").unwrap_or(&DEFAULT_PATH)),
        library_path: library_path.map(|list| folders(list)).unwrap_or_default(),
        assumed_library_path: match library_path {
            Some(_) => Vec::new(),
            None => RUNTIMES.environment.ld_library_path.clone(),
        },
        working_dir: format!("/{}", working_dir.trim_start_matches('/')),
    }
}
