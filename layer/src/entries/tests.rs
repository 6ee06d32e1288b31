use tar::EntryType;

use super::*;

/// A tar entry with an unchecked name, which the crate `tar` would refuse to write.
pub(crate) fn raw_entry(kind: EntryType, name: &[u8], link: &[u8], content: &[u8]) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(content.len() as u64);
    let gnu = header.as_gnu_mut().unwrap();
    gnu.name[..name.len()].copy_from_slice(name);
    gnu.linkname[..link.len()].copy_from_slice(link);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn entries(archive: &[u8]) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    for_each("the test", archive, &mut |entry, _, _| {
        found.push(entry.clone());
        Ok(())
    })?;
    Ok(found)
}

fn assert_rejected(archive: &[u8], reason: &str) {
    let error = entries(archive).unwrap_err().to_string();
    assert!(error.contains(reason), "{error}");
}

#[test]
fn paths_are_normalized() {
    let archive = raw_entry(EntryType::Directory, b"./", b"", b"");
    assert_eq!(entries(&archive).unwrap(), []);
    let archive = raw_entry(EntryType::Directory, b"./a//b/", b"", b"");
    assert_eq!(entries(&archive).unwrap()[0].path, "a/b");
}

#[test]
fn paths_out_of_the_root_are_rejected() {
    let file = |name: &[u8]| raw_entry(EntryType::Regular, name, b"", b"x");
    assert_rejected(&file(b"/etc/passwd"), "`/etc/passwd`: its path is absolute");
    assert_rejected(&file(b"a/../../b"), "`a/../../b`: its path has `..` in it");
    let link = |target: &[u8]| raw_entry(EntryType::Link, b"a", target, b"");
    assert_rejected(&link(b"/etc/shadow"), "its hard link is absolute");
    assert_rejected(&link(b"../b"), "its hard link has `..`");
    assert_rejected(&link(b""), "a link without a target");
    assert_rejected(&file(b""), "it has no name");
}

#[test]
fn extended_headers_apply_to_the_next_entry() {
    let long = "n".repeat(200);
    let mut archive = raw_entry(
        EntryType::GNULongName,
        b"././@LongLink",
        b"",
        format!("{long}\0").as_bytes(),
    );
    archive.extend(raw_entry(EntryType::Regular, b"short", b"", b"x"));
    let pax = b"17 path=pax/name\n";
    archive.extend(raw_entry(EntryType::XHeader, b"x", b"", pax));
    archive.extend(raw_entry(EntryType::Regular, b"short", b"", b"xy"));
    archive.extend(raw_entry(EntryType::Regular, b"plain", b"", b""));
    let found = entries(&archive).unwrap();
    let names: Vec<_> = found.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(names, [long.as_str(), "pax/name", "plain"]);
    assert_eq!(found[1].size, 2);
}

#[test]
fn oversized_extended_headers_are_rejected() {
    let huge = vec![b'n'; 5000];
    assert_rejected(
        &raw_entry(EntryType::GNULongName, b"bomb", b"", &huge),
        "`bomb`: an extended header of 5000 bytes",
    );
    let mut sparse = raw_entry(EntryType::XHeader, b"x", b"", b"22 GNU.sparse.major=1\n");
    sparse.extend(raw_entry(EntryType::Regular, b"s", b"", b""));
    assert_rejected(&sparse, "a sparse file");
    let mut sizes = raw_entry(EntryType::XHeader, b"x", b"", b"13 size=9999\n");
    sizes.extend(raw_entry(EntryType::Regular, b"s", b"", b"x"));
    assert_rejected(&sizes, "different sizes");
}

#[test]
fn truncated_archive_is_damaged() {
    let mut archive = raw_entry(EntryType::Regular, b"a", b"", &[1; 2000]);
    archive.truncate(1000);
    let mut read = 0;
    let result = for_each("the test", archive.as_slice(), &mut |_, _, content| {
        read = io::copy(content, &mut io::sink()).unwrap_or_default();
        Ok(())
    });
    assert!(result.is_err(), "{read} bytes were read");
    assert_rejected(
        &raw_entry(EntryType::XHeader, b"x", b"", b"17 path=pax/name\n"),
        "ends after",
    );
    assert_rejected(&[1; 512], "damaged");
}
