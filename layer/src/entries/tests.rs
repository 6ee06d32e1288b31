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
    let root = raw_entry(EntryType::Directory, b"/", b"", b"");
    assert_eq!(entries(&root).unwrap(), []);
    for name in ["./a//b/", "/a/b", "//a/./b/", "a/x/../b", "/a/b/."] {
        let archive = raw_entry(EntryType::Directory, name.as_bytes(), b"", b"");
        assert_eq!(entries(&archive).unwrap()[0].path, "a/b", "{name}");
    }
    // V7 archives have no type for folders.
    let old = raw_entry(EntryType::Regular, b"a/", b"", b"");
    assert_eq!(entries(&old).unwrap()[0].kind, EntryKind::Directory);
    let link = raw_entry(EntryType::Link, b"a", b"/usr//bin/b", b"");
    let target = EntryKind::Hardlink("usr/bin/b".into());
    assert_eq!(entries(&link).unwrap()[0].kind, target);
}

#[test]
fn paths_out_of_the_root_are_rejected() {
    let file = |name: &[u8]| raw_entry(EntryType::Regular, name, b"", b"x");
    for name in ["a/../../b", "../b", "/../b", "a/b/../../.."] {
        let reason = format!("`{name}`: its path leads out of the root");
        assert_rejected(&file(name.as_bytes()), &reason);
    }
    let link = |target: &[u8]| raw_entry(EntryType::Link, b"a", target, b"");
    assert_rejected(&link(b"../b"), "its hard link leads out");
    assert_rejected(&link(b"/../b"), "its hard link leads out");
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
}

/// Changes the header of an entry.
fn with_header(mut entry: Vec<u8>, change: impl FnOnce(&mut Header)) -> Vec<u8> {
    let mut header = Header::from_byte_slice(&entry[..512]).clone();
    change(&mut header);
    entry[..512].copy_from_slice(header.as_bytes());
    entry
}

#[test]
fn pax_headers_have_sizes_and_attributes() {
    let with = |records: &[u8], entry: Vec<u8>| [raw_entry(EntryType::XHeader, b"x", b"", records), entry].concat();
    let file = raw_entry(EntryType::Regular, b"s", b"", b"x");
    // Files of more than 8 GB have their size only there.
    let unsized_file = with_header(file.clone(), |header| {
        header.set_size(0);
        header.set_cksum();
    });
    let found = entries(&[with(b"10 size=1\n", unsized_file), file.clone()].concat()).unwrap();
    assert_eq!((found[0].size, found.len()), (1, 2));
    assert_rejected(&with(b"10 size=z\n", Vec::new()), "invalid number");

    let attribute = b"38 SCHILY.xattr.security.capability=\n\n";
    let found = entries(&with(&attribute[..], file)).unwrap();
    assert_eq!(found[0].attributes, ["security.capability"]);

    // Only files have content, whatever the header says.
    let folder = with_header(raw_entry(EntryType::Directory, b"d/", b"", b""), |header| {
        header.set_size(5);
        header.set_cksum();
    });
    assert_eq!(entries(&folder).unwrap()[0].size, 0);
}

#[test]
fn padding_and_end_may_be_missing_and_checksums_signed() {
    let mut archive = raw_entry(EntryType::Regular, b"a", b"", b"xyz");
    archive.truncate(515);
    assert_eq!(entries(&archive).unwrap()[0].size, 3);
    // A byte above 127 counts as negative in the sum of some old writers.
    let signed = raw_entry(EntryType::Regular, b"caf\xe9", b"", b"");
    let mut signed = with_header(signed, |header| {
        let sum = header.cksum().unwrap() - 256;
        let text = format!("{sum:06o}\0 ");
        header.as_old_mut().cksum.copy_from_slice(text.as_bytes());
    });
    assert_eq!(entries(&signed).unwrap()[0].path, "caf\u{fffd}");
    signed[20] ^= 1;
    assert_rejected(&signed, "wrong checksum");
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
