//! What bindings are written for, and how.

use proc_macro2::TokenStream;
use std::collections::HashMap;
use std::path::PathBuf;

/// What bindings are written for, and how.
#[derive(Debug)]
pub struct Options {
    /// Where the WIT is.
    pub source: WitSource,
    /// The world; none where there is one only.
    pub world: Option<String>,
    /// Rust types for resources that the host defines, by their names:
    /// `a:b/c@1.0.0/resource`, or without the version.
    pub with: HashMap<String, TokenStream>,
    /// Functions of the host may fail, which ends the call: they give a
    /// `Result` of whatever they give.
    pub trappable: bool,
    /// Functions of the host give their results later, and those of components
    /// are waited for.
    pub asynchronous: bool,
}

/// Where WIT is.
#[derive(Debug)]
pub enum WitSource {
    /// A file, or a folder with what it depends on in `deps`.
    Path(PathBuf),
    /// This text.
    Text(String),
}
