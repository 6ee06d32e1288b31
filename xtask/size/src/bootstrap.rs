//! The function's binary as a tree of parts: group, component, source file or module, function.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread;

use anyhow::{Context, Result, anyhow};
use fs_err as fs;

use super::explain::{Explanation, explain};
use super::graph::Graph;
use super::link::LinkRecord;
use super::map;
use super::part::{Kind, Part};
use super::place::{Members, Piece, Place};
use super::program;

pub const NAME: &str = "bootstrap";

pub struct Linking {
    folder: PathBuf,
    /// The map of the link that gave the binary.
    map: String,
    /// The link with all references, and its map.
    graph: Vec<u8>,
    graph_map: String,
}

impl Linking {
    pub fn of(binary: &[u8], record: &LinkRecord) -> Result<Self> {
        let again = record.again(binary)?;
        let graph = record.graph()?;
        Ok(Self {
            folder: record.folder.clone(),
            map: fs::read_to_string(&again.map)?,
            graph: fs::read(&graph.output)?,
            graph_map: fs::read_to_string(&graph.map)?,
        })
    }

    pub fn pieces(&self, binary: &[u8], members: &Members) -> Result<Vec<Piece>> {
        // A large part of the time is reading two maps, for which there are two cores.
        let pieces = thread::scope(|scope| {
            let map = scope.spawn(|| map::parse(&self.map));
            let graph_map = map::parse(&self.graph_map)?;
            let graph = Graph::of(&self.graph, &graph_map)?;
            let map = map.join();
            let map = map.map_err(|_| anyhow!("reading the map failed"))??;
            program::pieces(binary, &map, members, &graph)
        });
        let folder = self.folder.display();
        pieces.with_context(|| {
            format!("failed to make sense of the link in `{folder}`; delete that folder and run this again")
        })
    }

    pub fn explain(&self, members: &Members, name: &str) -> Result<Explanation> {
        let map = map::parse(&self.graph_map)?;
        explain(&Graph::of(&self.graph, &map)?, members, name)
    }
}

pub fn tree(pieces: &[Piece]) -> Part {
    let levels: [fn(&Place) -> &str; 3] = [|it| &it.group, |it| &it.component, |it| &it.file];
    Part::whole(NAME, parts(&Vec::from_iter(pieces), &levels))
}

fn parts(pieces: &[&Piece], levels: &[fn(&Place) -> &str]) -> Vec<Part> {
    let Some((level, below)) = levels.split_first() else {
        return leaves(pieces);
    };
    let mut groups: BTreeMap<&str, Vec<&Piece>> = BTreeMap::new();
    for piece in pieces {
        groups.entry(level(&piece.place)).or_default().push(piece);
    }
    let groups = groups.into_iter();
    groups
        .map(|(name, pieces)| Part::whole(name, parts(&pieces, below)))
        .collect()
}

/// Functions and variables; where one name has several kinds of bytes, each is a leaf.
fn leaves(pieces: &[&Piece]) -> Vec<Part> {
    let mut leaves: BTreeMap<(&str, Kind), u64> = BTreeMap::new();
    for piece in pieces {
        *leaves.entry((&piece.name, piece.kind)).or_default() += piece.size;
    }
    let mut parts = Vec::new();
    let mut last = "";
    for ((name, kind), bytes) in &leaves {
        let mut shown = (*name).to_owned();
        if *name == last {
            shown += &format!(" ({})", kind.word());
        }
        last = name;
        parts.push(Part::leaf(shown, *bytes, *kind));
    }
    parts
}
