//! Negotiates the type of a response by the header `Accept`.
//! Source: RFC 9110, 12.5.1.

use std::cmp::Reverse;

use crate::picture::PictureFormat;

/// The types of response that a request accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accept(Option<String>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseFormat {
    Json,
    Picture(PictureFormat),
    NotAcceptable,
}

/// An element of the header. Its parameters except the weight do not matter: some clients send `charset` with JSON.
struct MediaRange<'a> {
    kind: &'a str,
    subtype: &'a str,
    weight: f32,
}

impl Accept {
    /// `header` is the request's header of this name.
    pub(super) fn new(header: Option<String>) -> Self {
        Self(header)
    }

    /// JSON or one of these formats. Of equal weights the first in the header wins, and for the same element the first
    /// format. JSON without the header, or if nothing in it is valid.
    #[must_use]
    pub fn response_format(&self, formats: &[PictureFormat]) -> ResponseFormat {
        let elements = self.0.as_deref().unwrap_or_default().split(',');
        let ranges: Vec<_> = elements.filter_map(MediaRange::parse).collect();
        if ranges.is_empty() {
            return ResponseFormat::Json;
        }
        let (mut best, mut format) = match preference(&ranges, "application/json") {
            Some(json) => (Some(json), ResponseFormat::Json),
            None => (None, ResponseFormat::NotAcceptable),
        };
        for picture in formats {
            let found = preference(&ranges, picture.content_type);
            if found > best {
                (best, format) = (found, ResponseFormat::Picture(*picture));
            }
        }
        format
    }
}

impl<'a> MediaRange<'a> {
    fn parse(element: &'a str) -> Option<Self> {
        let mut parts = element.split(';').map(str::trim);
        let (kind, subtype) = match parts.next()? {
            // Java's `HttpURLConnection` sends this.
            "*" => ("*", "*"),
            range => range.split_once('/')?,
        };
        let weight = parts.find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            let value = name.trim().eq_ignore_ascii_case("q").then(|| value.trim())?;
            value.parse().ok().filter(|weight| (0.0..=1.0).contains(weight))
        });
        Some(Self {
            kind,
            subtype,
            weight: weight.unwrap_or(1.0),
        })
    }

    /// How specific the range is, if it includes the type.
    fn specificity(&self, kind: &str, subtype: &str) -> Option<u8> {
        match (self.kind, self.subtype) {
            ("*", "*") => Some(0),
            (found, "*") if found.eq_ignore_ascii_case(kind) => Some(1),
            (found, other) if found.eq_ignore_ascii_case(kind) && other.eq_ignore_ascii_case(subtype) => Some(2),
            _ => None,
        }
    }
}

/// The weight of a type by the most specific range, and the place of that, for comparisons. `None` if it is not
/// acceptable.
fn preference(ranges: &[MediaRange], media_type: &str) -> Option<(f32, Reverse<usize>)> {
    let (kind, subtype) = media_type.split_once('/')?;
    let matching = ranges.iter().enumerate().filter_map(|(place, range)| {
        let specificity = range.specificity(kind, subtype)?;
        Some((specificity, Reverse(place), range.weight))
    });
    let (_, place, weight) = matching.max_by_key(|(specificity, place, _)| (*specificity, *place))?;
    (weight > 0.0).then_some((weight, place))
}

#[cfg(test)]
mod tests {
    use super::*;

    const JPEG: ResponseFormat = ResponseFormat::Picture(PictureFormat::JPEG);
    const PNG: ResponseFormat = ResponseFormat::Picture(PictureFormat::PNG);

    fn response_format(accept: Option<&str>, formats: &[PictureFormat]) -> ResponseFormat {
        Accept::new(accept.map(str::to_owned)).response_format(formats)
    }

    #[test]
    fn function_offers_its_formats() {
        let formats = [PictureFormat::JPEG, PictureFormat::PNG];
        for (accept, expected) in [
            ("image/png", PNG),
            ("image/*", JPEG),
            ("image/png, image/jpeg", PNG),
            ("image/png;q=0.5, image/jpeg", JPEG),
            ("image/jpeg;q=0, image/*", PNG),
            ("*/*", ResponseFormat::Json),
            ("image/webp", ResponseFormat::NotAcceptable),
        ] {
            assert_eq!(response_format(Some(accept), &formats), expected, "{accept}");
        }
        assert_eq!(response_format(Some("image/*"), &[]), ResponseFormat::NotAcceptable);
    }

    #[test]
    fn accept_header_selects_the_response_format() {
        for (accept, expected) in [
            ("*/*", ResponseFormat::Json),
            ("application/json", ResponseFormat::Json),
            ("image/jpeg", JPEG),
            ("IMAGE/JPEG", JPEG),
            ("image/*", JPEG),
            ("application/json;q=0.5, image/jpeg", JPEG),
            ("image/jpeg;q=0.1, application/json", ResponseFormat::Json),
            ("image/jpeg ; Q = .2,*/*;q=.1", JPEG),
            ("application/json;charset=utf-8", ResponseFormat::Json),
            ("text/html", ResponseFormat::NotAcceptable),
            ("*/*;q=0", ResponseFormat::NotAcceptable),
            ("image/jpeg;q=0, */*", ResponseFormat::Json),
            ("image/jpeg, application/json", JPEG),
            ("application/json, image/jpeg", ResponseFormat::Json),
            ("image/jpeg, */*", JPEG),
            ("*/*, image/jpeg;q=0.5", ResponseFormat::Json),
            // Browsers, for a page and for an image.
            (
                "text/html,application/xml;q=0.9,image/webp,*/*;q=0.8",
                ResponseFormat::Json,
            ),
            ("image/avif,image/webp,image/*,*/*;q=0.8", JPEG),
            ("text/html, *; q=.2, */*; q=.2", ResponseFormat::Json),
            ("", ResponseFormat::Json),
            ("no media type", ResponseFormat::Json),
            (",image/jpeg,", JPEG),
            ("image/jpeg;q=2", JPEG),
        ] {
            assert_eq!(
                response_format(Some(accept), &[PictureFormat::JPEG]),
                expected,
                "{accept:?}"
            );
        }
        assert_eq!(response_format(None, &[PictureFormat::JPEG]), ResponseFormat::Json);
    }
}
