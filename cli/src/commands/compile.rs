//! `precast compile`.
//!
//! | rank | modules |
//! |-|-|
//! | what is asked for, and said | [`messages`], [`mod@command`], [`names`], [`machine`] |
//! | compiling | [`compiling`], [`executable`], [`mod@unit`] |
//! | whole commands | [`asked`], [`one`], [`many`] |

// The table is for who works on this module, and links to what is inside.
#![allow(rustdoc::private_intra_doc_links)]

mod asked;
mod command;
mod compiling;
mod executable;
mod machine;
mod many;
mod messages;
mod names;
mod one;
mod unit;

use crate::exit::Result;
pub use asked::version;
pub use command::CompileCommand;
pub use compiling::{to_bytes, to_writer};
pub use names::text_name;

impl CompileCommand {
    pub(super) fn run(mut self) -> Result {
        if let Some(given) = self.profile.read()? {
            if self.print.is_none() {
                self.messages().note(None, &given.told());
            }
            self.codegen.known_profile = Some(given.profile);
        }
        self.made()
    }

    fn made(&self) -> Result {
        match (self.print, &self.inputs[..], self.targets().len()) {
            (Some(what), ..) => asked::print(self, what),
            (None, [input], 1) if self.out_dir.is_none() => one::run(self, input),
            _ => many::run(self),
        }
    }
}
