//! What the bytes of an artifact depend on.

use super::Report;
use crate::error::Result;
use crate::options::{OptLevel, Options};
use crate::target::Target;
use sha2::{Digest, Sha256};

/// Whether a module compiled for the baseline would gain from `--cpu`: it
/// uses vectors, and the options ask for no more than the baseline.
pub fn gains_from_cpu(report: &Report, options: &Options) -> bool {
    report.uses_simd
        && options.opt_level != OptLevel::None
        && options.cpu == "baseline"
        && options.cpu_features.is_empty()
        && report.target.starts_with("x86_64")
}

/// Everything besides the module that the bytes of an artifact depend on: for
/// keys of caches.
///
/// # Errors
///
/// When an option is wrong.
pub fn fingerprint(options: &Options) -> Result<Vec<String>> {
    options.check()?;
    let targets = Target::all(options)?;
    let versions = precast_artifact::abi::Versions::CURRENT;
    let mut parts = vec![format!("{versions:?}"), env!("CARGO_PKG_VERSION").to_owned()];
    parts.push(targets[0].triple.to_string());
    for target in targets {
        parts.push("--cpu".to_owned());
        parts.extend(target.cpu_features);
    }
    parts.extend(options.features.names().map(str::to_owned));
    parts.extend(options.recorded());
    if let (true, Some(path)) = (options.debug_info, &options.text_path) {
        parts.extend(["text".to_owned(), path.clone()]);
    }
    for (from, to) in options.remap_path_prefix.iter().filter(|_| options.debug_info) {
        parts.extend([from.clone(), to.clone()]);
    }
    for (name, contents) in options.debug_files.contents() {
        parts.push(name.to_owned());
        parts.push(hex::encode(Sha256::digest(contents)));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::fingerprint;
    use crate::{Options, compile};

    #[test]
    fn where_the_text_lies_is_part_of_the_key_where_it_is_part_of_the_bytes() {
        let wasm = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x04\x01\x02\0\x0b";
        for debug_info in [false, true] {
            let made = ["one.wat", "other.wat"].map(|path| {
                let text_path = Some(path.to_owned());
                let options = Options { debug_info, text_path, ..Options::default() };
                (fingerprint(&options).unwrap(), compile(wasm, &options).unwrap())
            });
            let [one, other] = &made;
            assert_eq!(one.1 != other.1, debug_info);
            assert_eq!(one.0 != other.0, debug_info);
        }
    }

    #[test]
    fn replaced_prefixes_are_part_of_the_key_and_not_of_what_is_recorded() {
        let options = |from: &str, to: &str| Options {
            debug_info: true,
            remap_path_prefix: vec![(from.to_owned(), to.to_owned())],
            ..Options::default()
        };
        let keys = [("/home/me", "."), ("/home/you", "."), ("/home/me", "/src")]
            .map(|(from, to)| fingerprint(&options(from, to)).unwrap());
        assert!(keys[0] != keys[1] && keys[0] != keys[2]);
        let recorded = options("/home/me", "/src").recorded();
        assert!(recorded.contains(&"--remap-path-prefix".to_owned()), "{recorded:?}");
        assert!(!recorded.iter().any(|option| option.contains('/')), "{recorded:?}");
    }
}
