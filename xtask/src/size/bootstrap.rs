//! The function's binary as a tree of parts: group, component, source file or module, function.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::graph::Graph;
use super::link::{LinkRecord, read};
use super::map;
use super::part::{Kind, Part};
use super::place::Members;
use super::program::{self, Piece};

/// The name of the artefact.
pub const NAME: &str = "bootstrap";

/// All pieces of `binary`, whose link is `record`.
pub fn pieces(binary: &[u8], record: &LinkRecord, members: &Members) -> Result<Vec<Piece>> {
    let again = record.again(binary)?;
    let graph = record.graph()?;
    let (text, graph_text) = (text(&again.map)?, text(&graph.map)?);
    let (map, graph_map) = (map::parse(&text)?, map::parse(&graph_text)?);
    let graph_data = read(&graph.output)?;
    let graph = Graph::of(&graph_data, &graph_map)?;
    program::pieces(binary, &map, members, &graph)
}

fn text(path: &std::path::Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("failed to read `{}`", path.display()))
}

/// The tree of all pieces; its sum is theirs.
pub fn tree(pieces: &[Piece]) -> Part {
    type Leaves<'a> = BTreeMap<(&'a str, Kind), u64>;
    type Level<'a, T> = BTreeMap<&'a str, T>;
    let mut groups: Level<Level<Level<Leaves>>> = BTreeMap::new();
    for piece in pieces {
        let components = groups.entry(&piece.place.group).or_default();
        let files = components.entry(&piece.place.component).or_default();
        let leaves = files.entry(&piece.place.file).or_default();
        *leaves.entry((&piece.name, piece.kind)).or_default() += piece.size;
    }
    let file = |(name, leaves): (&str, Leaves)| Part::whole(name, self::leaves(&leaves));
    let component = |(name, files): (&str, Level<Leaves>)| {
        Part::whole(name, files.into_iter().map(file).collect())
    };
    let group = |(name, components): (&str, Level<Level<Leaves>>)| {
        Part::whole(name, components.into_iter().map(component).collect())
    };
    Part::whole(NAME, groups.into_iter().map(group).collect())
}

/// Functions and variables; where one name has several kinds of bytes, each is a leaf.
fn leaves(leaves: &BTreeMap<(&str, Kind), u64>) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut last = "";
    for ((name, kind), bytes) in leaves {
        let shown = if *name == last {
            format!("{name} ({})", kind.word())
        } else {
            (*name).to_owned()
        };
        last = name;
        parts.push(Part::leaf(shown, *bytes, *kind));
    }
    parts
}
