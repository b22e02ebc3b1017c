//! What a mistyped name was meant to be.

/// The known name that is nearest to a name, if only a few slips of the finger
/// lie between them.
pub(crate) fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let name = name.to_lowercase();
    let distances = known.into_iter().map(|known| (strsim::osa_distance(&name, known), known));
    let (distance, known) = distances.min()?;
    (distance <= known.len().div_ceil(3)).then_some(known)
}

/// `, did you mean ...?`, if there is such a name.
pub(crate) fn suggestion<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    let near = nearest(name, known).map(|near| format!(", did you mean `{near}`?"));
    near.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_is_suggested() {
        let known = ["haswell", "skylake", "znver4"];
        assert_eq!(nearest("hasswell", known), Some("haswell"));
        assert_eq!(nearest("SkyLake", known), Some("skylake"));
        assert_eq!(nearest("zenver4", known), Some("znver4"));
        assert_eq!(nearest("8086", known), None);
        assert_eq!(suggestion("sylake", known), ", did you mean `skylake`?");
        assert_eq!(suggestion("pentium", known), "");
    }
}
