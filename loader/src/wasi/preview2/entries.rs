//! wasi:filesystem: what is in a directory.

use super::error::{FileError, FileResult};
use super::files::{DescriptorType, FileDescriptor};
use super::function::HostCall;
use super::io::fault;
use crate::canonical::owned::{Borrow, Own};
use crate::canonical::shapes::record;
use crate::wasi::host::context::WasiCtx;
use crate::wasi::host::error::HostError;
use crate::wasi::host::listing::Listing;

/// `wasi:filesystem/types.directory-entry-stream`: what was in a directory when
/// it was asked for.
pub(crate) struct EntryStream {
    listing: Listing,
    /// How many entries have been given, or passed over.
    next: usize,
}

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
    let listing = Listing::read(ctx.table.directory(descriptor)?.fd(), &ctx.listings)?;
    Ok(EntryStream { listing, next: 0 })
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
    let EntryStream { listing, next } =
        call.ctx.resources.get_mut::<EntryStream>(it.rep).map_err(fault)?;
    for entry in listing.from(*next) {
        *next += 1;
        if matches!(entry.name, b"." | b"..") {
            continue;
        }
        let name = String::from_utf8(entry.name.to_vec());
        let kind = entry.kind.into();
        return Ok(match name {
            Ok(name) => Ok(Some(DirectoryEntry { kind, name })),
            Err(_) => Err(FileError::IllegalByteSequence),
        });
    }
    Ok(Ok(None))
}
