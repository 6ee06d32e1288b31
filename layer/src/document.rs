//! Documents of an image: JSON with one form for one value, times, descriptors, and reading with
//! a limit. Their types are those of the crate `oci-spec`.

use std::io::Read;

use oci_spec::image::{Descriptor, DescriptorBuilder, MediaType};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::digest::Digest;
use crate::{Error, Result};

/// The largest document that is read. Registries refuse larger manifests; see "Pushing manifests" in
/// <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md>.
pub(crate) const LARGEST: u64 = 4 * 1024 * 1024;

/// The content of the file `oci-layout`.
pub(crate) const VERSION: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;

/// JSON with its keys sorted: the crate's types keep some of them in hash maps, whose order
/// changes from run to run.
pub(crate) fn canonical(document: &impl Serialize) -> Result<Vec<u8>> {
    let sorted = serde_json::to_value(document).and_then(|value| serde_json::to_vec(&value));
    sorted.map_err(|error| Error::Document {
        document: "JSON",
        reason: error.to_string(),
    })
}

/// How an error of a builder becomes ours.
pub(crate) fn unbuilt(document: &'static str) -> impl Fn(oci_spec::OciSpecError) -> Error {
    move |reason| Error::Document {
        document,
        reason: reason.to_string(),
    }
}

/// A document that was read as `bytes`; `what` is what errors call it.
pub(crate) fn parse<T: DeserializeOwned>(origin: &str, what: &str, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes)
        .map_err(|error| Error::damaged(origin, format!("its {what} cannot be read: {error}")))
}

/// All bytes of a document, unless they are too many for one.
pub(crate) fn read(origin: &str, what: &str, reader: &mut dyn Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = reader.take(LARGEST + 1).read_to_end(&mut bytes);
    read.map_err(|error| Error::damaged(origin, format!("its {what} cannot be read: {error}")))?;
    if bytes.len() as u64 > LARGEST {
        let reason = format!("its {what} is larger than {LARGEST} bytes");
        return Err(Error::damaged(origin, reason));
    }
    Ok(bytes)
}

/// A descriptor without anything that is optional.
pub fn descriptor(kind: MediaType, digest: &Digest, size: u64) -> Result<Descriptor> {
    let described = DescriptorBuilder::default()
        .media_type(kind)
        .digest(digest.spec())
        .size(size)
        .build();
    described.map_err(unbuilt("descriptor"))
}

/// The digest in a descriptor.
pub(crate) fn digest_of(origin: &str, descriptor: &Descriptor) -> Result<Digest> {
    Digest::try_from(descriptor).map_err(|error| Error::damaged(origin, error))
}

/// A time in seconds since 1970 as RFC 3339 writes it, in UTC. The date is computed from days by
/// the method of <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
pub(crate) fn rfc3339(time: u64) -> String {
    let (days, seconds) = (time / 86_400, time % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day of a number of days since 1970.
pub(crate) fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_dates() {
        // Compared with `date -u -d @N +%FT%TZ`.
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_827_696), "2000-02-29T12:34:56Z");
        assert_eq!(rfc3339(1_735_689_599), "2024-12-31T23:59:59Z");
    }

    #[test]
    fn a_document_that_does_not_end_is_cut_off() {
        let error = read("a layout", "index", &mut std::io::repeat(b' ')).unwrap_err();
        assert!(error.to_string().contains("larger than"), "{error}");
    }
}
