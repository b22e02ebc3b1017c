//! Pages of the host.

/// Size of a page of the host in bytes.
pub(crate) fn page_size() -> usize {
    rustix::param::page_size()
}

/// `bytes` rounded up to whole pages of the host; `None` when that overflows.
pub(crate) fn round_to_pages(bytes: usize) -> Option<usize> {
    bytes.checked_next_multiple_of(page_size())
}
