//! A component as plain data: its core modules, the adapters between its
//! components, and the steps that connect them.
//!
//! `wasmtime-environ` takes components apart; this module alone names it, and
//! turns what it gives into types of our own at once. It is code for a host of
//! its own: whatever it does with a component, a panic ends here.
//!
//! | rank | modules |
//! |-|-|
//! | types | [`core_types`], [`types`] |
//! | the rest | [`items`] |

mod core_types;
mod items;
mod types;

use super::panics::caught;
use crate::error::{Error, Location, Result};
use crate::features::Features;
use items::Converter;
use precast_artifact::component::ComponentDescription;
use std::borrow::Cow;
use wasmtime_environ::component::{ComponentTypesBuilder, Translator};
use wasmtime_environ::wasmparser::{BinaryReaderError, Validator, WasmFeatures};
use wasmtime_environ::{ScopeVec, Tunables};

/// A component, flat.
pub(crate) struct Flat<'a> {
    /// What goes into the artifact.
    pub component: ComponentDescription,
    /// Core modules and adapters, which the component's modules are.
    pub modules: Vec<FlatModule<'a>>,
}

/// A core module of a component.
pub(crate) struct FlatModule<'a> {
    /// Its bytes.
    pub wasm: Cow<'a, [u8]>,
    /// Where it stands in the component; nowhere if it is an adapter.
    pub offset: Option<u64>,
}

/// Takes a component apart. Its core modules may use these features, but their
/// bodies are not looked at yet.
///
/// # Errors
///
/// The component is malformed, not valid, or asynchronous.
pub(crate) fn flatten(component: &[u8], features: Features) -> Result<Flat<'_>> {
    caught(|| translate(component, features)).unwrap_or_else(|text| {
        Err(Error::unsupported(None, format!("a component that cannot be taken apart: {text}")))
    })
}

fn translate(component: &[u8], features: Features) -> Result<Flat<'_>> {
    let mut validator = Validator::new_with_features(their_features(features));
    let mut types = ComponentTypesBuilder::new(&validator);
    let adapters = ScopeVec::new();
    // Of these, only what shapes adapters counts.
    let tunables = Tunables { concurrency_support: false, ..Tunables::default_u64() };
    let translator = Translator::new(&tunables, &mut validator, &mut types, &adapters);
    let (translation, modules) = translator.translate(component).map_err(|e| refused(&e))?;
    let tables = types.num_resource_tables();
    let (types, _) = types.finish(&translation.component);
    let within = component.as_ptr_range();
    let module = |wasm: &[u8]| match within.contains(&wasm.as_ptr()) {
        true => {
            let offset = wasm.as_ptr().addr() - within.start.addr();
            let wasm = Cow::Borrowed(&component[offset..offset + wasm.len()]);
            FlatModule { wasm, offset: Some(offset as u64) }
        }
        false => FlatModule { wasm: Cow::Owned(wasm.to_vec()), offset: None },
    };
    Ok(Flat {
        modules: modules.values().map(|translated| module(translated.wasm)).collect(),
        component: Converter::new(&types, tables).component(&translation)?,
    })
}

/// The same features by their bits over there, and what components have. Garbage
/// collection is off but for the types of references, asynchronous functions and
/// values are off.
fn their_features(ours: Features) -> WasmFeatures {
    let always = WasmFeatures::COMPONENT_MODEL
        | WasmFeatures::CM_FIXED_LENGTH_LISTS
        | WasmFeatures::CM_MAP
        | WasmFeatures::CM_IMPLEMENTS
        | WasmFeatures::GC_TYPES
        | WasmFeatures::FLOATS
        | WasmFeatures::CALL_INDIRECT_OVERLONG
        | WasmFeatures::BULK_MEMORY_OPT;
    ours.names().fold(always, |features, name| features | their_feature(name))
}

fn their_feature(name: &str) -> WasmFeatures {
    match name {
        "bulk-memory" => WasmFeatures::BULK_MEMORY,
        "custom-page-sizes" => WasmFeatures::CUSTOM_PAGE_SIZES,
        "exceptions" => WasmFeatures::EXCEPTIONS,
        "extended-const" => WasmFeatures::EXTENDED_CONST,
        "function-references" => WasmFeatures::FUNCTION_REFERENCES,
        "memory64" => WasmFeatures::MEMORY64,
        "multi-memory" => WasmFeatures::MULTI_MEMORY,
        "multi-value" => WasmFeatures::MULTI_VALUE,
        "mutable-global" => WasmFeatures::MUTABLE_GLOBAL,
        "reference-types" => WasmFeatures::REFERENCE_TYPES,
        "relaxed-simd" => WasmFeatures::RELAXED_SIMD,
        "saturating-float-to-int" => WasmFeatures::SATURATING_FLOAT_TO_INT,
        "sign-extension" => WasmFeatures::SIGN_EXTENSION,
        "simd" => WasmFeatures::SIMD,
        "tail-call" => WasmFeatures::TAIL_CALL,
        "threads" => WasmFeatures::THREADS,
        "wide-arithmetic" => WasmFeatures::WIDE_ARITHMETIC,
        _ => WasmFeatures::empty(),
    }
}

/// Their error as one of ours.
fn refused(error: &wasmtime_environ::error::Error) -> Error {
    let Some(cause) = error.downcast_ref::<BinaryReaderError>() else {
        return Error::unsupported(None, format!("this component: {error:#}"));
    };
    let (offset, message) = (cause.offset() as u64, cause.message());
    let asynchronous = ["async", "error-context", "threading"];
    if asynchronous.iter().any(|feature| message.contains(&format!("component model {feature}"))) {
        return Error::unsupported(offset, format!("asynchronous components: {message}"));
    }
    let at = Location { offset: Some(offset), ..Location::default() };
    Error::Invalid { at, message: message.to_owned() }
}
