//! The canonical ABI: values of components as core functions pass them
//! (<https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md>).
//!
//! Values cross between the host and a component in two ways. Where the types
//! are known when the loader is built, as those of WASI are, Rust types are
//! lifted and lowered with sizes and offsets that are constants (`typed`).
//! Elsewhere [values](value::Value) are, along the component's own types
//! (`lift`, `lower`). Between two components adapters do it, which are compiled.
//!
//! | rank | modules | hold |
//! |-|-|-|
//! | values | `value` | values whose types are known when they come |
//! | bytes | `encoding`, `transcode` | strings in memory; from one encoding to another |
//! | types | `names`, `shape`, `text`, `known` | what things are called; size, alignment, flat types; types as people read them; comparison with Rust types |
//! | handles | `handles` | resources that component instances hold |
//! | state | `state` | what a store keeps of a component |
//! | calls | `canon`, `lending` | memory, room and strings of one call; its handles |
//! | values along types | `lift`, `lower` | from a component, to it |
//! | values of Rust types | `typed`, `layout`, `scalars`, `lists`, `fixed`, `owned`, `containers`, `maps`, `shapes` | traits; places as constants; numbers; strings and lists; arrays; handles; options, results, tuples; maps; records, variants, enums, flags |
//! | functions of Rust types | `pass` | parameters and results |

pub(crate) mod canon;
pub(crate) mod containers;
pub(crate) mod encoding;
pub(crate) mod fixed;
pub(crate) mod handles;
pub(crate) mod known;
pub(crate) mod layout;
pub(crate) mod lending;
pub(crate) mod lift;
pub(crate) mod lists;
pub(crate) mod lower;
pub(crate) mod maps;
pub(crate) mod names;
pub(crate) mod owned;
pub(crate) mod pass;
pub(crate) mod scalars;
pub(crate) mod shape;
pub(crate) mod shapes;
pub(crate) mod state;
pub(crate) mod text;
pub(crate) mod transcode;
pub(crate) mod typed;
pub(crate) mod value;
