//! The manifest of a job: a line for each object, with its bucket and its encoded key.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-create-job.html#specify-batchjob-manifest>

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::listing::ListedObject;

/// What is not encoded in keys, besides letters and digits. Commas, quotes and line ends are, so that no field of the
/// manifest needs quotes.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

pub fn manifest(bucket: &str, objects: &[ListedObject]) -> String {
    let lines = objects
        .iter()
        .map(|object| format!("{bucket},{}\n", encode_key(&object.key)));
    lines.collect()
}

/// As in manifests and in notifications of S3.
pub fn encode_key(key: &str) -> String {
    utf8_percent_encode(key, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_encoded_and_need_no_quotes() {
        let keys = [
            "in/a b.jpg",
            "a+b%20.jpg",
            "\"q\",'x'.jpg",
            "line\nend\r.jpg",
            "Grüße/日本.jpg",
            "a-._~*&=?#.jpg",
        ];
        let objects = keys.map(|key| ListedObject {
            key: key.to_owned(),
            size: 1,
        });
        let text = manifest("photos", &objects);
        let expected = "photos,in/a%20b.jpg\nphotos,a%2Bb%2520.jpg\nphotos,%22q%22%2C%27x%27.jpg\n\
                        photos,line%0Aend%0D.jpg\nphotos,Gr%C3%BC%C3%9Fe/%E6%97%A5%E6%9C%AC.jpg\n\
                        photos,a-._~%2A%26%3D%3F%23.jpg\n";
        assert_eq!(text, expected);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(text.as_bytes());
        let read = reader.records().map(|record| {
            let record = record.unwrap();
            assert_eq!(&record[0], "photos");
            percent_encoding::percent_decode_str(&record[1])
                .decode_utf8()
                .unwrap()
                .into_owned()
        });
        assert_eq!(read.collect::<Vec<_>>(), keys);
    }
}
