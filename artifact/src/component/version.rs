//! Names with versions, and which of them can stand for each other.

/// A version that is no prerelease: `0.2.6`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The first number.
    pub major: u64,
    /// The second number.
    pub minor: u64,
    /// The third number.
    pub patch: u64,
}

/// What a name with a version can be matched by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionedName {
    /// The name up to the part of the version that compatible ones have in
    /// common (semantic versioning 2.0.0): `wasi:io/streams@0.2`, `a:b/c@1`.
    pub track: String,
    /// The whole version.
    pub version: Version,
}

impl VersionedName {
    /// Of a name such as `wasi:io/streams@0.2.6`. `None` without a version,
    /// with a prerelease, and for `0.0.x`: those match by the whole name alone.
    /// Build metadata (`+...`) counts for nothing.
    pub fn parse(name: &str) -> Option<Self> {
        let (base, version) = name.split_once('@')?;
        let version = version.split('+').next()?;
        let mut numbers = version.split('.').map(number);
        let mut next = || numbers.next().flatten();
        let version = Version { major: next()?, minor: next()?, patch: next()? };
        if numbers.next().is_some() {
            return None;
        }
        let track = match (version.major, version.minor) {
            (0, 0) => return None,
            (0, minor) => format!("{base}@0.{minor}"),
            (major, _) => format!("{base}@{major}"),
        };
        Some(Self { track, version })
    }
}

/// A number of a version: digits alone.
fn number(text: &str) -> Option<u64> {
    match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse().ok(),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Version, VersionedName};

    #[test]
    fn tracks_are_what_compatible_versions_share() {
        let track = |name: &str| VersionedName::parse(name).map(|found| found.track);
        assert_eq!(track("wasi:io/streams@0.2.6").as_deref(), Some("wasi:io/streams@0.2"));
        assert_eq!(track("a:b/c@1.4.0+build").as_deref(), Some("a:b/c@1"));
        for exact in ["a:b/c", "a:b/c@0.0.3", "a:b/c@1.0.0-rc.1", "a:b/c@1.0", "a:b/c@1.0.0.0"] {
            assert_eq!(track(exact), None, "{exact}");
        }
        let version = VersionedName::parse("a:b/c@0.2.12").unwrap().version;
        assert_eq!(version, Version { major: 0, minor: 2, patch: 12 });
        assert!(version > Version { major: 0, minor: 2, patch: 9 });
    }
}
