//! Parameters and results of functions.

use crate::names;
use crate::place::Place;
use crate::values::Written;
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use wit_parser::{Function, FunctionKind, TypeId};

/// A function in Rust.
pub(crate) struct Signature {
    /// Names of the parameters.
    pub(crate) names: Vec<Ident>,
    /// Their types, owned.
    pub(crate) owned: Vec<TokenStream>,
    /// Their types, as they are given to what is called.
    pub(crate) borrowed: Vec<TokenStream>,
    /// The type of the result.
    pub(crate) result: Option<TokenStream>,
}

impl Place<'_> {
    /// A function's parameters and result.
    pub(crate) fn signature(&self, function: &Function) -> Result<Signature, String> {
        if function.kind.is_async() {
            return Err(format!("`{}` is asynchronous, which has no form here", function.name));
        }
        let of = |write: &dyn Fn(&wit_parser::Type) -> Written| {
            function.params.iter().map(|param| write(&param.ty)).collect::<Result<Vec<_>, _>>()
        };
        let named = |why: String| format!("`{}`: {why}", function.name);
        Ok(Signature {
            names: function.params.iter().map(|param| names::value(&param.name)).collect(),
            owned: of(&|ty| self.owned(ty)).map_err(named)?,
            borrowed: of(&|ty| self.borrowed(ty)).map_err(named)?,
            result: function.result.as_ref().map(|ty| self.owned(ty)).transpose().map_err(named)?,
        })
    }
}

impl Signature {
    /// The result as a tuple.
    pub(crate) fn results(&self) -> TokenStream {
        let result = &self.result;
        match result {
            Some(result) => quote!((#result,)),
            None => quote!(()),
        }
    }

    /// The result as a function has it.
    pub(crate) fn output(&self) -> TokenStream {
        self.result.clone().unwrap_or_else(|| quote!(()))
    }
}

/// The resource that a function is of.
pub(crate) fn resource(function: &Function) -> Option<TypeId> {
    match function.kind {
        FunctionKind::Method(id) | FunctionKind::Static(id) | FunctionKind::Constructor(id) => {
            Some(id)
        }
        _ => None,
    }
}

/// The name of a function without its resource's.
pub(crate) fn own_name(function: &Function) -> &str {
    match function.kind {
        FunctionKind::Constructor(_) => "new",
        _ => function.item_name(),
    }
}
