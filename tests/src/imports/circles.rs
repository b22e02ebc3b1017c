//! Circles in a graph of imports.

use super::Edge;
use std::collections::{BTreeMap, BTreeSet};

/// Names that all lead to each other, and what leads from one to another.
#[derive(Debug, PartialEq, Eq)]
pub struct Circle {
    /// The names, sorted.
    pub members: Vec<String>,
    /// Every edge between two of them.
    pub edges: Vec<Edge>,
}

/// The circles of a graph: its strongly connected parts of more than one name.
pub fn circles(edges: &BTreeSet<Edge>) -> Vec<Circle> {
    let names: BTreeSet<&str> = edges.iter().flat_map(|e| [&*e.from, &*e.to]).collect();
    let reach: BTreeMap<&str, BTreeSet<&str>> =
        names.iter().map(|name| (*name, reachable(name, edges))).collect();
    let mut found: Vec<Circle> = Vec::new();
    for name in &names {
        let both = |other: &&&str| reach[name].contains(**other) && reach[**other].contains(name);
        let members: Vec<String> = names.iter().filter(both).map(|n| (*n).to_owned()).collect();
        // A name that is in a circle reaches itself too.
        if members.first().is_some_and(|first| first == name) {
            let inside = |edge: &&Edge| members.contains(&edge.from) && members.contains(&edge.to);
            let edges = edges.iter().filter(inside).cloned().collect();
            found.push(Circle { members, edges });
        }
    }
    found
}

/// What a name leads to, over one edge or more.
fn reachable<'a>(from: &str, edges: &'a BTreeSet<Edge>) -> BTreeSet<&'a str> {
    let next = |name: &str| {
        let leaving = edges.iter().filter(|edge| edge.from == name);
        leaving.map(|edge| &*edge.to).collect::<Vec<_>>()
    };
    let (mut seen, mut waiting) = (BTreeSet::new(), next(from));
    while let Some(name) = waiting.pop() {
        if seen.insert(name) {
            waiting.extend(next(name));
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(edges: &[(&str, &str)]) -> Vec<String> {
        let edge = |(from, to): &(&str, &str)| Edge {
            from: (*from).to_owned(),
            to: (*to).to_owned(),
            example: String::new(),
        };
        let circles = circles(&edges.iter().map(edge).collect());
        circles.into_iter().map(|circle| circle.members.concat()).collect()
    }

    #[test]
    fn circles_are_found_and_only_they() {
        assert_eq!(members(&[("a", "b"), ("b", "c"), ("a", "c")]), [""; 0]);
        assert_eq!(members(&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]), ["abc"]);
        assert_eq!(
            members(&[("a", "b"), ("b", "a"), ("b", "c"), ("c", "d"), ("d", "c")]),
            ["ab", "cd"]
        );
    }
}
