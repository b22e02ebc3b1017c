//! wasi:filesystem: what is in a directory.

use super::error::{FileError, FileResult};
use super::files::{DescriptorType, FileDescriptor};
use super::function::HostCall;
use super::io::fault;
use crate::canonical::shapes::record;
use crate::canonical::typed::{Borrow, Own};
use crate::wasi::host::context::WasiCtx;
use crate::wasi::host::error::HostError;
use crate::wasi::host::listing::Listing;
use crate::wasi::host::metadata::FileKind;

/// `wasi:filesystem/types.directory-entry-stream`: what was in a directory when
/// it was asked for, the next last.
pub(crate) struct EntryStream(Vec<(FileKind, Vec<u8>)>);

record! {
    /// `wasi:filesystem/types.directory-entry`.
    DirectoryEntry {
        /// What kind of file it is.
        kind: DescriptorType = "type",
        /// Its name.
        name: String = "name",
    }
}

fn list(ctx: &mut WasiCtx, rep: u32) -> Result<EntryStream, HostError> {
    let descriptor = ctx.resources.get::<FileDescriptor>(rep)?.descriptor;
    let listing = Listing::read(ctx.table.directory(descriptor)?.fd())?;
    let entries = listing.from(0).filter(|entry| !matches!(entry.name, b"." | b".."));
    let mut all: Vec<_> = entries.map(|entry| (entry.kind, entry.name.to_vec())).collect();
    all.reverse();
    Ok(EntryStream(all))
}

pub(super) fn read_directory(
    call: &mut HostCall<'_>,
    (it,): (Borrow<FileDescriptor>,),
) -> FileResult<Own<EntryStream>> {
    let listed = list(call.ctx, it.rep).and_then(|entries| call.ctx.resources.insert(entries));
    Ok(listed.map(Own::new).map_err(FileError::from))
}

pub(super) fn read_directory_entry(
    call: &mut HostCall<'_>,
    (it,): (Borrow<EntryStream>,),
) -> FileResult<Option<DirectoryEntry>> {
    let entries = call.ctx.resources.get_mut::<EntryStream>(it.rep).map_err(fault)?;
    let Some((kind, name)) = entries.0.pop() else { return Ok(Ok(None)) };
    let name = String::from_utf8(name).map_err(|_| FileError::IllegalByteSequence);
    Ok(name.map(|name| Some(DirectoryEntry { kind: kind.into(), name })))
}
