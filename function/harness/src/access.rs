//! The objects that a function uses with its options, for those who write the policy of its role: printed by
//! `bootstrap --describe-access`.

use serde::Serialize;

use crate::error::Result;
use crate::options::{EnvironmentOptions, FunctionOptions, SetBy};

/// The option that makes a function print its access as JSON instead of requesting events.
pub const DESCRIBE_OPTION: &str = "--describe-access";

/// What a function reads and writes besides the photos that events name. `{key}` in patterns is a photo's key.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessDescription {
    /// The only buckets that it uses; null for any.
    buckets: Option<Vec<String>>,
    /// The bucket in which it writes; null for the photo's.
    output_bucket: Option<String>,
    written_keys: Vec<String>,
    /// Where it moves photos in their buckets; null if it moves none.
    destination_key: Option<String>,
}

impl AccessDescription {
    /// # Errors
    /// The options are invalid.
    pub fn of_options<O: FunctionOptions>(environment: &EnvironmentOptions<O>) -> Result<Self> {
        let options = environment.resolve(O::default(), SetBy::Operator, &[])?;
        let output = options.common.output;
        let pictures = output.files.includes_pictures().then(|| output.key_pattern.to_string());
        let sidecar = output
            .files
            .includes_sidecar()
            .then(|| output.key_pattern.sidecar_pattern().to_string());
        Ok(Self {
            buckets: options.common.storage.allowed_buckets,
            output_bucket: output.bucket,
            written_keys: pictures.into_iter().chain(sidecar).collect(),
            destination_key: options.own.destination().map(ToString::to_string),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn described(variables: &[(&str, &str)]) -> Result<Value> {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let environment = EnvironmentOptions::<()>::from_variables(variables);
        Ok(json!(AccessDescription::of_options(&environment)?))
    }

    #[test]
    fn access_depends_on_the_options() {
        let default = json!({
            "buckets": null, "outputBucket": null, "writtenKeys": ["{key}_output.{extension}"], "destinationKey": null,
        });
        assert_eq!(described(&[]).unwrap(), default);
        let both = described(&[
            ("PHOTO_OUTPUT", "both"),
            ("PHOTO_OUTPUT_KEY", "out/{key}.jpg"),
            ("PHOTO_OUTPUT_BUCKET", "results"),
            ("PHOTO_BUCKETS", "photos,results"),
        ]);
        let expected = json!({
            "buckets": ["photos", "results"], "outputBucket": "results",
            "writtenKeys": ["out/{key}.jpg", "out/{key}.json"], "destinationKey": null,
        });
        assert_eq!(both.unwrap(), expected);
        assert_eq!(described(&[("PHOTO_OUTPUT", "x")]).unwrap_err().name(), "InvalidOption");
    }
}
