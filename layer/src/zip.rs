//! Writes a function as a reproducible zip archive with Unix modes, for Lambda's runtimes. The archive is written
//! atomically. `lint_zip` checks such archives.

use std::io::{self, BufWriter, Seek, Write};
use std::ops::RangeInclusive;
use std::path::Path;

use fs_err::File;
use serde::Serialize;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::atomic::{persist, temporary_file};
use crate::content_reader::ContentReader;
use crate::timestamp::from_unix_seconds;
use crate::tree::{Entry, FileTree};
use crate::{Digest, Error, Result, RunningDigest};

/// The times that a zip archive can represent, in seconds since 1970: from 1980 to the end of 2107.
const TIME_RANGE: RangeInclusive<u64> = 315_532_800..=4_354_819_198;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub struct Zip {
    pub digest: Digest,
    pub compressed_bytes: u64,
    /// The size of the files, without zip headers.
    pub uncompressed_bytes: u64,
}

impl Zip {
    /// Writes the files of `tree` to `path` atomically. All files get the time `time`, in seconds since 1970, clamped
    /// to the range of zip archives, from 1980 to 2107.
    pub fn write(tree: &FileTree, time: u64, path: &Path) -> Result<Self> {
        let parent = path.parent().unwrap_or(Path::new("."));
        let mut partial = temporary_file(parent)?;
        let file = BufWriter::new(partial.as_file_mut());
        let uncompressed_bytes = write_archive(file, tree, time, path)?;
        let read = Error::io("read", partial.path());
        let written = File::open(partial.path()).and_then(|mut file| RunningDigest::from_reader(&mut file));
        let written = written.map_err(read)?;
        persist(partial, path)?;
        Ok(Self {
            digest: written.digest(),
            compressed_bytes: written.size(),
            uncompressed_bytes,
        })
    }
}

/// Returns the size of the files. Errors call the archive `path`.
fn write_archive(file: impl Write + Seek, tree: &FileTree, time: u64, path: &Path) -> Result<u64> {
    let failed = |error: zip::result::ZipError| Error::io("write", path)(error.into());
    let mut archive = ZipWriter::new(file);
    let append_all = |archive: &mut ZipWriter<_>| -> Result<u64> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(9))
            .last_modified_time(dos_time(time)?);
        let mut uncompressed_bytes = 0;
        for (name, entry) in tree.entries() {
            // Folders are implied by the paths of their files.
            if let Entry::File { content, mode } = entry {
                let options = options.unix_permissions(mode.bits());
                archive.start_file(name, options).map_err(failed)?;
                let mut content = ContentReader::open(content)?;
                let copied = io::copy(&mut content, archive);
                uncompressed_bytes += content.finish_copy(copied, path)?;
            }
        }
        Ok(uncompressed_bytes)
    };
    match append_all(&mut archive) {
        Ok(uncompressed_bytes) => {
            let mut file = archive.finish().map_err(failed)?;
            file.flush().map_err(Error::io("write", path))?;
            Ok(uncompressed_bytes)
        }
        Err(error) => {
            // Its destructor would try to finish the archive and print an error.
            std::mem::forget(archive);
            Err(error)
        }
    }
}

/// The nearest time that a zip archive can represent, in steps of two seconds.
fn dos_time(time: u64) -> Result<DateTime> {
    let time = from_unix_seconds(time.clamp(*TIME_RANGE.start(), *TIME_RANGE.end()))?;
    let date = DateTime::from_date_and_time(
        u16::try_from(time.year()).unwrap_or_default(),
        time.month().into(),
        time.day(),
        time.hour(),
        time.minute(),
        time.second(),
    );
    Ok(date.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use fs_err as fs;

    use super::*;
    use crate::{Content, Mode};

    fn tree(folder: &Path) -> FileTree {
        let program = folder.join("program");
        fs::write(&program, "#!").unwrap();
        let mut tree = FileTree::new();
        tree.add("bootstrap", Content::File(program), Mode::Program).unwrap();
        tree.add("data/x", Content::bytes("test", &[7; 5000]), Mode::Data)
            .unwrap();
        tree
    }

    #[test]
    fn zip_bytes_are_reproducible_with_unix_modes() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = a.path().join("function.zip");
        let first = Zip::write(&tree(a.path()), 1_000_000_000, &path).unwrap();
        let again = b.path().join("other.zip");
        let second = Zip::write(&tree(b.path()), 1_000_000_000, &again).unwrap();
        assert_eq!(first, second);
        assert_eq!(first.uncompressed_bytes, 5002);

        let mut archive = zip::ZipArchive::new(File::open(&path).unwrap()).unwrap();
        let file = archive.by_index(0).unwrap();
        assert_eq!(file.name().unwrap(), "bootstrap");
        assert_eq!(file.unix_mode(), Some(0o100_755));
        assert_eq!(file.system(), zip::System::Unix);
        // `date -u -d @1000000000`
        assert_eq!(file.last_modified().unwrap().to_string(), "2001-09-09 01:46:40");
    }

    #[test]
    fn times_are_clamped_to_the_zip_range() {
        let shown = |time| dos_time(time).unwrap().to_string();
        assert_eq!(shown(0), "1980-01-01 00:00:00");
        assert_eq!(shown(u64::MAX), "2107-12-31 23:59:58");
    }

    #[test]
    fn unreadable_file_leaves_no_archive() {
        let folder = tempfile::tempdir().unwrap();
        let mut tree = FileTree::new();
        let content = Content::File("/nowhere/bootstrap".into());
        tree.add("bootstrap", content, Mode::Program).unwrap();
        let path = folder.path().join("function.zip");
        let error = Zip::write(&tree, 0, &path).unwrap_err();
        assert!(error.to_string().contains("`/nowhere/bootstrap`"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
