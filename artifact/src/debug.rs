//! What is there for people alone: sections that are not mapped and may be
//! stripped, and what debuggers read of an image.
//!
//! | module | defines |
//! |-|-|
//! | [`addresses`] | where debug sections hold addresses |
//! | [`bodies`] | where functions' bodies begin in the module |
//! | [`inlined`] | functions whose bodies were inlined, for backtraces |
//! | [`lines`] | source positions for trap reports |
//! | [`locals`] | where frames keep locals, for core dumps |
//! | [`debug_file`] | an image or its debug file, made to fit where the image is mapped |

pub mod addresses;
pub mod bodies;
pub mod debug_file;
pub mod inlined;
pub mod lines;
pub mod locals;
