//! What `--version` says.

use precast_artifact::abi::Versions;

/// The version, the format of artifacts, and what they are made for or run on.
pub(crate) fn long(version: &str, targets: &str) -> String {
    let Versions { container, context, builtins } = Versions::CURRENT;
    format!("{version}\nformat of artifacts: {container}.{context}.{builtins}\ntargets: {targets}")
}

/// Every target that there is a code generator for.
#[cfg(feature = "compiler")]
pub(crate) fn targets() -> String {
    let targets = precast_compiler::targets();
    let triples = targets.iter().flat_map(|target| target.triples);
    triples.copied().collect::<Vec<_>>().join(", ")
}

/// The version of the loader alone, which runs what is made for its machine.
pub fn of_loader() -> String {
    let machine = format!("{}-unknown-linux", std::env::consts::ARCH);
    long(env!("CARGO_PKG_VERSION"), &machine)
}
