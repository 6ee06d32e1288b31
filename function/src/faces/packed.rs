//! From a cascade as `build.rs` packs it to the JSON that OpenCV reads: inflates it and puts the numbers of
//! two columns into the places that the first one leaves for them.

use miniz_oxide::inflate::decompress_to_vec;

/// The JSON, if `packed` is what the build made.
pub fn json(packed: &[u8]) -> Option<String> {
    let columns = String::from_utf8(decompress_to_vec(packed).ok()?).ok()?;
    let mut parts = columns.split('\n');
    let skeleton = parts.next()?;
    let mut whole = parts.next()?.split(' ');
    let mut fractions = parts.next()?.split(' ');
    let mut json = String::with_capacity(columns.len());
    let mut begin = 0;
    for (at, byte) in skeleton.bytes().enumerate() {
        let number = match byte {
            b'#' => whole.next()?,
            b'~' => fractions.next()?,
            _ => continue,
        };
        json.push_str(&skeleton[begin..at]);
        json.push_str(number);
        begin = at + 1;
    }
    json.push_str(&skeleton[begin..]);
    json.push('\n');
    Some(json)
}

#[cfg(test)]
#[path = "../../build/cascade.rs"]
mod build;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cascade_becomes_json_with_the_same_numbers_in_fewer_digits() {
        let xml = "<?xml version=\"1.0\"?>\n<!--\n  by < somebody > -->\n<opencv_storage>\n\
            <cascade type_id=\"c\"><kind>\n  HAAR</kind><stages>\n\
            <_><top>24</top><values>\n 0 -1 -3.1511999666690826e-02</values></_>\n\
            <_>\n 8 -1. 1.0000000000000000e+10</_></stages></cascade>\n</opencv_storage>\n";
        assert_eq!(
            json(&build::packed(xml).unwrap()).unwrap(),
            "{\"cascade\":{\"kind\":\"HAAR\",\"stages\":[{\"top\":24,\"values\":[0,-1,-.031512]},\
             [8,-1.,1e10]]}}\n"
        );
    }

    #[test]
    fn what_is_no_cascade_is_refused() {
        for (xml, reason) in [
            ("<opencv_storage><a>1</a>", "no end"),
            ("<opencv_storage><a>1<b>2</b></a></opencv_storage>", "both"),
            ("<opencv_storage><a>\"b c\"</a></opencv_storage>", "neither"),
            ("<opencv_storage><a#>1</a#></opencv_storage>", "no name"),
            ("<html></html>", "no storage"),
        ] {
            let error = build::packed(xml).unwrap_err();
            assert!(error.contains(reason), "{xml}: {error}");
        }
        assert_eq!(json(b"no"), None);
    }
}
