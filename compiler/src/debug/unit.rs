//! A unit and its entries (DWARF 5 sections 2 and 7.5): read one after the
//! other, each written as soon as it is read.
//!
//! | module | does |
//! |-|-|
//! | [`output`] | a converted unit |
//! | [`mod@die`] | entries as they are put together |
//! | [`converter`] | the state of a conversion |
//! | [`ranges`] | the code of entries |
//! | [`copy`] | values of attributes that stay as they are |
//! | [`attributes`] | which attributes are copied, and what stands in place of the others |
//! | [`function`] | functions, and what is only inside of them |
//! | [`numbers`], [`pointers`] | types that are written otherwise |
//! | [`entry`] | one entry |
//! | [`close`] | the end of a unit |
//! | [`mod@convert`] | a unit from its header to its end |

mod attributes;
mod close;
mod convert;
mod converter;
mod copy;
mod die;
mod entry;
mod function;
mod numbers;
mod output;
mod pointers;
mod ranges;

pub(super) use convert::convert;
pub(crate) use output::UnitOutput;
