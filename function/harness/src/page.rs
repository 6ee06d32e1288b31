//! The HTML document for functions that have none of their own.

/// A page on which a photo can be dropped, and which shows the answer and the picture. Its own query has the options.
pub const DEFAULT_PAGE: &str = include_str!("page.html");
