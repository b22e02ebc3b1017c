//! Which of the machines that there is code for a target is.

use precast_compiler::{TargetDescription, targets};

/// The machine of a target, by any of its names; this one of none. Nothing if
/// the target is unknown.
pub(super) fn of_target(target: Option<&str>) -> Option<TargetDescription> {
    let name = match target {
        None | Some("native" | "host") => std::env::consts::ARCH,
        Some(name) => name,
    };
    let begins = |known: &str| {
        name.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let is = |known: &TargetDescription| {
        begins(known.architecture)
            || known.triples.contains(&name)
            || known.aliases.iter().any(|alias| begins(alias))
    };
    targets().into_iter().find(is)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_have_many_names() {
        let of = |target| of_target(target).map(|machine| machine.architecture);
        assert_eq!(of(Some("riscv64gc-unknown-linux-gnu")), Some("riscv64"));
        assert_eq!(of(Some("arm64")), Some("aarch64"));
        assert_eq!(of(Some("aarch64-unknown-linux-musl")), Some("aarch64"));
        assert_eq!(of(Some("x86_64-pc-linux-gnu")), Some("x86_64"));
        assert_eq!(of(None), Some(std::env::consts::ARCH));
        assert_eq!(of(Some("vax")), None);
    }
}
