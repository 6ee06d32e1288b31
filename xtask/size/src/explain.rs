//! `cargo xtask size --explain NAME`: explains why a symbol is in the function by the shortest chain of references from
//! the program's entry point.

use std::collections::VecDeque;

use anyhow::{Result, bail};
use serde::Serialize;

use super::attribution::{self, LibraryMembers};
use super::demangle::display_name;
use super::format::truncate_middle;
use super::graph::{Graph, NodeIndex, NodeKey};
use super::link_map::InputSection;
use support::output::{CommandOutput, format_bytes};

/// The maximum width in characters, in a terminal; `--json` prints whole names.
const NAME_WIDTH: usize = 100;
const MAX_MATCHES: usize = 5;

#[derive(Debug, Serialize)]
pub struct Explanation {
    pub name: String,
    /// Sorted by size, the largest first.
    pub matches: Vec<Match>,
    pub omitted_matches: usize,
}

#[derive(Debug, Serialize)]
pub struct Match {
    /// The chain from the program's entry point to the match.
    pub chain: Vec<ChainLink>,
    pub referrer_count: usize,
    /// Bytes of code and data that would not be linked without it: its own, and what only it needs.
    pub retained_bytes: u64,
}

#[derive(Clone, Debug, Serialize)]
pub struct ChainLink {
    pub name: String,
    pub attribution: String,
    pub bytes: u64,
}

pub fn explain(graph: &Graph, members: &LibraryMembers, name: &str) -> Result<Explanation> {
    let roots = roots(graph);
    let from = shortest_paths(graph, &roots, None);
    let names: Vec<Vec<String>> = graph.inputs.iter().map(|input| names(*input)).collect();
    let reached = |node: &NodeIndex| from[*node].is_some();
    let having = |fits: &dyn Fn(&str) -> bool| -> Vec<NodeIndex> {
        let fits = |node: &NodeIndex| names[*node].iter().any(|name| fits(name));
        (0..graph.keys.len()).filter(reached).filter(fits).collect()
    };
    let mut nodes = having(&|known| known == name || known.split('(').next() == Some(name));
    if nodes.is_empty() {
        nodes = having(&|known| known.contains(name));
    }
    if nodes.is_empty() {
        bail!(
            "the function has no symbol called `{name}`: it is not linked, it was inlined into its callers, \
             or its name differs; `cargo xtask size` writes a page in which you can search for names"
        );
    }
    nodes.sort_by_key(|node| (std::cmp::Reverse(bytes(graph, *node)), *node));
    let matches = nodes.iter().take(MAX_MATCHES).map(|node| {
        let chain = chain(*node, &from).into_iter();
        let referring = graph.references.iter().filter(|all| all.contains(node));
        Match {
            chain: chain.map(|node| chain_link(graph, members, node)).collect(),
            referrer_count: referring.count(),
            retained_bytes: retained_bytes(graph, &roots, &from, *node),
        }
    });
    Ok(Explanation {
        name: name.to_owned(),
        matches: matches.collect(),
        omitted_matches: nodes.len().saturating_sub(MAX_MATCHES),
    })
}

/// The roots of the graph, which the loader calls: the entry point, and functions that run before `main` and after it.
fn roots(graph: &Graph) -> Vec<NodeIndex> {
    let lists = [".init_array", ".fini_array", ".preinit_array"];
    let is_root = |input: &InputSection| {
        lists.iter().any(|list| input.section.starts_with(list))
            || input.symbols.iter().any(|symbol| symbol.name == "_start")
    };
    let nodes = graph.inputs.iter().enumerate();
    // The entry point first, so that chains begin there if possible.
    let roots = nodes.filter_map(|(node, input)| Some((node, input.filter(|it| is_root(it))?)));
    let mut roots: Vec<_> = roots.collect();
    roots.sort_by_key(|(node, input)| (input.section != ".text", *node));
    roots.into_iter().map(|(node, _)| node).collect()
}

/// The predecessor of each node on a shortest path from a root that avoids `cut`; of a root, itself; none for nodes
/// that are not reachable.
fn shortest_paths(graph: &Graph, roots: &[NodeIndex], cut: Option<NodeIndex>) -> Vec<Option<NodeIndex>> {
    let mut from = vec![None; graph.keys.len()];
    let mut queue = VecDeque::new();
    for root in roots.iter().filter(|root| Some(**root) != cut) {
        from[*root] = Some(*root);
        queue.push_back(*root);
    }
    while let Some(node) = queue.pop_front() {
        for next in &graph.references[node] {
            if from[*next].is_none() && Some(*next) != cut {
                from[*next] = Some(node);
                queue.push_back(*next);
            }
        }
    }
    from
}

fn chain(node: NodeIndex, from: &[Option<NodeIndex>]) -> Vec<NodeIndex> {
    let mut chain = vec![node];
    let mut last = node;
    while let Some(before) = from[last].filter(|before| *before != last) {
        chain.push(before);
        last = before;
    }
    chain.reverse();
    chain
}

fn retained_bytes(graph: &Graph, roots: &[NodeIndex], all: &[Option<NodeIndex>], node: NodeIndex) -> u64 {
    let without = shortest_paths(graph, roots, Some(node));
    let lost = (0..all.len()).filter(|node| all[*node].is_some() && without[*node].is_none());
    lost.map(|node| bytes(graph, node)).sum()
}

fn bytes(graph: &Graph, node: NodeIndex) -> u64 {
    match (&graph.keys[node], graph.inputs[node]) {
        (_, Some(input)) => input.size,
        (NodeKey::Merged(_, content), None) => content.len() as u64,
        (NodeKey::Section(..), None) => 0,
    }
}

fn names(input: Option<&InputSection>) -> Vec<String> {
    let names = input.into_iter().flat_map(InputSection::names);
    names.flat_map(|name| [name.to_owned(), display_name(name)]).collect()
}

fn chain_link(graph: &Graph, members: &LibraryMembers, node: NodeIndex) -> ChainLink {
    let input = graph.inputs[node];
    let symbol = input.and_then(|input| input.names().next());
    let attribution = input.and_then(|input| attribution::of_input_section(input, symbol.unwrap_or_default(), members));
    ChainLink {
        name: symbol.map_or_else(|| "a constant".to_owned(), display_name),
        attribution: attribution.map_or("constants".to_owned(), |it| format!("{}/{}", it.component, it.file)),
        bytes: bytes(graph, node),
    }
}

impl CommandOutput for Explanation {
    fn to_text(&self) -> String {
        let mut text = String::new();
        for found in &self.matches {
            let Some(last) = found.chain.last() else {
                continue;
            };
            let others = match found.referrer_count {
                0 => "only the loader refers to it".to_owned(),
                1 => "1 section refers to it".to_owned(),
                many => format!("{many} sections refer to it"),
            };
            text += &format!(
                "{}\n  {} of {}; {others}; {} with what only it needs\n",
                truncate_middle(&last.name, NAME_WIDTH),
                format_bytes(last.bytes),
                last.attribution,
                format_bytes(found.retained_bytes)
            );
            for (depth, link) in found.chain.iter().enumerate() {
                let arrow = if depth == 0 { "  " } else { "→ " };
                let name = truncate_middle(&link.name, NAME_WIDTH);
                text += &format!("    {arrow}{name}  ({})\n", link.attribution);
            }
            text.push('\n');
        }
        if self.omitted_matches > 0 {
            text += &format!("{} more contain `{}` in their names\n", self.omitted_matches, self.name);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::graph::tests::{graph, input};
    use super::*;

    fn explained(name: &str) -> Result<Explanation> {
        let inputs = [
            input("_start", 1),
            input("main", 2),
            input("detour", 4),
            input("shared", 8),
            input("only_here", 16),
            input("below", 32),
            input("unreached", 64),
        ];
        let edges = [(0, 1), (1, 2), (2, 4), (1, 4), (4, 5), (4, 3), (1, 3), (6, 5)];
        let graph = graph(&inputs, &edges);
        let members = LibraryMembers::of_libraries(std::iter::empty(), Vec::new())?;
        explain(&graph, &members, name)
    }

    #[test]
    fn chain_is_shortest_and_retained_bytes_are_exclusive() {
        let explained = explained("only_here").unwrap();
        let found = &explained.matches[0];
        let names: Vec<_> = found.chain.iter().map(|link| link.name.as_str()).collect();
        assert_eq!(names, ["_start", "main", "only_here"]);
        // Itself and `below`, but not `shared`, which main needs as well.
        assert_eq!((found.referrer_count, found.retained_bytes), (2, 16 + 32));
        let text = explained.to_text();
        assert!(
            text.contains("2 sections refer to it; 48 B with what only it needs"),
            "{text}"
        );
    }

    #[test]
    fn substring_matches_only_reachable_symbols() {
        let explained = explained("o").unwrap();
        assert_eq!(explained.matches.len() + explained.omitted_matches, 3);
        for name in ["unreached", "nonsense"] {
            let error = self::explained(name).unwrap_err().to_string();
            assert!(error.contains(&format!("called `{name}`")), "{error}");
        }
    }
}
