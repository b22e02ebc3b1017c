//! Exported functions: found by name once, and called with values as they are.

use crate::error::Error;
use crate::import::has_numbers_only;
use crate::store::State;
use crate::value::{Value, with_room};
use precast_loader::{Error as LoaderError, FuncType, NumbersFunc, PooledStore, RawValue};
use std::collections::HashMap;

/// The exported functions of an instance that were asked for.
#[derive(Default)]
pub(crate) struct Functions {
    found: Vec<FoundFunction>,
    by_name: HashMap<Box<str>, usize>,
}

/// One of them.
struct FoundFunction {
    ty: FuncType,
    function: NumbersFunc,
}

impl Functions {
    /// The number of an export.
    ///
    /// # Errors
    ///
    /// There is no such function, or its type has references.
    pub(crate) fn find(&mut self, store: &PooledStore<State>, name: &str) -> Result<usize, Error> {
        if let Some(number) = self.by_name.get(name) {
            return Ok(*number);
        }
        let function = store
            .instance()
            .get_func(store, name)
            .ok_or_else(|| Error::usage(format!("the module exports no function `{name}`")))?;
        let ty = function.ty(store);
        if !has_numbers_only(&ty) {
            return Err(Error::usage(format!("`{name}` has references in its type {ty}")));
        }
        let function = function.numbers(store)?;
        self.found.push(FoundFunction { ty, function });
        self.by_name.insert(name.into(), self.found.len() - 1);
        Ok(self.found.len() - 1)
    }

    /// Whether the function of this number takes and gives so many values.
    ///
    /// # Errors
    ///
    /// It does not, or there is none of this number.
    #[inline]
    pub(crate) fn check(&self, number: usize, args: usize, results: usize) -> Result<(), Error> {
        let Some(FoundFunction { ty, .. }) = self.found.get(number) else {
            let why = format!("precast_function_find has given no function the number {number}");
            return Err(Error::usage(why));
        };
        if (args, results) == (ty.params.len(), ty.results.len()) {
            return Ok(());
        }
        let name = self.by_name.iter().find(|(_, at)| **at == number).map_or("", |(name, _)| name);
        Err(Error::usage(format!(
            "`{name}` is called with {args} arguments and {results} results, its type is {ty}"
        )))
    }

    /// Calls a function that was checked; `give` gets its results, each with its place.
    ///
    /// # Errors
    ///
    /// As [`NumbersFunc::call`].
    #[inline(always)]
    pub(crate) fn call(
        &self,
        store: &mut PooledStore<State>,
        number: usize,
        args: &[Value],
        mut give: impl FnMut(usize, Value),
    ) -> Result<(), LoaderError> {
        let FoundFunction { ty, function } = &self.found[number];
        let slots = ty.params.len().max(ty.results.len());
        with_room(RawValue::default(), slots, |slots| {
            for ((slot, value), ty) in slots.iter_mut().zip(args).zip(&ty.params) {
                *slot = value.to_raw(ty);
            }
            function.call(store, slots)?;
            for (at, (slot, ty)) in slots.iter().zip(&ty.results).enumerate() {
                give(at, Value::from_raw(slot, ty));
            }
            Ok(())
        })
    }
}
