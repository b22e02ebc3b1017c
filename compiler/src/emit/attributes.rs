//! `.riscv.attributes`: what the code of a riscv64 artifact needs, for
//! disassemblers and debuggers (RISC-V ELF psABI, section 8.6).

/// The ISA string of features over `rv64g`, with the ratified version of each
/// extension.
fn isa(features: &[String]) -> String {
    // In the order of the ISA manual's naming conventions.
    const EXTENSIONS: [(&str, &str); 13] = [
        ("c", "c2p0"),
        ("v", "v1p0"),
        ("zicond", "zicond1p0"),
        ("", "zicsr2p0"),
        ("", "zifencei2p0"),
        ("zfa", "zfa1p0"),
        ("zcb", "zca1p0_zcb1p0"),
        ("zba", "zba1p0"),
        ("zbb", "zbb1p0"),
        ("zbc", "zbc1p0"),
        ("zbkb", "zbkb1p0"),
        ("zbs", "zbs1p0"),
        ("zvbb", "zvbb1p0"),
    ];
    let has = |name: &str| name.is_empty() || features.iter().any(|feature| feature == name);
    let chosen = EXTENSIONS.into_iter().filter(|(name, _)| has(name)).map(|(_, part)| part);
    ["rv64i2p1", "m2p0", "a2p1", "f2p2", "d2p2"]
        .into_iter()
        .chain(chosen)
        .collect::<Vec<_>>()
        .join("_")
}

const TAG_FILE: u8 = 1;
const TAG_STACK_ALIGN: u8 = 4;
const TAG_ARCH: u8 = 5;
const TAG_UNALIGNED_ACCESS: u8 = 6;

/// The section's bytes.
pub(super) fn encode(features: &[String]) -> Vec<u8> {
    let mut attributes = vec![TAG_STACK_ALIGN, 16, TAG_ARCH];
    attributes.extend_from_slice(isa(features).as_bytes());
    // Guests access memory as they like.
    attributes.extend([0, TAG_UNALIGNED_ACCESS, 1]);
    let file = 5 + attributes.len() as u32;
    let vendor = b"riscv\0";
    let mut bytes = vec![b'A'];
    bytes.extend((4 + vendor.len() as u32 + file).to_le_bytes());
    bytes.extend_from_slice(vendor);
    bytes.push(TAG_FILE);
    bytes.extend(file.to_le_bytes());
    bytes.extend(attributes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_come_in_order() {
        let features = ["zbb", "c", "v"].map(str::to_owned);
        let expected = "rv64i2p1_m2p0_a2p1_f2p2_d2p2_c2p0_v1p0_zicsr2p0_zifencei2p0_zbb1p0";
        assert_eq!(isa(&features), expected);
        let bytes = encode(&features);
        let length = u32::from_le_bytes(bytes[1..5].try_into().unwrap());
        assert_eq!(length as usize, bytes.len() - 1);
    }
}
