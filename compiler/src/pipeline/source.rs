//! A module that is compiled for one target after the other.

use super::facts::gather_facts;
use super::report::Clock;
use super::workers::Workers;
use crate::error::Result;
use crate::facts::{Facts, Uses};
use crate::features::Features;
use crate::parse::{self, Parsed};
use crate::target::Target;
use precast_artifact::types::{CompositeType, ValType};
use sha2::{Digest, Sha256};

/// A module's bytes, and what follows from them alone: it is found by the first
/// compilation, and used by all further ones.
pub struct Source<'a> {
    pub(super) wasm: &'a [u8],
    surveys: Vec<Survey<'a>>,
}

/// What follows from a module's bytes.
pub(super) struct Survey<'a> {
    /// What it was validated with.
    features: Features,
    pub(super) parsed: Parsed<'a>,
    pub(super) facts: Facts,
    /// SHA-256 of the bytes.
    pub(super) hash: [u8; 32],
}

impl<'a> Source<'a> {
    /// A module. Nothing is read yet.
    pub fn new(wasm: &'a [u8]) -> Self {
        Self { wasm, surveys: Vec::new() }
    }

    /// What is known of the module, where it may use these features as far as the
    /// target has them.
    pub(super) fn survey(
        &mut self,
        workers: &Workers,
        target: &Target,
        features: Features,
        clock: &mut Clock,
    ) -> Result<&Survey<'a>> {
        let features = target.allowed(features);
        let known = self.surveys.iter().position(|survey| survey.serves(features));
        let at = match known {
            Some(at) => at,
            None => {
                let survey = Survey::new(workers, self.wasm, features, clock);
                self.surveys.push(survey.map_err(|error| target.explain(error, features))?);
                self.surveys.len() - 1
            }
        };
        Ok(&self.surveys[at])
    }
}

impl<'a> Survey<'a> {
    fn new(
        workers: &Workers,
        wasm: &'a [u8],
        features: Features,
        clock: &mut Clock,
    ) -> Result<Self> {
        let (parsed, hash) =
            workers.both(|| parse::parse(wasm, features), || Sha256::digest(wasm).into());
        let parsed = parsed?;
        clock.lap("parse");
        let facts = gather_facts(workers, &parsed)?;
        clock.lap("facts");
        Ok(Self { features, parsed, facts, hash })
    }

    /// Whether the module was found valid with these features, or it would be:
    /// what is valid without vectors is so with them, and the other way round
    /// if it speaks of none.
    fn serves(&self, features: Features) -> bool {
        let only_vectors_differ = self.features.without_simd() == features.without_simd();
        let without = self.features == self.features.without_simd();
        self.features == features || (only_vectors_differ && (without || !self.has_vectors()))
    }

    /// Whether anything in the module is a vector.
    fn has_vectors(&self) -> bool {
        let parsed = &self.parsed;
        let is_vector = |ty: &ValType| *ty == ValType::V128;
        self.facts.module.uses.contains(Uses::VECTORS)
            || parsed.types.section().types().iter().any(|ty| match ty {
                CompositeType::Func(ty) => ty.params.iter().chain(&ty.results).any(is_vector),
            })
            || parsed.globals.iter().any(|global| is_vector(&global.ty.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

    /// How often a module is surveyed for three targets in this order, of which
    /// the last lacks vectors; or the complaint.
    fn surveys(text: &str, order: [&str; 3]) -> std::result::Result<usize, String> {
        let wasm = wat::parse_str(text).unwrap();
        let workers = Workers::new(1).unwrap();
        let mut source = Source::new(&wasm);
        for target in order {
            let target = Some(format!("{target}-unknown-linux-gnu"));
            let options = Options { target, ..Options::default() };
            let target = &Target::all(&options).unwrap()[0];
            let survey = source.survey(&workers, target, options.features, &mut Clock::new());
            survey.map_err(|why| why.to_string())?;
        }
        Ok(source.surveys.len())
    }

    #[test]
    fn a_module_is_surveyed_once() {
        let scalar = "(module (func (param f64) (block (result i32) (i32.const 1)) drop))";
        assert_eq!(surveys(scalar, ["x86_64", "aarch64", "riscv64gc"]), Ok(1));
        assert_eq!(surveys(scalar, ["riscv64gc", "x86_64", "aarch64"]), Ok(1));
    }

    #[test]
    fn vectors_are_refused_where_there_are_none_after_other_targets_too() {
        let bodies = [
            "(func (drop (v128.const i64x2 0 0)))",
            "(func (local v128))",
            "(func (param v128))",
            "(func (block (result v128) unreachable) drop)",
            "(func unreachable (select (result v128)) drop)",
            "(import \"a\" \"b\" (global v128))",
            "(import \"a\" \"b\" (func (result v128)))",
        ];
        for body in bodies {
            let why = surveys(&format!("(module {body})"), ["x86_64", "aarch64", "riscv64gc"]);
            assert!(why.is_err_and(|why| why.contains("vectors on riscv64")), "{body}");
        }
    }
}
