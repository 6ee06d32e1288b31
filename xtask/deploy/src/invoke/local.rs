//! The same request under the local emulator, which the program `test-local` runs.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use package::function_package::PackageArguments;
use package::program::TEST_LOCAL;
use serde::Serialize;
use serde_json::Value;

use super::request::Request;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LocalOutput {
    pub response: Value,
    /// A copy of what the function wrote to the local S3.
    pub annotated: Option<PathBuf>,
    /// From the start of the emulator to the first response.
    pub cold_ms: f64,
    pub warm_ms: f64,
}

/// # Errors
/// The request is an object in S3, or `test-local` fails.
pub fn invoke(package: &PackageArguments, request: Option<&Request>) -> Result<LocalOutput> {
    let mut options: Vec<OsString> = vec!["--json".into()];
    if let Some(name) = &package.package {
        options.extend(["--package".into(), name.into()]);
    }
    if let Some(path) = &package.manifest_path {
        options.extend(["--manifest-path".into(), path.into()]);
    }
    let mut photos = Vec::new();
    match request {
        None => {}
        Some(Request::Photo(photo)) => photos.push(photo.into()),
        Some(Request::Event(file)) => options.extend(["--event".into(), file.into()]),
        Some(Request::Object(object)) => {
            bail!("{object} is not in the local S3; download it, and name the file")
        }
    }
    let text = TEST_LOCAL.output(&options, &photos)?;
    read(&text).context("the output of `cargo xtask test-local` is not as expected")
}

fn read(text: &str) -> Result<LocalOutput> {
    let output: Value = serde_json::from_str(text)?;
    let last = output["results"].as_array().and_then(|results| results.last());
    let last = last.context("it has no results")?;
    let time = |name: &str| output[name].as_f64().with_context(|| format!("it has no `{name}`"));
    Ok(LocalOutput {
        response: last["response"].clone(),
        annotated: last["annotated"].as_str().map(PathBuf::from),
        cold_ms: time("cold_ms")?,
        warm_ms: time("warm_ms")?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_output_of_test_local_is_read() {
        let result = json!({"photo": "a.jpg", "milliseconds": 2.0, "response": {"a": 1}, "annotated": "out/a.jpg"});
        let text = json!({"engine": "none", "cold_ms": 90.5, "warm_ms": 12.0, "results": [result]}).to_string();
        let output = read(&text).unwrap();
        assert_eq!(
            (output.response, output.annotated),
            (json!({"a": 1}), Some("out/a.jpg".into()))
        );
        assert!(output.cold_ms > output.warm_ms);
        assert!(read("{}").is_err());
        let object = "s3://photos/a.jpg".parse().unwrap();
        let error = invoke(&PackageArguments::default(), Some(&object))
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains("not in the local S3"), "{error}");
    }
}
