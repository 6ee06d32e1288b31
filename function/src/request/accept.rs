//! Negotiates the type of a response by the header `Accept`.
//! Source: RFC 9110, 12.5.1.

use std::cmp::Reverse;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseFormat {
    Json,
    Jpeg,
    NotAcceptable,
}

/// An element of the header. Its parameters except the weight do not matter: some clients send `charset` with JSON.
struct MediaRange<'a> {
    kind: &'a str,
    subtype: &'a str,
    weight: f32,
}

/// Of equal weights the first in the header wins. JSON without the header, or if nothing in it is valid.
pub(super) fn response_format(accept: Option<&str>) -> ResponseFormat {
    let elements = accept.unwrap_or_default().split(',');
    let ranges: Vec<_> = elements.filter_map(MediaRange::parse).collect();
    if ranges.is_empty() {
        return ResponseFormat::Json;
    }
    let json = preference(&ranges, "application", "json");
    let jpeg = preference(&ranges, "image", "jpeg");
    match (json, jpeg) {
        (None, None) => ResponseFormat::NotAcceptable,
        _ if jpeg > json => ResponseFormat::Jpeg,
        _ => ResponseFormat::Json,
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
fn preference(ranges: &[MediaRange], kind: &str, subtype: &str) -> Option<(f32, Reverse<usize>)> {
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

    #[test]
    fn accept_header_selects_the_response_format() {
        for (accept, expected) in [
            ("*/*", ResponseFormat::Json),
            ("application/json", ResponseFormat::Json),
            ("image/jpeg", ResponseFormat::Jpeg),
            ("IMAGE/JPEG", ResponseFormat::Jpeg),
            ("image/*", ResponseFormat::Jpeg),
            ("application/json;q=0.5, image/jpeg", ResponseFormat::Jpeg),
            ("image/jpeg;q=0.1, application/json", ResponseFormat::Json),
            ("image/jpeg ; Q = .2,*/*;q=.1", ResponseFormat::Jpeg),
            ("application/json;charset=utf-8", ResponseFormat::Json),
            ("text/html", ResponseFormat::NotAcceptable),
            ("*/*;q=0", ResponseFormat::NotAcceptable),
            ("image/jpeg;q=0, */*", ResponseFormat::Json),
            ("image/jpeg, application/json", ResponseFormat::Jpeg),
            ("application/json, image/jpeg", ResponseFormat::Json),
            ("image/jpeg, */*", ResponseFormat::Jpeg),
            ("*/*, image/jpeg;q=0.5", ResponseFormat::Json),
            // Browsers, for a page and for an image.
            (
                "text/html,application/xml;q=0.9,image/webp,*/*;q=0.8",
                ResponseFormat::Json,
            ),
            ("image/avif,image/webp,image/*,*/*;q=0.8", ResponseFormat::Jpeg),
            ("text/html, *; q=.2, */*; q=.2", ResponseFormat::Json),
            ("", ResponseFormat::Json),
            ("no media type", ResponseFormat::Json),
            (",image/jpeg,", ResponseFormat::Jpeg),
            ("image/jpeg;q=2", ResponseFormat::Jpeg),
        ] {
            assert_eq!(response_format(Some(accept)), expected, "{accept:?}");
        }
        assert_eq!(response_format(None), ResponseFormat::Json);
    }
}
