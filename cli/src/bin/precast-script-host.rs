//! `precast-script-host`: the loader for `precast wast --runner`, on the
//! machine that the modules were compiled for. Takes requests from standard
//! input and answers on standard output; see
//! [`script`](precast_cli::script).

use precast_cli::exit::{self, Failure};
use precast_cli::script::serve::serve;
use std::process::ExitCode;

fn main() -> ExitCode {
    let served = serve(std::io::stdin().lock(), std::io::stdout().lock());
    exit::finish("precast-script-host", served.map_err(Failure::while_doing("serving a script")))
}
