//! Keys of objects in URLs.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::{Error, Result};

/// The maximum length of a key. Source: Amazon S3 User Guide, "Naming Amazon S3 objects".
const MAX_KEY_BYTES: usize = 1024;
/// All but the characters that signatures leave as they are. Source: AWS Signature Version 4, "Create a canonical
/// request", UriEncode.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const ENCODED_EXCEPT_SLASH: &AsciiSet = &ENCODED.remove(b'/');

/// The path of a key, without a slash before it. Empty parts, `.` and `..` stay as they are: S3 does not resolve them.
pub(super) fn encode_key(key: &str) -> String {
    utf8_percent_encode(key, ENCODED_EXCEPT_SLASH).to_string()
}

/// A value in a query, or one segment of a path.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// Refuses what S3 cannot store under any name.
pub(super) fn validate_key(key: &str) -> Result<()> {
    let length = key.len();
    match length {
        0 => Err(Error::InvalidRequest("the key of the object is empty".to_owned())),
        1..=MAX_KEY_BYTES => Ok(()),
        _ => {
            let start: String = key.chars().take(40).collect();
            Err(Error::InvalidRequest(format!(
                "the key `{start}…` has {length} bytes, more than S3's limit of {MAX_KEY_BYTES}; if it is an output, \
                 set `output_key` to a shorter pattern"
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_but_unreserved_characters_are_encoded() {
        for (key, path) in [
            ("a/photo 1+2.jpg", "a/photo%201%2B2.jpg"),
            ("a//b", "a//b"),
            ("/a/", "/a/"),
            ("./../.a", "./../.a"),
            ("a%2Fb~-_", "a%252Fb~-_"),
            ("caf\u{e9}", "caf%C3%A9"),
            ("\n\t\u{0}\u{7f}", "%0A%09%00%7F"),
            ("?a=b&c#d:@'()*!", "%3Fa%3Db%26c%23d%3A%40%27%28%29%2A%21"),
        ] {
            assert_eq!(encode_key(key), path);
        }
        assert_eq!(encode("a/b"), "a%2Fb");
    }

    #[test]
    fn keys_have_1_to_1024_bytes() {
        validate_key(&"\u{30ab}".repeat(341)).unwrap();
        validate_key(&"k".repeat(1024)).unwrap();
        for key in ["", &"\u{30ab}".repeat(342)] {
            assert_eq!(validate_key(key).unwrap_err().name(), "InvalidRequest");
        }
    }
}
