//! Whose the constants are that have no name: of those who refer to them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::graph::{Graph, Key, Node};
use super::map::Input;
use super::place::{self, Members, Place};

pub struct Shares<'a>(pub HashMap<Key<'a>, Place>);

impl<'a> Shares<'a> {
    /// Each such node goes to the component that refers to it most, directly or through others like it; of
    /// several with as many, to the first by name.
    pub fn of(graph: &Graph<'a>, members: &Members) -> Self {
        let place = |input: &Option<&Input>| {
            let input = (*input)?;
            let mut names = input.names();
            names.find_map(|name| place::of_input(input, name, members))
        };
        let mut places: Vec<Option<Place>> = graph.inputs.iter().map(place).collect();
        let mut referrers: Vec<Vec<Node>> = vec![Vec::new(); places.len()];
        for (from, references) in graph.references.iter().enumerate() {
            for to in references {
                referrers[*to].push(from);
            }
        }
        let nodes = 0..places.len();
        let unknown: Vec<Node> = nodes.filter(|node| places[*node].is_none()).collect();
        loop {
            // All of a round at once, so that the order of nodes does not matter.
            let found: Vec<_> = unknown
                .iter()
                .filter(|node| places[**node].is_none())
                .filter_map(|node| Some((*node, most(&referrers[*node], &places)?)))
                .collect();
            if found.is_empty() {
                break;
            }
            for (node, place) in found {
                places[node] = Some(place);
            }
        }
        let known = unknown.into_iter().filter_map(|node| {
            let place = places[node].take()?;
            Some((graph.keys[node].clone(), place))
        });
        Self(known.collect())
    }
}

fn most(nodes: &[Node], places: &[Option<Place>]) -> Option<Place> {
    let mut counts: BTreeMap<&Place, usize> = BTreeMap::new();
    for place in nodes.iter().filter_map(|node| places[*node].as_ref()) {
        *counts.entry(place).or_default() += 1;
    }
    let counts = counts.into_iter();
    let most = counts.max_by_key(|(place, count)| (*count, Reverse(*place)));
    most.map(|(place, _)| place.clone())
}

#[cfg(test)]
mod tests {
    use super::super::graph::tests::{graph, input};
    use super::*;

    const TOKIO: &str = "_RNvNtCs1234_5tokio7runtime3run";
    const HYPER: &str = "_RNvNtCs1234_5hyper5proto3run";

    #[test]
    fn a_constant_is_of_who_refers_to_it_most_directly_or_not() {
        let inputs = [
            input(TOKIO, 1),
            input(HYPER, 1),
            input(".rodata..Lanon.table", 1),
            input(".rodata..Lanon.text", 1),
            input(".rodata..Lanon.nobody", 1),
        ];
        // The table is tokio's, the text is the table's.
        let graph = graph(&inputs, &[(0, 2), (2, 3)]);
        let members = Members::of_libraries(std::iter::empty()).unwrap();
        let shares = Shares::of(&graph, &members);
        let krate = |node: usize| {
            let place = shares.0.get(&graph.keys[node]);
            place.map(|place| place.component.as_str())
        };
        assert_eq!(krate(2), Some("tokio"));
        assert_eq!(krate(3), Some("tokio"));
        assert_eq!(krate(4), None);
        // What tells its own place is not shared.
        assert_eq!(krate(0), None);
    }

    #[test]
    fn of_as_many_the_first_by_name_has_it() {
        let [tokio, hyper] = ["tokio", "hyper"].map(|name| Some(Place::new("g", name, name)));
        let places = [tokio.clone(), hyper.clone(), tokio.clone()];
        assert_eq!(most(&[0, 1], &places), hyper);
        assert_eq!(most(&[0, 1, 2], &places), tokio);
        assert_eq!(most(&[], &places), None);
    }
}
