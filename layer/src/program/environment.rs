//! Where a program, its interpreter and its libraries are searched.

/// What the environment and the configuration say about where things are searched. All folders are absolute.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    /// `PATH`.
    pub(crate) search_path: Vec<String>,
    /// `LD_LIBRARY_PATH`.
    pub(crate) library_path: Vec<String>,
    /// Folders that Lambda documents for `LD_LIBRARY_PATH`, for an image that does not set it.
    pub(crate) assumed_library_path: Vec<String>,
    pub(crate) working_dir: String,
}

impl Environment {
    pub(crate) fn absolute(&self, path: &str) -> String {
        match path.starts_with('/') {
            true => path.to_owned(),
            false => format!("{}/{path}", self.working_dir.trim_end_matches('/')),
        }
    }
}
