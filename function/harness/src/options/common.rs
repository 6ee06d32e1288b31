//! The options that every function has: which files are written, the limits of photos, storage, HTTP and metrics.

use strum::{Display, EnumString};

use super::function_options::FunctionOptions;
use super::key_pattern::KeyPattern;
use super::storage::StorageConfig;

#[derive(Clone, Debug, PartialEq)]
pub struct CommonOptions {
    pub output: OutputOptions,
    pub limits: Limits,
    pub storage: StorageConfig,
    /// Whether function URLs and APIs of API Gateway stream responses.
    pub stream_responses: bool,
    /// The origins whose pages may use the function, or `*`; `None` for its own page only.
    pub cors_origins: Option<Vec<String>>,
    /// The CloudWatch namespace; `None` disables metrics.
    pub metrics_namespace: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct OutputOptions {
    pub files: OutputFiles,
    pub key_pattern: KeyPattern,
    /// `None` for the photo's bucket.
    pub bucket: Option<String>,
    /// 1 to 100.
    pub jpeg_quality: i32,
    pub oversized_jpeg: OversizedJpeg,
    /// Whether objects that this function wrote are skipped.
    pub loop_guard: bool,
}

#[derive(Clone, Copy, Debug, Display, EnumString, PartialEq, Eq)]
#[strum(serialize_all = "snake_case")]
pub enum OutputFiles {
    /// The pictures that the function makes, such as the annotated photo.
    Annotated,
    /// The answer as JSON.
    Sidecar,
    Both,
}

/// What happens if a picture is too large for an HTTP response.
#[derive(Clone, Copy, Debug, Display, EnumString, PartialEq, Eq)]
#[strum(serialize_all = "snake_case")]
pub enum OversizedJpeg {
    /// The response is an error.
    Refuse,
    LowerQuality,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    pub max_bytes: u64,
    pub max_pixels: u64,
    /// Whether the work on a photo is limited.
    pub work_bounded: bool,
}

impl CommonOptions {
    /// The defaults for a function with the options `O`.
    ///
    /// # Panics
    /// `O::OUTPUT_KEY` is not a valid pattern.
    #[must_use]
    pub fn new<O: FunctionOptions>() -> Self {
        Self {
            output: OutputOptions {
                files: OutputFiles::Annotated,
                key_pattern: KeyPattern::parse(O::OUTPUT_KEY).expect("the function's pattern is valid"),
                bucket: None,
                // OpenCV's default.
                jpeg_quality: 95,
                oversized_jpeg: OversizedJpeg::Refuse,
                loop_guard: true,
            },
            limits: Limits {
                max_bytes: 64 << 20,
                max_pixels: 100_000_000,
                work_bounded: false,
            },
            storage: StorageConfig::new(O::ENVIRONMENT_PREFIX),
            stream_responses: false,
            cors_origins: None,
            metrics_namespace: None,
        }
    }

    /// Refuses combinations of values that are valid only individually.
    ///
    /// # Errors
    /// Why they are refused.
    pub(super) fn validate(&self) -> Result<(), String> {
        let (output, pattern) = (&self.output, &self.output.key_pattern);
        if output.bucket.is_none() && output.loop_guard && pattern.only_adds_extension() {
            return Err(format!(
                "`output_key` is `{pattern}`, so every photo with this extension would be skipped as this \
                 function's own output; add more than an extension, or set `output_bucket`"
            ));
        }
        if output.bucket.is_none() && pattern.is_identity() {
            return Err(
                "`output_key` is `{key}`, so the photo would be overwritten; add a prefix or suffix, or set \
                 `output_bucket`"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

impl OutputFiles {
    #[must_use]
    pub fn includes_pictures(self) -> bool {
        self != Self::Sidecar
    }

    #[must_use]
    pub fn includes_sidecar(self) -> bool {
        self != Self::Annotated
    }
}
