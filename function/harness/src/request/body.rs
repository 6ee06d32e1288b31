//! The photo in the body of an HTTP request: the body itself, or a file in a form.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::stream;
use multer::Multipart;
use serde_json::Value;

use crate::error::{Error, Result};

/// How data URLs, and JPEG, PNG and WebP files in base64, start.
const PHOTO_TEXTS: [&[u8]; 4] = [b"data:image/", b"/9j/", b"iVBORw0KGgo", b"UklGR"];

#[derive(Debug)]
pub struct Body {
    bytes: Bytes,
    /// The boundary between the parts of `multipart/form-data`.
    boundary: Option<String>,
}

impl Body {
    /// `body` and `is_encoded` are fields of the event: a text, and whether it is base64.
    pub(super) fn new(body: Value, is_encoded: bool, content_type: Option<&str>) -> Result<Self> {
        let invalid = |reason: String| Error::InvalidRequest(reason);
        let text = match body {
            Value::String(text) => text,
            Value::Null => String::new(),
            _ => return Err(invalid("`body` of the HTTP request is not a text".to_owned())),
        };
        let bytes = if is_encoded {
            let decoded = STANDARD.decode(text.as_bytes());
            decoded.map_err(|error| invalid(format!("the body is not valid base64: {error}")))?
        } else if text.contains(char::REPLACEMENT_CHARACTER) {
            let reason = "the API changed the body into text, which destroyed the photo; add `*/*` to the binary \
                          media types of the REST API";
            return Err(invalid(reason.to_owned()));
        } else {
            text.into_bytes()
        };
        Ok(Self {
            bytes: bytes.into(),
            boundary: content_type.and_then(form_boundary).transpose()?,
        })
    }

    /// The body itself, or the first file in the form.
    pub async fn photo(self) -> Result<Bytes> {
        if self.bytes.is_empty() {
            return Err(no_photo("the request body is empty"));
        }
        let Some(boundary) = self.boundary else {
            if PHOTO_TEXTS.iter().any(|start| self.bytes.starts_with(start)) {
                return Err(no_photo("the request body is the text of a photo in base64"));
            }
            return Ok(self.bytes);
        };
        let body = stream::iter([Ok::<_, std::convert::Infallible>(self.bytes)]);
        let mut form = Multipart::new(body, boundary);
        let invalid_form = |error| Error::InvalidRequest(format!("failed to parse the form: {error}"));
        while let Some(part) = form.next_field().await.map_err(invalid_form)? {
            let is_image = part.content_type().is_some_and(|kind| kind.type_() == "image");
            if part.file_name().is_some() || is_image {
                let bytes = part.bytes().await.map_err(invalid_form)?;
                if bytes.is_empty() {
                    return Err(no_photo("the form's file is empty"));
                }
                return Ok(bytes);
            }
        }
        Err(no_photo("the form has no file"))
    }
}

/// The boundary of a form; `None` for other types of content. Unlike in a media type, it need not be in quotation marks
/// if it has an equals sign or a colon, as those of some clients have.
fn form_boundary(content_type: &str) -> Option<Result<String>> {
    let (kind, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (name.trim().eq_ignore_ascii_case("boundary") && !value.is_empty()).then(|| value.to_owned())
    });
    let missing = || Error::InvalidRequest("the form's `Content-Type` has no `boundary`".to_owned());
    Some(boundary.ok_or_else(missing))
}

fn no_photo(reason: &str) -> Error {
    Error::InvalidRequest(format!("{reason}; send the bytes of a JPEG, PNG or WebP file"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    async fn photo(content_type: Option<&str>, body: &[u8]) -> Result<Bytes> {
        Body::new(STANDARD.encode(body).into(), true, content_type)?
            .photo()
            .await
    }

    #[tokio::test]
    async fn photo_is_read_from_base64_plain_or_multipart_bodies() {
        let found = photo(Some("image/png"), b"\x89PNG").await;
        assert_eq!(found.unwrap(), &b"\x89PNG"[..]);

        let plain = Body::new("text".into(), false, None).unwrap();
        assert_eq!(plain.photo().await.unwrap(), &b"text"[..]);

        let form = b"--x\r\nContent-Disposition: form-data; name=\"who\"\r\n\r\nme\r\n\
            --x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\n\
            Content-Type: image/jpeg\r\n\r\n\xff\xd8\r\n\xff\r\n--x--\r\n";
        let kind = Some("multipart/form-data; boundary=x");
        let found = photo(kind, form).await.unwrap();
        assert_eq!(found, &b"\xff\xd8\r\n\xff"[..]);

        for (kind, body) in [
            (None, &b""[..]),
            (kind, b"--x--\r\n"),
            (kind, b"no form"),
            (kind, &form[..120]),
        ] {
            let error = photo(kind, body).await.unwrap_err();
            assert_eq!(error.name(), "InvalidRequest");
        }
    }

    #[tokio::test]
    async fn boundaries_of_all_clients_are_found() {
        let boundary = "----=_Part_1:2";
        let form =
            format!("--{boundary}\r\nContent-Disposition: form-data; filename=\"a\"\r\n\r\nphoto\r\n--{boundary}--");
        for content_type in [
            "multipart/form-data; boundary=----=_Part_1:2",
            "multipart/form-data; boundary=\"----=_Part_1:2\"",
            "Multipart/Form-Data;charset=UTF-8;Boundary=----=_Part_1:2",
            "multipart/form-data; boundary=----=_Part_1:2; charset=UTF-8",
        ] {
            let found = photo(Some(content_type), form.as_bytes()).await;
            assert_eq!(found.unwrap(), &b"photo"[..], "{content_type}");
        }
        for content_type in ["multipart/form-data", "multipart/form-data; boundary=\"\""] {
            let error = photo(Some(content_type), form.as_bytes())
                .await
                .unwrap_err()
                .to_string();
            assert!(error.contains("no `boundary`"), "{error}");
        }
    }

    #[tokio::test]
    async fn text_of_a_photo_is_refused_with_its_reason() {
        for text in [
            "data:image/png;base64,iVBORw0KGgo=",
            "/9j/4AAQ",
            "iVBORw0KGgo=",
            "UklGRiQA",
        ] {
            let error = photo(Some("text/plain"), text.as_bytes())
                .await
                .unwrap_err()
                .to_string();
            assert!(error.contains("base64"), "{error}");
        }
    }

    #[test]
    fn unreadable_bodies_are_refused_with_their_reason() {
        for (body, is_encoded, expected) in [
            (json!("%%"), true, "base64"),
            (json!(1), false, "not a text"),
            (json!("\u{fffd}PNG"), false, "binary media types"),
        ] {
            let error = Body::new(body, is_encoded, None).unwrap_err();
            assert_eq!(error.name(), "InvalidRequest");
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
