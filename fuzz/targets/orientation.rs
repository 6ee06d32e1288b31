//! The orientation in an EXIF block, which is the input, in each container format that supports one. The last byte
//! selects the position of the block and the data next to it.
#![no_main]

use fuzz::container::{EXIF_HEADER, MAX_BLOCK_LEN, jpeg, png, webp};
use harness::photo::Header;
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Some((choice, block)) = bytes.split_last() else {
        return Corpus::Reject;
    };
    // A block that begins with JPEG's prefix would be ambiguous.
    if block.len() > MAX_BLOCK_LEN || block.starts_with(EXIF_HEADER) {
        return Corpus::Reject;
    }
    let bit = |at: u8| choice >> at & 1 == 1;
    let files = [jpeg(block, bit(0)), png(block, bit(1)), webp(block, bit(2))];
    let headers = files.map(|file| Header::read(&file).expect("everything except the block is valid"));
    for header in &headers {
        assert_eq!((header.width, header.height), (8, 16));
        assert_eq!(header.orientation, headers[0].orientation, "{headers:?}");
    }
    Corpus::Keep
});
