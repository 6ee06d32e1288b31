use tar::{EntryType, GnuExtSparseHeader, Header};

use crate::entries::for_each;
use crate::entries::tests::raw_entry;

/// "ab" at 3 and "c" at 9 of 12 bytes.
const CONTENT: &[u8; 12] = b"\0\0\0ab\0\0\0\0c\0\0";

fn assert_content(archive: &[u8]) {
    let mut count = 0;
    for_each("the test", archive, &mut |entry, offset, content| {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes).unwrap();
        assert_eq!((entry.path.as_str(), entry.size, offset), ("s", 12, None));
        assert_eq!(bytes, CONTENT);
        count += 1;
        Ok(())
    })
    .unwrap();
    assert_eq!(count, 1);
}

fn error(archive: &[u8]) -> String {
    let read = for_each("the test", archive, &mut |_, _, _| Ok(()));
    read.unwrap_err().to_string()
}

fn octal(field: &mut [u8; 12], value: u64) {
    field.copy_from_slice(format!("{value:011o}\0").as_bytes());
}

/// The old format of GNU tar, with `segments` in the header and `more` in a block after it.
fn old_gnu(segments: &[(u64, u64)], more: &[(u64, u64)], content: &[u8], real_size: u64) -> Vec<u8> {
    let entry = raw_entry(EntryType::GNUSparse, b"s", b"", content);
    let mut header = Header::from_byte_slice(&entry[..512]).clone();
    let gnu = header.as_gnu_mut().unwrap();
    for (field, (offset, length)) in gnu.sparse.iter_mut().zip(segments) {
        octal(&mut field.offset, *offset);
        octal(&mut field.numbytes, *length);
    }
    octal(&mut gnu.realsize, real_size);
    gnu.set_is_extended(!more.is_empty());
    header.set_cksum();
    let mut archive = header.as_bytes().to_vec();
    if !more.is_empty() {
        let mut block = GnuExtSparseHeader::new();
        for (field, (offset, length)) in block.sparse_mut().iter_mut().zip(more) {
            octal(&mut field.offset, *offset);
            octal(&mut field.numbytes, *length);
        }
        archive.extend_from_slice(block.as_bytes());
    }
    archive.extend_from_slice(&entry[512..]);
    archive
}

fn pax(records: &[&str], content: &[u8]) -> Vec<u8> {
    let record = |text: &&str| {
        let length = text.len() + 2;
        let length = length + (length + 1).to_string().len();
        format!("{length} {text}\n")
    };
    let records: Vec<_> = records.iter().map(record).collect();
    let header = raw_entry(EntryType::XHeader, b"x", b"", records.concat().as_bytes());
    let file = raw_entry(EntryType::Regular, b"GNUSparseFile.1/s", b"", content);
    [header, file].concat()
}

#[test]
fn all_formats_are_read() {
    assert_content(&old_gnu(&[(3, 2), (9, 1)], &[], b"abc", 12));
    assert_content(&old_gnu(&[(3, 2)], &[(9, 1), (12, 0)], b"abc", 12));
    let name = "GNU.sparse.name=s";
    let segments = [
        "GNU.sparse.numblocks=2",
        "GNU.sparse.offset=3",
        "GNU.sparse.numbytes=2",
        "GNU.sparse.offset=9",
        "GNU.sparse.numbytes=1",
    ];
    let oldest = [&[name, "GNU.sparse.size=12"][..], &segments].concat();
    assert_content(&pax(&oldest, b"abc"));
    assert_content(&pax(&[name, "GNU.sparse.size=12", "GNU.sparse.map=3,2,9,1"], b"abc"));
    let mut content = b"2\n3\n2\n9\n1\n".to_vec();
    content.resize(512, 0);
    content.extend(b"abc");
    let newest = ["GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.realsize=12"];
    assert_content(&pax(&[&[name][..], &newest].concat(), &content));
}

#[test]
fn invalid_maps_are_rejected() {
    let newest = |map: &str| {
        let mut content = map.as_bytes().to_vec();
        content.resize(512, 0);
        pax(&["GNU.sparse.major=1", "GNU.sparse.realsize=12"], &content)
    };
    for (archive, reason) in [
        (old_gnu(&[(3, 2), (4, 1)], &[], b"abc", 12), "overlap"),
        (old_gnu(&[(3, 2)], &[], b"abc", 12), "do not fit"),
        (old_gnu(&[(3, 3)], &[], b"abc", 5), "do not fit"),
        (pax(&["GNU.sparse.map=3,2,9"], b"abc"), "incomplete"),
        (newest("x\n"), "other than numbers"),
        (newest("\n"), "empty line"),
        (newest("99999999\n"), "too many segments"),
        (newest("99999999999999999999999\n"), "too large"),
        (newest("1\n"), "other than numbers"),
        (pax(&["GNU.sparse.major=1"], b"1\n"), "map is truncated"),
    ] {
        let error = error(&archive);
        assert!(error.contains(reason), "{reason}: {error}");
    }
}

#[test]
fn holes_are_limited_together() {
    let large = old_gnu(&[(0, 3)], &[], b"abc", (1 << 33) - 1);
    for_each("the test", large.as_slice(), &mut |_, _, _| Ok(())).unwrap();
    let error = error(&large.repeat(2));
    assert!(error.contains("sparse files have more than"), "{error}");
}
