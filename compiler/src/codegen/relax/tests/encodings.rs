//! Shorter encodings: which there are, and what must keep its own.

use super::*;

/// The code after it became short.
fn shortened(bytes: &[u8]) -> (Vec<u8>, u32) {
    let function = HandMade::default().with(bytes).with(&[0xc3]).function();
    let (function, _) = shorten(&function, ALL, None).expect("code that is understood");
    let code = function.code.strip_suffix(&[0xc3]).expect("a return").to_vec();
    (code, function.shortened.encodings)
}

#[track_caller]
fn becomes(old: &[u8], new: &[u8]) {
    assert_eq!(shortened(old), (new.to_vec(), 1));
}

#[track_caller]
fn stays_the_same(old: &[u8]) {
    assert_eq!(shortened(old), (old.to_vec(), 0));
}

#[test]
fn constants_of_eight_bits() {
    // add $4, %ecx; add $-1, %r15d; cmp $-128, %rax; xor $127, 8(%rdi,%rcx,2)
    becomes(&[0x81, 0xc1, 4, 0, 0, 0], &[0x83, 0xc1, 4]);
    becomes(&[0x41, 0x81, 0xc7, 255, 255, 255, 255], &[0x41, 0x83, 0xc7, 255]);
    becomes(&[0x48, 0x81, 0xf8, 0x80, 255, 255, 255], &[0x48, 0x83, 0xf8, 0x80]);
    becomes(&[0x81, 0x74, 0x4f, 8, 127, 0, 0, 0], &[0x83, 0x74, 0x4f, 8, 127]);
    for operation in 0..8 {
        let operand = 0xc3 | operation << 3;
        becomes(&[0x81, operand, 5, 0, 0, 0], &[0x83, operand, 5]);
    }
    // 128, -129; add $4, (%rip), which is addressed from its end; with lock, with fs.
    stays_the_same(&[0x81, 0xc1, 128, 0, 0, 0]);
    stays_the_same(&[0x81, 0xc1, 0x7f, 255, 255, 255]);
    stays_the_same(&[0xf0, 0x81, 0x07, 1, 0, 0, 0]);
    stays_the_same(&[0x64, 0x81, 0x07, 1, 0, 0, 0]);
    // mov $4, %ecx; add $4, %cx: of 16 bits.
    stays_the_same(&[0xc7, 0xc1, 4, 0, 0, 0]);
    stays_the_same(&[0x66, 0x81, 0xc1, 4, 0]);
}

#[test]
fn what_is_addressed_from_its_end_stays() {
    // add $4, 0(%rip), and the constant there.
    let mut function = HandMade::default()
        .with(&[0x81, 0x05, 6, 0, 0, 0, 4, 0, 0, 0, 0xc3, 0, 0, 0, 0, 0])
        .with(&[7; 16])
        .function();
    function.data = [at(11)..at(32)].into();
    let (same, _) = shorten(&function, ALL, None).unwrap();
    assert_eq!((same.code, same.shortened.encodings), (function.code, 0));
}

#[test]
fn what_a_relocation_is_for_stays() {
    // add $4, %ecx, where the constant is filled in later.
    let mut function = HandMade::default().with(&[0x81, 0xc1, 4, 0, 0, 0, 0xc3]).function();
    let (kind, target) = (CodeRelocKind::X86PcRel32, Symbol::Stub(StubIndex::new(0)));
    function.relocs = [CodeReloc { offset: at(2), kind, target, addend: 0 }].into();
    stays(function);
}

#[test]
fn tests_of_the_lowest_byte() {
    // test $1, %eax; %rdx; %esi; %r9d; %r9: without, with another, with the prefix.
    becomes(&[0xf7, 0xc0, 1, 0, 0, 0], &[0xf6, 0xc0, 1]);
    becomes(&[0x48, 0xf7, 0xc2, 127, 0, 0, 0], &[0xf6, 0xc2, 127]);
    becomes(&[0xf7, 0xc6, 8, 0, 0, 0], &[0x40, 0xf6, 0xc6, 8]);
    becomes(&[0x41, 0xf7, 0xc1, 8, 0, 0, 0], &[0x41, 0xf6, 0xc1, 8]);
    becomes(&[0x49, 0xf7, 0xc1, 8, 0, 0, 0], &[0x41, 0xf6, 0xc1, 8]);
    // The sign would be another; it is of memory; it is a `not`.
    stays_the_same(&[0xf7, 0xc0, 128, 0, 0, 0]);
    stays_the_same(&[0xf7, 0xc0, 255, 255, 255, 255]);
    stays_the_same(&[0xf7, 0x07, 1, 0, 0, 0]);
    stays_the_same(&[0xf7, 0xd0]);
}

#[test]
fn extensions_to_32_bits() {
    // movzbq %al, %rcx; movzwq %si, %rcx; movzbq 8(%rdi), %rdx
    becomes(&[0x48, 0x0f, 0xb6, 0xc8], &[0x0f, 0xb6, 0xc8]);
    becomes(&[0x48, 0x0f, 0xb7, 0xce], &[0x0f, 0xb7, 0xce]);
    becomes(&[0x48, 0x0f, 0xb6, 0x57, 8], &[0x0f, 0xb6, 0x57, 8]);
    // movzbq %sil, %rcx needs its prefix, as upper registers do.
    stays_the_same(&[0x48, 0x0f, 0xb6, 0xce]);
    stays_the_same(&[0x49, 0x0f, 0xb6, 0xc8]);
    stays_the_same(&[0x4c, 0x0f, 0xb6, 0xc8]);
    // The sign is extended: movsbq %al, %rcx; movslq %eax, %rcx.
    stays_the_same(&[0x48, 0x0f, 0xbe, 0xc8]);
    stays_the_same(&[0x48, 0x63, 0xc8]);
}
