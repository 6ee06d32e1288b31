//! The function's binary as a tree of parts: group, component, source file or module, function.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread;

use anyhow::{Context, Result, anyhow};
use fs_err as fs;

use super::attribution::{Attribution, LibraryMembers, Span};
use super::binary;
use super::explain::{Explanation, explain};
use super::graph::Graph;
use super::link::LinkRecord;
use super::link_map;
use super::part::{Kind, Part};

pub const NAME: &str = "bootstrap";

pub struct LinkAnalysis {
    folder: PathBuf,
    /// The map of the link that produced the binary.
    map: String,
    /// The link with relocations, and its map.
    graph: Vec<u8>,
    graph_map: String,
}

impl LinkAnalysis {
    pub fn read(binary: &[u8], record: &LinkRecord) -> Result<Self> {
        let reproduced = record.reproduce(binary)?;
        let graph = record.link_with_relocations()?;
        Ok(Self {
            folder: record.folder.clone(),
            map: fs::read_to_string(&reproduced.map)?,
            graph: fs::read(&graph.output)?,
            graph_map: fs::read_to_string(&graph.map)?,
        })
    }

    pub fn spans(&self, binary: &[u8], members: &LibraryMembers) -> Result<Vec<Span>> {
        // Parsing the two maps takes a large part of the time: they are parsed in parallel.
        let spans = thread::scope(|scope| {
            let map = scope.spawn(|| link_map::parse(&self.map));
            let graph_map = link_map::parse(&self.graph_map)?;
            let graph = Graph::parse(&self.graph, &graph_map)?;
            let map = map.join();
            let map = map.map_err(|_| anyhow!("failed to parse the map"))??;
            binary::spans(binary, &map, members, &graph)
        });
        let folder = self.folder.display();
        spans
            .with_context(|| format!("failed to analyse the link in `{folder}`; delete that folder and run this again"))
    }

    pub fn explain(&self, members: &LibraryMembers, name: &str) -> Result<Explanation> {
        let map = link_map::parse(&self.graph_map)?;
        explain(&Graph::parse(&self.graph, &map)?, members, name)
    }
}

pub fn tree(spans: &[Span]) -> Part {
    let levels: [fn(&Attribution) -> &str; 3] = [|it| &it.group, |it| &it.component, |it| &it.file];
    Part::branch(NAME, parts(&Vec::from_iter(spans), &levels))
}

fn parts(spans: &[&Span], levels: &[fn(&Attribution) -> &str]) -> Vec<Part> {
    let Some((level, below)) = levels.split_first() else {
        return leaves(spans);
    };
    let mut groups: BTreeMap<&str, Vec<&Span>> = BTreeMap::new();
    for span in spans {
        groups.entry(level(&span.attribution)).or_default().push(span);
    }
    let groups = groups.into_iter();
    groups
        .map(|(name, spans)| Part::branch(name, parts(&spans, below)))
        .collect()
}

/// Functions and variables; a name with several kinds of bytes has one leaf for each.
fn leaves(spans: &[&Span]) -> Vec<Part> {
    let mut leaves: BTreeMap<(&str, Kind), u64> = BTreeMap::new();
    for span in spans {
        *leaves.entry((&span.name, span.kind)).or_default() += span.size;
    }
    let mut parts = Vec::new();
    let mut last = "";
    for ((name, kind), bytes) in &leaves {
        let mut shown = (*name).to_owned();
        if *name == last {
            shown += &format!(" ({})", kind.label());
        }
        last = name;
        parts.push(Part::leaf(shown, *bytes, *kind));
    }
    parts
}
