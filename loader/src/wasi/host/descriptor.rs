//! What a descriptor number stands for.

use crate::wasi::host::directory::Directory;
use crate::wasi::host::file::File;
use crate::wasi::host::socket::Socket;
use crate::wasi::host::stdio::{Input, Output};

/// One open descriptor.
pub(crate) enum Descriptor {
    /// Standard input.
    Input(Input),
    /// Standard output or error.
    Output(Output),
    /// Anything that was opened below a directory, except another directory.
    File(File),
    /// A preopened directory or one opened below it.
    Directory(Directory),
    /// A socket that the host passed in, or one accepted from it.
    Socket(Socket),
}
