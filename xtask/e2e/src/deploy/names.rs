//! Names in the account that MiniStack serves.

pub const FUNCTION: &str = "face-detect";
/// Of the photos.
pub const BUCKET: &str = "photos";
pub const REGION: &str = "eu-central-1";
/// MiniStack's.
pub const ACCOUNT: &str = "000000000000";
/// The access key and the secret of the account's owner.
pub const ROOT: [&str; 2] = ["test", "test"];
