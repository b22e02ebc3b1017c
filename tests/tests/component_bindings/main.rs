//! Bindings that `bindgen!` writes, with components that give every value back
//! by the host: what passes is lowered and lifted twice, and compared with what
//! values make of it. Resources of both sides. Functions that
//! are waited for.

mod guests;
mod maps;
mod resources;
mod types;
mod waiting;
