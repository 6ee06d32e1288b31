//! An entry of a layer, as far as images have a use for it.

/// An entry of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path below the root, without `./` and without a slash at either end.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Its permissions, twelve bits.
    pub mode: u32,
    /// The size of its content in bytes.
    pub bytes: u64,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A folder.
    Folder,
    /// A file with content.
    File,
    /// A link to a path, which need not exist.
    Symlink(String),
    /// Another name of an entry, by its path below the root.
    Hardlink(String),
    /// A device or a pipe.
    Special,
}
