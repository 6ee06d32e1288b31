//! Archives that are refused, and what extended headers say.

use tar::EntryType;

use super::*;

/// A tar entry whose name is taken as it is, which the crate `tar` would refuse to write.
pub(crate) fn raw(kind: EntryType, name: &[u8], link: &[u8], content: &[u8]) -> Vec<u8> {
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

fn refused(archive: &[u8], reason: &str) {
    let error = entries(archive).unwrap_err().to_string();
    assert!(error.contains(reason), "{error}");
}

#[test]
fn names_lose_what_means_nothing() {
    let archive = raw(EntryType::Directory, b"./", b"", b"");
    assert_eq!(entries(&archive).unwrap(), []);
    let archive = raw(EntryType::Directory, b"./a//b/", b"", b"");
    assert_eq!(entries(&archive).unwrap()[0].path, "a/b");
}

#[test]
fn what_leads_out_is_refused_by_name() {
    let file = |name: &[u8]| raw(EntryType::Regular, name, b"", b"x");
    refused(&file(b"/etc/passwd"), "`/etc/passwd`: its path is absolute");
    refused(&file(b"a/../../b"), "`a/../../b`: its path has `..` in it");
    let link = |target: &[u8]| raw(EntryType::Link, b"a", target, b"");
    refused(&link(b"/etc/shadow"), "its hard link is absolute");
    refused(&link(b"../b"), "its hard link has `..`");
    refused(&link(b""), "a link without a target");
    refused(&file(b""), "it has no name");
}

#[test]
fn extended_headers_name_the_entry_after_them() {
    let long = "n".repeat(200);
    let mut archive = raw(
        EntryType::GNULongName,
        b"././@LongLink",
        b"",
        format!("{long}\0").as_bytes(),
    );
    archive.extend(raw(EntryType::Regular, b"short", b"", b"x"));
    let pax = b"17 path=pax/name\n";
    archive.extend(raw(EntryType::XHeader, b"x", b"", pax));
    archive.extend(raw(EntryType::Regular, b"short", b"", b"xy"));
    archive.extend(raw(EntryType::Regular, b"plain", b"", b""));
    let found = entries(&archive).unwrap();
    let names: Vec<_> = found.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(names, [long.as_str(), "pax/name", "plain"]);
    assert_eq!(found[1].bytes, 2);
}

#[test]
fn bombs_in_extended_headers_are_refused() {
    let huge = vec![b'n'; 5000];
    refused(
        &raw(EntryType::GNULongName, b"bomb", b"", &huge),
        "`bomb`: an extended header of 5000 bytes",
    );
    let mut sparse = raw(EntryType::XHeader, b"x", b"", b"22 GNU.sparse.major=1\n");
    sparse.extend(raw(EntryType::Regular, b"s", b"", b""));
    refused(&sparse, "a sparse file");
    let mut sizes = raw(EntryType::XHeader, b"x", b"", b"13 size=9999\n");
    sizes.extend(raw(EntryType::Regular, b"s", b"", b"x"));
    refused(&sizes, "different sizes");
}

#[test]
fn an_archive_that_is_cut_off_is_damaged() {
    let mut archive = raw(EntryType::Regular, b"a", b"", &[1; 2000]);
    archive.truncate(1000);
    let mut read = 0;
    let result = for_each("the test", archive.as_slice(), &mut |_, _, content| {
        read = io::copy(content, &mut io::sink()).unwrap_or_default();
        Ok(())
    });
    assert!(result.is_err(), "{read} bytes were read");
    refused(
        &raw(EntryType::XHeader, b"x", b"", b"17 path=pax/name\n"),
        "ends after",
    );
    refused(&[1; 512], "damaged");
}
