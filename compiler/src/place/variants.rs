//! Texts for several CPUs.
//!
//! A loader maps one of them in the place of `.text`, so every function must
//! start at the same offset in each: in all texts a function takes as many
//! bytes as in the one where it has most.

use super::fold::{self, Digest};
use crate::code::Text;
use crate::function::CompiledFunction;
use sha2::{Digest as _, Sha256};

/// Fills up each function and stub with padding to its largest size.
pub(super) fn equalise(texts: &mut [Text], padding: u8) {
    if texts.len() < 2 {
        return;
    }
    for index in 0..texts[0].functions.len() {
        let all = texts.iter_mut().map(|text| &mut text.functions[index]);
        fill(all.filter_map(Option::as_mut).collect(), padding);
    }
    for index in 0..texts[0].stubs.len() {
        fill(texts.iter_mut().map(|text| &mut text.stubs[index].function).collect(), padding);
    }
}

fn fill(mut all: Vec<&mut CompiledFunction>, padding: u8) {
    let size = all.iter().map(|function| function.code.len()).max().unwrap_or(0);
    let alignment = all.iter().map(|function| function.alignment).max().unwrap_or(1);
    for function in &mut all {
        let mut code = std::mem::take(&mut function.code).into_vec();
        code.resize(size, padding);
        (function.code, function.alignment) = (code.into(), alignment);
    }
}

/// Makes digests differ where further texts do: functions are the same when
/// they are in all texts. These must call the very same functions.
pub(super) fn distinguish(digests: &mut [Option<Digest>], further: &[Text]) {
    for text in further {
        for (digest, function) in digests.iter_mut().zip(&text.functions) {
            let (Some(digest), Some(function)) = (digest, function) else { continue };
            let mut hash = Sha256::new_with_prefix(*digest);
            hash.update(fold::digest(function));
            fold::callees(function).for_each(|(_, callee)| hash.update(callee.get().to_le_bytes()));
            *digest = hash.finalize().into();
        }
    }
}
