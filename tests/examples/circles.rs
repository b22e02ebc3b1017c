//! Shows which files of a crate import each other in a circle:
//!
//! ```sh
//! cargo run -q -p precast-tests --example circles -- compiler loader
//! ```
//!
//! Each circle comes with the imports that close it. What else breaks the law
//! that `tests/layers.rs` holds comes after them. `--edges` shows all imports
//! between files.

use precast_tests::imports::{Crate, circles};
use precast_tests::root;

fn main() {
    let (options, mut crates): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    if crates.is_empty() {
        crates = ["artifact", "compiler", "loader", "capi", "cli"].map(str::to_owned).to_vec();
    }
    for name in crates {
        let sources = Crate::read(&root().join(&name).join("src/lib.rs"));
        let edges = sources.file_edges();
        if options.iter().any(|option| option == "--edges") {
            for edge in &edges {
                println!("{} -> {}: {}", edge.from, edge.to, edge.example);
            }
        }
        let circles = circles(&edges);
        let inside: usize = circles.iter().map(|circle| circle.members.len()).sum();
        println!(
            "{name}: {} files, {} imports, {} circles with {inside} files",
            sources.len(),
            edges.len(),
            circles.len()
        );
        for fault in sources.faults() {
            println!("\n  {fault}");
        }
        println!();
    }
}
