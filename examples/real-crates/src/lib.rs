//! What the measuring programs share: they are built in a workspace of their
//! own, against the fetched crates, and depend on this library.

pub mod results;
pub mod rounds;
