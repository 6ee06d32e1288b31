//! Attributes unnamed constants to the components that refer to them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::attribution::{self, Attribution, LibraryMembers};
use super::graph::{Graph, NodeIndex, NodeKey};
use super::link_map::InputSection;

pub struct UnnamedConstants<'a>(pub HashMap<NodeKey<'a>, Attribution>);

impl<'a> UnnamedConstants<'a> {
    /// Each unnamed node is attributed to the component that refers to it most often, directly or through other unnamed
    /// nodes; of several such components, to the first by name.
    pub fn attribute(graph: &Graph<'a>, members: &LibraryMembers) -> Self {
        let attribution = |input: &Option<&InputSection>| {
            let input = (*input)?;
            let mut names = input.names();
            names.find_map(|name| attribution::of_input_section(input, name, members))
        };
        let mut attributions: Vec<Option<Attribution>> = graph.inputs.iter().map(attribution).collect();
        let mut referrers: Vec<Vec<NodeIndex>> = vec![Vec::new(); attributions.len()];
        for (from, references) in graph.references.iter().enumerate() {
            for to in references {
                referrers[*to].push(from);
            }
        }
        let nodes = 0..attributions.len();
        let unknown: Vec<NodeIndex> = nodes.filter(|node| attributions[*node].is_none()).collect();
        loop {
            // Attributions of one round take effect together, so that the order of nodes does not matter.
            let found: Vec<_> = unknown
                .iter()
                .filter(|node| attributions[**node].is_none())
                .filter_map(|node| Some((*node, most_frequent(&referrers[*node], &attributions)?)))
                .collect();
            if found.is_empty() {
                break;
            }
            for (node, attribution) in found {
                attributions[node] = Some(attribution);
            }
        }
        let known = unknown.into_iter().filter_map(|node| {
            let attribution = attributions[node].take()?;
            Some((graph.keys[node].clone(), attribution))
        });
        Self(known.collect())
    }
}

fn most_frequent(nodes: &[NodeIndex], attributions: &[Option<Attribution>]) -> Option<Attribution> {
    let mut counts: BTreeMap<&Attribution, usize> = BTreeMap::new();
    for attribution in nodes.iter().filter_map(|node| attributions[*node].as_ref()) {
        *counts.entry(attribution).or_default() += 1;
    }
    let counts = counts.into_iter();
    let most = counts.max_by_key(|(attribution, count)| (*count, Reverse(*attribution)));
    most.map(|(attribution, _)| attribution.clone())
}

#[cfg(test)]
mod tests {
    use super::super::graph::tests::{graph, input};
    use super::*;

    const TOKIO: &str = "_RNvNtCs1234_5tokio7runtime3run";
    const HYPER: &str = "_RNvNtCs1234_5hyper5proto3run";

    #[test]
    fn constants_belong_to_their_most_frequent_referrer() {
        let inputs = [
            input(TOKIO, 1),
            input(HYPER, 1),
            input(".rodata..Lanon.table", 1),
            input(".rodata..Lanon.text", 1),
            input(".rodata..Lanon.nobody", 1),
        ];
        // tokio refers to the table, and the table to the text.
        let graph = graph(&inputs, &[(0, 2), (2, 3)]);
        let members = LibraryMembers::of_libraries(std::iter::empty(), Vec::new()).unwrap();
        let unnamed_constants = UnnamedConstants::attribute(&graph, &members);
        let krate = |node: usize| {
            let attribution = unnamed_constants.0.get(&graph.keys[node]);
            attribution.map(|attribution| attribution.component.as_str())
        };
        assert_eq!(krate(2), Some("tokio"));
        assert_eq!(krate(3), Some("tokio"));
        assert_eq!(krate(4), None);
        // A node whose name has a crate is not in the result.
        assert_eq!(krate(0), None);
    }

    #[test]
    fn ties_go_to_the_first_by_name() {
        let [tokio, hyper] = ["tokio", "hyper"].map(|name| Some(Attribution::new("g", name, name)));
        let attributions = [tokio.clone(), hyper.clone(), tokio.clone()];
        assert_eq!(most_frequent(&[0, 1], &attributions), hyper);
        assert_eq!(most_frequent(&[0, 1, 2], &attributions), tokio);
        assert_eq!(most_frequent(&[], &attributions), None);
    }
}
