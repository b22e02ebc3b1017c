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
    let starts = all.first().map_or(0, |function| function.starts);
    for function in &mut all {
        let mut code = std::mem::take(&mut function.code).into_vec();
        code.resize(size, padding);
        (function.code, function.alignment) = (code.into(), alignment);
        function.starts = starts;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::{CodeReloc, CodeRelocKind, Symbol};
    use crate::stub::{Stub, StubKind};
    use precast_artifact::index::{FuncIndex, FunctionOffset, ModuleIndex};

    const MODULE: ModuleIndex = ModuleIndex::new(0);

    fn code(bytes: &[u8], alignment: u32) -> CompiledFunction {
        CompiledFunction { code: bytes.into(), alignment, ..Default::default() }
    }

    fn text(functions: Vec<Option<CompiledFunction>>, stub: CompiledFunction) -> Text {
        let kind = StubKind::Import(FuncIndex::new(0));
        let stubs = vec![Stub { module: MODULE, kind, function: stub }];
        Text { cpu_features: Vec::new(), functions, stubs }
    }

    fn calling(callee: u32) -> CompiledFunction {
        let reloc = CodeReloc {
            offset: FunctionOffset::new(1),
            kind: CodeRelocKind::X86PcRel32,
            target: Symbol::Function(MODULE, FuncIndex::new(callee)),
            addend: -4,
        };
        CompiledFunction { relocs: Box::new([reloc]), ..code(&[0xe8, 0, 0, 0, 0], 1) }
    }

    #[test]
    fn code_takes_as_much_room_in_every_text() {
        let mut texts = [
            text(vec![Some(code(&[1, 2, 3], 16)), None], code(&[4], 4)),
            text(vec![Some(code(&[5], 64)), None], code(&[6, 7], 2)),
        ];
        equalise(&mut texts, 0xcc);
        let shapes = texts.each_ref().map(|text| {
            let function = text.functions[0].as_ref().unwrap();
            let stub = &text.stubs[0].function;
            (function.code.to_vec(), function.alignment, stub.code.to_vec(), stub.alignment)
        });
        assert_eq!(shapes[0], (vec![1, 2, 3], 64, vec![4, 0xcc], 4));
        assert_eq!(shapes[1], (vec![5, 0xcc, 0xcc], 64, vec![6, 7], 4));
        assert!(texts.iter().all(|text| text.functions[1].is_none()));
    }

    #[test]
    fn one_text_stays_as_it_is() {
        let mut texts = [text(vec![Some(code(&[1], 1))], code(&[2], 1))];
        equalise(&mut texts, 0xcc);
        assert_eq!(*texts[0].functions[0].as_ref().unwrap().code, [1]);
    }

    #[test]
    fn functions_that_differ_in_one_text_are_kept_apart() {
        let first = || Some(code(&[1], 1));
        let functions = vec![first(), first(), first(), None];
        let digests = || fold::digests(&functions);
        let distinguished = |further: Vec<Option<CompiledFunction>>| {
            let mut digests = digests();
            distinguish(&mut digests, &[text(further, code(&[], 1))]);
            digests
        };
        let found = distinguished(vec![first(), first(), Some(code(&[2], 1)), None]);
        assert_eq!((found[0] == found[1], found[1] == found[2]), (true, false));
        assert_eq!(found[3], None);
        // The same code, which calls others.
        let found = distinguished(vec![Some(calling(7)), Some(calling(8)), Some(calling(7)), None]);
        assert_eq!((found[0] == found[1], found[0] == found[2]), (false, true));
    }
}
