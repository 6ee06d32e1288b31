//! `cargo xtask size --explain NAME`: why something is in the function, as the shortest chain of references
//! from where the program starts.

use std::collections::VecDeque;

use anyhow::{Result, bail};
use serde::Serialize;

use super::figures::shorten;
use super::graph::{Graph, Key, Node};
use super::map::Input;
use super::name::shown;
use super::place::{self, Members};
use support::answer::{Answer, size};

/// The most characters of a name in a terminal; `--json` has all of it.
const WIDTH: usize = 100;
/// At most so many things are explained that a name fits.
const MOST: usize = 5;

#[derive(Debug, Serialize)]
pub struct Explanation {
    pub name: String,
    /// Those that the name fits, the largest first.
    pub found: Vec<Found>,
    pub more: usize,
}

#[derive(Debug, Serialize)]
pub struct Found {
    /// From where the program starts to it.
    pub chain: Vec<Link>,
    pub referrers: usize,
    /// Bytes of code and data that would not be there without it: its own, and what only it needs.
    pub retained: u64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Link {
    pub name: String,
    pub place: String,
    pub bytes: u64,
}

pub fn explain(graph: &Graph, members: &Members, name: &str) -> Result<Explanation> {
    let roots = roots(graph);
    let from = shortest(graph, &roots, None);
    let names: Vec<Vec<String>> = graph.inputs.iter().map(|input| names(*input)).collect();
    let reached = |node: &Node| from[*node].is_some();
    let having = |fits: &dyn Fn(&str) -> bool| -> Vec<Node> {
        let fits = |node: &Node| names[*node].iter().any(|name| fits(name));
        (0..graph.keys.len()).filter(reached).filter(fits).collect()
    };
    let mut nodes = having(&|known| known == name || known.split('(').next() == Some(name));
    if nodes.is_empty() {
        nodes = having(&|known| known.contains(name));
    }
    if nodes.is_empty() {
        bail!(
            "nothing in the function is called `{name}`: it is not linked, it has become a part of what \
             calls it, or its name is another one; `cargo xtask size` writes a page in which one can \
             search for names"
        );
    }
    nodes.sort_by_key(|node| (std::cmp::Reverse(bytes(graph, *node)), *node));
    let found = nodes.iter().take(MOST).map(|node| {
        let chain = chain(*node, &from).into_iter();
        let referring = graph.references.iter().filter(|all| all.contains(node));
        Found {
            chain: chain.map(|node| link(graph, members, node)).collect(),
            referrers: referring.count(),
            retained: retained(graph, &roots, &from, *node),
        }
    });
    Ok(Explanation {
        name: name.to_owned(),
        found: found.collect(),
        more: nodes.len().saturating_sub(MOST),
    })
}

/// Where the loader begins: the program's start, and what runs before `main` and after it.
fn roots(graph: &Graph) -> Vec<Node> {
    let lists = [".init_array", ".fini_array", ".preinit_array"];
    let is_root = |input: &Input| {
        lists.iter().any(|list| input.section.starts_with(list))
            || input.symbols.iter().any(|symbol| symbol.name == "_start")
    };
    let nodes = graph.inputs.iter().enumerate();
    // The start first, so that chains begin there where they can.
    let roots = nodes.filter_map(|(node, input)| Some((node, input.filter(|it| is_root(it))?)));
    let mut roots: Vec<_> = roots.collect();
    roots.sort_by_key(|(node, input)| (input.section != ".text", *node));
    roots.into_iter().map(|(node, _)| node).collect()
}

/// For each node that can be reached without `cut` the one before it on a shortest way; of roots, itself.
fn shortest(graph: &Graph, roots: &[Node], cut: Option<Node>) -> Vec<Option<Node>> {
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

fn chain(node: Node, from: &[Option<Node>]) -> Vec<Node> {
    let mut chain = vec![node];
    let mut last = node;
    while let Some(before) = from[last].filter(|before| *before != last) {
        chain.push(before);
        last = before;
    }
    chain.reverse();
    chain
}

fn retained(graph: &Graph, roots: &[Node], all: &[Option<Node>], node: Node) -> u64 {
    let without = shortest(graph, roots, Some(node));
    let lost = (0..all.len()).filter(|node| all[*node].is_some() && without[*node].is_none());
    lost.map(|node| bytes(graph, node)).sum()
}

fn bytes(graph: &Graph, node: Node) -> u64 {
    match (&graph.keys[node], graph.inputs[node]) {
        (_, Some(input)) => input.size,
        (Key::Merged(_, content), None) => content.len() as u64,
        (Key::Section(..), None) => 0,
    }
}

fn names(input: Option<&Input>) -> Vec<String> {
    let names = input.into_iter().flat_map(Input::names);
    names
        .flat_map(|name| [name.to_owned(), shown(name)])
        .collect()
}

fn link(graph: &Graph, members: &Members, node: Node) -> Link {
    let input = graph.inputs[node];
    let symbol = input.and_then(|input| input.names().next());
    let place = input.and_then(|input| place::of_input(input, symbol.unwrap_or_default(), members));
    Link {
        name: symbol.map_or_else(|| "a constant".to_owned(), shown),
        place: place.map_or("constants".to_owned(), |it| {
            format!("{}/{}", it.component, it.file)
        }),
        bytes: bytes(graph, node),
    }
}

impl Answer for Explanation {
    fn text(&self) -> String {
        let mut text = String::new();
        for found in &self.found {
            let Some(last) = found.chain.last() else {
                continue;
            };
            let others = match found.referrers {
                0 => "nothing refers to it: the loader does".to_owned(),
                1 => "one refers to it".to_owned(),
                many => format!("{many} refer to it"),
            };
            text += &format!(
                "{}\n  {} of {}; {others}; with what only it needs, {}\n",
                shorten(&last.name, WIDTH),
                size(last.bytes),
                last.place,
                size(found.retained)
            );
            for (depth, link) in found.chain.iter().enumerate() {
                let arrow = if depth == 0 { "  " } else { "→ " };
                let name = shorten(&link.name, WIDTH);
                text += &format!("    {arrow}{name}  ({})\n", link.place);
            }
            text.push('\n');
        }
        if self.more > 0 {
            text += &format!("{} more have `{}` in their names\n", self.more, self.name);
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
        let edges = [
            (0, 1),
            (1, 2),
            (2, 4),
            (1, 4),
            (4, 5),
            (4, 3),
            (1, 3),
            (6, 5),
        ];
        let graph = graph(&inputs, &edges);
        let members = Members::of_libraries(std::iter::empty())?;
        explain(&graph, &members, name)
    }

    #[test]
    fn the_chain_is_the_shortest_and_what_only_it_needs_would_go() {
        let explained = explained("only_here").unwrap();
        let found = &explained.found[0];
        let names: Vec<_> = found.chain.iter().map(|link| link.name.as_str()).collect();
        assert_eq!(names, ["_start", "main", "only_here"]);
        // Itself and `below`, but not `shared`, which main needs as well.
        assert_eq!((found.referrers, found.retained), (2, 16 + 32));
        let text = explained.text();
        assert!(
            text.contains("2 refer to it; with what only it needs, 48 B"),
            "{text}"
        );
    }

    #[test]
    fn a_part_of_a_name_finds_all_that_have_it_and_what_is_not_reached_is_not_there() {
        let explained = explained("o").unwrap();
        assert_eq!(explained.found.len() + explained.more, 3);
        for name in ["unreached", "nonsense"] {
            let error = self::explained(name).unwrap_err().to_string();
            assert!(error.contains(&format!("called `{name}`")), "{error}");
        }
    }
}
