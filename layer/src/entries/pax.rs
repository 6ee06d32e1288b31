//! The records of a pax extended header: `LENGTH KEY=VALUE\n`, where values may be binary. Source: POSIX.1-2017, pax,
//! "pax Extended Header".

/// The records in their order.
///
/// # Errors
/// A record has another length than it declares, or no `=`.
pub(super) fn records(mut bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut records = Vec::new();
    // Some writers pad the header with zeros.
    while bytes.first().is_some_and(|first| *first != 0) {
        let (record, rest) = split_record(bytes).ok_or("invalid pax header")?;
        bytes = rest;
        let equals = record.iter().position(|byte| *byte == b'=');
        let (key, value) = record.split_at(equals.ok_or("invalid pax header: a record has no `=`")?);
        records.push((String::from_utf8_lossy(key).into_owned(), value[1..].to_vec()));
    }
    Ok(records)
}

/// The first record without its length and line feed, and what follows it.
fn split_record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let blank = bytes.iter().take(20).position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(&bytes[..blank]).ok()?.parse().ok()?;
    let record = bytes.get(blank + 1..length)?;
    Some((record.strip_suffix(b"\n")?, &bytes[length..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_be_binary() {
        let text = [&b"28 SCHILY.xattr.user.a=\0\n=\xff\n"[..], b"9 path=b\n\0\0"].concat();
        let found = records(&text).unwrap();
        assert_eq!(found[0], ("SCHILY.xattr.user.a".to_owned(), b"\0\n=\xff".to_vec()));
        assert_eq!(found[1], ("path".to_owned(), b"b".to_vec()));
    }

    #[test]
    fn wrong_lengths_are_rejected() {
        for text in [
            "9 path=bc\n",
            "99 path=b\n",
            "0 \n",
            "x path=b\n",
            "path=b\n",
            "7 path\n",
            "1",
        ] {
            assert!(records(text.as_bytes()).is_err(), "{text}");
        }
    }
}
