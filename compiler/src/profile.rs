//! Profiles: where earlier runs of a module spent their time, by samples that
//! `perf` has taken of its artifact. Nothing in the artifact is there for them.
//!
//! A sample is an address. The artifact that ran says which function has its code
//! there, and its sites, which are calls and accesses of memory, say what that code
//! came from: so a profile counts in functions and offsets of the module, or of each of
//! a component's, and holds for whatever that is compiled to next.
//!
//! | rank | modules |
//! |-|-|
//! | profiles; the form in which they are kept | [`counts`], [`text`] |
//! | what `perf script` prints | [`perf`] |
//! | samples and the artifact that they are of | [`located`] |

mod counts;
mod located;
mod perf;
mod text;

pub use counts::Profile;
pub(crate) use counts::SampleSpan;
pub use located::SampleCounts;
pub use perf::PerfScript;
