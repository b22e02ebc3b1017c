//! What the law of imports demands of a crate.

use super::circles::{Circle, circles};
use super::{Crate, Edge, show};
use std::collections::BTreeSet;

impl Crate {
    /// What breaks the law of imports, a line each: files in circles; at every
    /// depth children in circles, the module's own file among them; children
    /// that use one ranked after them, or that have no rank. The crate's root
    /// must rank its children, other modules may (see `imports/ranks.rs`).
    pub fn faults(&self) -> Vec<String> {
        let mut faults = circle_faults("files", &self.file_edges());
        for parent in self.parents() {
            let place = show(&parent);
            let edges = self.edges_below(&parent);
            faults.extend(circle_faults(&format!("modules in {place}"), &edges));
            match &self.modules[&parent].ranks {
                Some(ranks) => faults.extend(self.rank_faults(&parent, ranks, &edges)),
                None if parent.is_empty() => faults.push("the root has no table of ranks".into()),
                None => {}
            }
        }
        faults
    }

    fn rank_faults(
        &self,
        parent: &[String],
        ranks: &[String],
        edges: &BTreeSet<Edge>,
    ) -> Vec<String> {
        let place = show(parent);
        let mut faults = Vec::new();
        let children: BTreeSet<&str> =
            self.modules[parent].files.iter().map(|child| &*child.name).collect();
        for name in &children {
            let rows = ranks.iter().filter(|ranked| *ranked == name).count();
            if rows != 1 {
                faults.push(format!("ranks in {place}: `{name}` stands there {rows} times"));
            }
        }
        for name in ranks {
            if !children.contains(&**name) {
                faults.push(format!("ranks in {place}: `{name}` is no module of it"));
            }
        }
        let rank = |name: &str| ranks.iter().position(|ranked| ranked == name);
        for edge in edges {
            if let (Some(from), Some(to)) = (rank(&edge.from), rank(&edge.to))
                && from < to
            {
                faults.push(format!("ranks in {place}: {edge}"));
            }
        }
        faults
    }
}

fn circle_faults(what: &str, edges: &BTreeSet<Edge>) -> Vec<String> {
    let circle = |circle: Circle| {
        let edges: Vec<String> = circle.edges.iter().map(|edge| format!("\n    {edge}")).collect();
        format!("{what} in a circle: {}{}", circle.members.join(", "), edges.concat())
    };
    circles(edges).into_iter().map(circle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_kept() {
        let root = "//! | rank | modules |\n//! |-|-|\n//! | a | `a`, `b` |\n//! | b | `c` |\nmod a; mod b; mod c;";
        let root = root.replace("; ", ";\n");
        let faults = |root: &str, a: &str, c: &str| {
            Crate::from_texts(&[("", root), ("a", a), ("b", "use crate::a::A;"), ("c", c)]).faults()
        };
        assert_eq!(faults(&root, "", "use crate::b::B;"), [""; 0]);
        let up = faults(&root, "use crate::c::C;", "");
        assert_eq!(up, ["ranks in the root: a -> c: a uses C of c"]);
        let other = root.replace("`a`, ", "").replace("`c`", "`c`, `d`, `c`");
        assert_eq!(
            faults(&other, "", ""),
            [
                "ranks in the root: `a` stands there 0 times",
                "ranks in the root: `c` stands there 2 times",
                "ranks in the root: `d` is no module of it"
            ]
        );
        assert_eq!(faults("", "", ""), ["the root has no table of ranks"]);
    }

    #[test]
    fn parents_are_part_of_the_law() {
        let root = ("", "//! | module |\n//! |-|\n//! | `a` |\nmod a;");
        let faults = |a: &str, x: &str, y: &str| {
            Crate::from_texts(&[root, ("a", a), ("a::x", x), ("a::y", y)]).faults()
        };
        assert_eq!(faults("use x::X; use y::Y;", "use super::y::Y;", ""), [""; 0]);
        let circle = "files in a circle: a, a::x\n    a -> a::x: X\n    a::x -> a: A";
        assert_eq!(faults("use x::X;", "use super::A;", "")[0], circle);
        // Of files each alone there is none here, but `x` and `y` are in one.
        let deeper = Crate::from_texts(&[
            root,
            ("a", ""),
            ("a::x::p", "use crate::a::y::p::P;"),
            ("a::x::q", ""),
            ("a::x", ""),
            ("a::y", ""),
            ("a::y::p", ""),
            ("a::y::q", "use crate::a::x::q::Q;"),
        ]);
        let faults = deeper.faults();
        assert!(faults[0].starts_with("modules in a in a circle: x, y\n"), "{faults:?}");
        assert_eq!(faults.len(), 1);
    }
}
