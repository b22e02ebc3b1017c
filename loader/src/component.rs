//! Components: instances of them, and calls in both directions.
//!
//! ```text
//! Component ──instantiate──▶ ComponentInstance ──get_func──▶ ComponentFunc
//!   an artifact     in a Store<T>, with imports                call
//!                     from a ComponentLinker<T>
//! ```
//!
//! ```no_run
//! use precast_loader::component::{Component, ComponentLinker, Value};
//! use precast_loader::{Artifact, Store};
//!
//! # fn main() -> precast_loader::Result<()> {
//! let component = Component::new(Artifact::open_owned("greeter.cwasm")?)?;
//! let mut linker = ComponentLinker::new();
//! linker.func_new(&["host:log/log@1.0.0", "write"], |_, arguments| {
//!     println!("{arguments:?}");
//!     Ok(None)
//! });
//! let mut store = Store::new(());
//! let instance = linker.instantiate(&mut store, &component)?;
//! let name = Value::Record(vec![
//!     ("first".to_owned(), Value::String("Ada".to_owned())),
//!     ("last".to_owned(), Value::String("Lovelace".to_owned())),
//! ]);
//! let greet = instance.get_func(&store, &["greet"])?;
//! println!("{:?}", greet.call(&mut store, &[name])?);
//! # Ok(())
//! # }
//! ```
//!
//! A component is entered by one call at a time: a host function that it calls
//! cannot call it again. After a trap it cannot be entered any more, as it is in
//! a state that nobody intended; other instances of the store can.
//!
//! | rank | modules | hold |
//! |-|-|-|
//! | what is opened | `types`, `opened` | types of values; a component's artifact, its imports and exports |
//! | what is provided | `function`, `waiting`, `linker`, `unknown` | functions of the host; those that are waited for; names for them; what nobody provides |
//! | does it fit | `resolve` | what each import is satisfied with, all problems at once |
//! | what components ask of the loader | `transcoding`, `preview1`, `trampolines` | strings between memories; preview 1 without an adapter; functions that core modules import |
//! | resources | `table` | those of the host by number |
//! | making instances | `instance` | the steps of an instantiation |
//! | what comes of it | `entry`, `call`, `prepared`, `typed`, `future`, `report` | the way in; calls of exports with values; instances, made again and again; calls with Rust types, and as futures; handles that are left |
//! | WASI | `wasi` | preview 2 for components |

mod call;
mod entry;
mod function;
mod future;
mod instance;
mod linker;
mod opened;
mod prepared;
mod preview1;
mod report;
mod resolve;
mod table;
mod trampolines;
mod transcoding;
mod typed;
mod types;
mod unknown;
mod waiting;
mod wasi;

pub use crate::canonical::containers::ComponentTypeList;
pub use crate::canonical::owned::{Borrow, GuestBorrow, GuestOwn, Own};
pub use crate::canonical::typed::{ComponentType, Lift, Lower};
pub use crate::canonical::value::{Resource, Value};
pub use call::{ComponentFunc, ComponentInstance};
pub use future::ComponentCallFuture;
pub use linker::ComponentLinker;
pub use opened::{Component, ComponentItem, ExportPath};
pub use prepared::ComponentInstancePre;
pub use report::LeftHandles;
pub use table::{HostHandle, ResourceTable};
pub use typed::TypedComponentFunc;
pub use types::ValueType;
pub use waiting::Later;
pub use wasi::run_component;

/// What implementations of [`ComponentType`], [`Lift`] and [`Lower`] that are
/// derived are made of.
#[doc(hidden)]
pub mod derived {
    pub use crate::api::caller::Caller;
    pub use crate::canonical::canon::{Canon, Flat, FlatTo};
    pub use crate::canonical::known::{Check, CheckFn, Known};
    pub use crate::canonical::layout::{InCases, InOrder, Places, flags, most, number, part};
    pub use crate::canonical::typed::{ComponentType, Lift, Lower, carried};
    pub use crate::error::Result;
    pub use crate::store::access::AsStore;
    pub use precast_artifact::component::ComponentVal;
    pub use precast_artifact::trap::TrapCode;
}
