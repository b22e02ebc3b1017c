//! Components with Rust types.
//!
//! [`bindgen!`] writes Rust for a world of WIT. Here, a component greets whoever
//! has a name, and asks the host what to say:
//!
//! ```
//! use precast_compiler::{Options, text_to_binary};
//! use precast_embed::component::{Component, ComponentLinker, bindgen};
//! use precast_loader::Store;
//!
//! bindgen!({
//!     inline: "
//!         package example:greeter@1.0.0;
//!
//!         world greeter {
//!             record name { first: string, last: string }
//!             import greeting: func() -> string;
//!             export greet: func(name: name) -> string;
//!         }
//!     ",
//! });
//!
//! struct Host {
//!     greeting: String,
//! }
//!
//! impl GreeterImports for Host {
//!     fn greeting(&mut self) -> String {
//!         self.greeting.clone()
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/greeter.wat"));
//! # let wasm = text_to_binary(text.as_bytes())?;
//! let component = Component::new(precast_embed::compile(&wasm, &Options::default())?)?;
//! let mut linker = ComponentLinker::<Host>::new();
//! Greeter::add_to_linker(&mut linker, |host| host);
//!
//! let mut store = Store::new(Host { greeting: "Hello".to_owned() });
//! let greeter = Greeter::instantiate(&mut store, &component, &linker)?;
//! let ada = Name { first: "Ada".to_owned(), last: "Lovelace".to_owned() };
//! assert_eq!(greeter.call_greet(&mut store, &ada)?, "Hello, Ada Lovelace!");
//! # Ok(())
//! # }
//! ```
//!
//! The same by hand: types derive what they can be used for, and functions are
//! looked up with them.
//!
//! ```
//! # use precast_compiler::{Options, text_to_binary};
//! # use precast_loader::Store;
//! use precast_embed::component::{Component, ComponentLinker, ComponentType, Lower};
//!
//! #[derive(ComponentType, Lower)]
//! struct Name {
//!     first: String,
//!     last: String,
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/greeter.wat"));
//! # let wasm = text_to_binary(text.as_bytes())?;
//! # let component = Component::new(precast_embed::compile(&wasm, &Options::default())?)?;
//! let mut linker = ComponentLinker::new();
//! linker.func_wrap(&["greeting"], |_, ()| Ok(("Good day".to_owned(),)));
//! let mut store = Store::new(());
//! let instance = linker.instantiate(&mut store, &component)?;
//! let greet = instance.get_typed_func::<(Name,), (String,)>(&mut store, "greet")?;
//! let ada = Name { first: "Ada".to_owned(), last: "Lovelace".to_owned() };
//! assert_eq!(greet.call(&mut store, (ada,))?.0, "Good day, Ada Lovelace!");
//!
//! // What differs is said when a function is looked up, not when it is called.
//! let why = instance.get_typed_func::<(Name,), (u32,)>(&mut store, "greet").err().unwrap();
//! assert!(why.to_string().contains("result: `u32` in Rust, `string` in the component"));
//! # Ok(())
//! # }
//! ```
//!
//! | in a component | in Rust |
//! |-|-|
//! | `bool`, `char`, integers, floating point | `bool`, `char`, `u8` to `u64`, `i8` to `i64`, `f32`, `f64` |
//! | `string` | `String`; `&str` where it is given |
//! | `list` | `Vec`; a slice where it is given |
//! | `option`, `result`, `tuple` | `Option`, `Result`, tuples; `()` for what is absent |
//! | `record`, `variant`, `enum`, `flags` | [`ComponentType`](derive@ComponentType), [`Lift`](derive@Lift) and [`Lower`](derive@Lower), derived |
//! | `own`, `borrow` of what the host defines | [`Own`], [`Borrow`], by numbers, as a [`ResourceTable`] gives them |
//! | `own`, `borrow` of what the component defines | [`GuestOwn`], [`GuestBorrow`] |

pub use precast_component_macro::{ComponentType, Lift, Lower, bindgen};
#[doc(hidden)]
pub use precast_loader::component::derived;
pub use precast_loader::component::{
    Borrow, Component, ComponentCallFuture, ComponentFunc, ComponentInstance, ComponentInstancePre,
    ComponentItem, ComponentLinker, ComponentType, ComponentTypeList, ExportPath, GuestBorrow,
    GuestOwn, HostHandle, Later, LeftHandles, Lift, Lower, Own, Resource, ResourceTable,
    TypedComponentFunc, Value, ValueType, run_component,
};
