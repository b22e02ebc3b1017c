//! `precast compile`, and the options that shape code.
//!
//! | rank | modules |
//! |-|-|
//! | what is asked for, and said | [`mod@options`], [`messages`], [`mod@command`], [`names`] |
//! | compiling | [`compiling`], [`unit`] |
//! | whole commands | [`asked`], [`one`], [`many`] |

mod asked;
mod command;
mod compiling;
mod many;
mod messages;
mod names;
mod one;
mod options;
mod unit;

use crate::exit::Result;
pub use asked::version;
pub use command::CompileCommand;
pub use compiling::{to_bytes, to_writer};
pub use names::text_name;
pub use options::{CodegenOptions, parse_remap};

impl CompileCommand {
    pub(super) fn run(&self) -> Result {
        match (self.print, &self.inputs[..], self.targets().len()) {
            (Some(what), ..) => asked::print(self, what),
            (None, [input], 1) if self.out_dir.is_none() => one::run(self, input),
            _ => many::run(self),
        }
    }
}
