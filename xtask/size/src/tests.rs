//! What several tests share, and the tests of the document's schema.

pub mod sample;
mod schema;
