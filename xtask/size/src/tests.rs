//! Helpers of several tests, and the tests of the document's schema.

#[path = "../../package/src/tests/checkout.rs"]
pub mod checkout;
pub mod sample;
mod schema;
