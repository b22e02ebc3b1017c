//! The artifact's header, in the ELF note `.note.precast` (owner `Precast`,
//! type 1): what the artifact is, what it needs, and where its pieces lie.
//!
//! The three versions come first, as fixed 32-bit numbers, so that any loader
//! can refuse an artifact of another format with the right words.

use crate::abi::Versions;
use crate::module::Range;
use crate::wire::{Reader, Result, Writer};

/// Owner name of the note, with its terminating zero byte.
pub const OWNER: &[u8] = b"Precast\0";
/// Type of the note.
pub const TYPE: u32 = 1;
/// Name of the section, as errors show it.
pub const SECTION: &str = ".note.precast";

/// The option by which code counts its work in [`STORE_FUEL`](crate::abi::STORE_FUEL).
pub const FUEL: &str = "--fuel";

/// The option by which code follows a profile, whose SHA-256 is recorded.
pub const PROFILE: &str = "--profile";

/// The header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Versions of the contract.
    pub versions: Versions,
    /// Version of the compiler that wrote the artifact; informational.
    pub compiler: String,
    /// Target triple, such as `x86_64-unknown-linux-gnu`.
    pub target: String,
    /// CPU features that the code uses, by their Linux names (`avx2`).
    pub cpu_features: Vec<String>,
    /// WebAssembly features that the module was allowed to use.
    pub wasm_features: Vec<String>,
    /// Options that shaped the code, as the command line spells them.
    pub options: Vec<String>,
    /// SHA-256 of the source module.
    pub source_hash: [u8; 32],
    /// Alignment that the image needs, in bytes.
    pub page_size: u64,
    /// Size of the mapped image.
    pub image_size: u64,
    /// `.text`.
    pub text: Range,
    /// `.precast.module`.
    pub module: Range,
    /// `.precast.component`; empty in an artifact of a core module.
    pub component: Range,
    /// `.precast.inlined`, see [`debug::inlined`](crate::debug::inlined); empty where
    /// nothing was inlined.
    pub inlined: Range,
    /// Further texts, for CPUs with more features, the least demanding first.
    pub variants: Vec<Variant>,
}

/// Another text for the same module, which a loader may map in the place of
/// `.text`. Every function and stub starts at the same offset in each, so all
/// else that the image holds is true for each; but for what stands at places
/// inside of functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// CPU features that the code uses, by their Linux names.
    pub cpu_features: Vec<String>,
    /// Its bytes in the file, as many as `.text` has, at a page boundary.
    pub text: Range,
    /// Its sites, in the file; an [address map](crate::address_map).
    pub site_table: Range,
    /// Its exception handlers, in the file; see
    /// [`handlers`](crate::handlers).
    pub handler_table: Range,
}

impl Variant {
    /// Encoded in a size that does not depend on the ranges.
    fn encode(&self, w: &mut Writer) {
        for range in [self.text, self.site_table, self.handler_table] {
            w.u64(range.offset);
            w.u64(range.size);
        }
        w.list(&self.cpu_features, |w, text| w.str(text));
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self> {
        let mut range = || Ok(Range { offset: r.u64()?, size: r.u64()? });
        let (text, site_table, handler_table) = (range()?, range()?, range()?);
        let cpu_features = r.list(|r| Ok(r.str()?.to_owned()))?;
        Ok(Self { cpu_features, text, site_table, handler_table })
    }
}

/// Why a note was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoteError {
    /// Made for another version of the contract.
    Version(Versions),
    /// Damaged.
    Damaged(crate::wire::DecodeError),
}

impl From<crate::wire::DecodeError> for NoteError {
    fn from(error: crate::wire::DecodeError) -> Self {
        Self::Damaged(error)
    }
}

impl Note {
    /// Whether the code counts its work.
    pub fn counts_fuel(&self) -> bool {
        self.options.iter().any(|option| option == FUEL)
    }

    /// The note's descriptor bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.u32(self.versions.container);
        w.u32(self.versions.context);
        w.u32(self.versions.builtins);
        // Fixed width first, so that the note's size does not depend on where
        // the pieces end up.
        for number in [
            self.page_size,
            self.image_size,
            self.text.offset,
            self.text.size,
            self.module.offset,
            self.module.size,
            self.component.offset,
            self.component.size,
            self.inlined.offset,
            self.inlined.size,
        ] {
            w.u64(number);
        }
        w.raw(&self.source_hash);
        w.str(&self.compiler);
        w.str(&self.target);
        for list in [&self.cpu_features, &self.wasm_features, &self.options] {
            w.list(list, |w, text| w.str(text));
        }
        w.list(&self.variants, |w, variant| variant.encode(w));
        w.finish()
    }

    /// Reads what [`Note::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> std::result::Result<Self, NoteError> {
        let mut r = Reader::new(SECTION, bytes);
        let versions = Versions { container: r.u32()?, context: r.u32()?, builtins: r.u32()? };
        if versions != Versions::CURRENT {
            return Err(NoteError::Version(versions));
        }
        let page_size = r.u64()?;
        let image_size = r.u64()?;
        let text = Range { offset: r.u64()?, size: r.u64()? };
        let module = Range { offset: r.u64()?, size: r.u64()? };
        let component = Range { offset: r.u64()?, size: r.u64()? };
        let inlined = Range { offset: r.u64()?, size: r.u64()? };
        let mut source_hash = [0; 32];
        source_hash.copy_from_slice(r.raw(32)?);
        let list =
            |r: &mut Reader<'_>| -> Result<Vec<String>> { r.list(|r| Ok(r.str()?.to_owned())) };
        let note = Self {
            versions,
            page_size,
            image_size,
            text,
            module,
            component,
            inlined,
            source_hash,
            compiler: r.str()?.to_owned(),
            target: r.str()?.to_owned(),
            cpu_features: list(&mut r)?,
            wasm_features: list(&mut r)?,
            options: list(&mut r)?,
            variants: r.list(Variant::decode)?,
        };
        r.finish()?;
        Ok(note)
    }
}
