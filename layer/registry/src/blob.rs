//! Downloads one blob into a file named after its digest. Until it is complete, the file is called `.partial-DIGEST`.
//! An interrupted download resumes from that file, in this run or in a later one.

use std::fs::TryLockError;
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use fs_err::{self as fs, File, OpenOptions};
use layer::RunningDigest;
use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Response, StatusCode};

use super::connection_errors::root_cause;
use super::manifest::{BlobDescriptor, with_encoding};
use super::{Error, Failure, ProgressMeter, Result, Session};

/// The bytes that an attempt must receive to reset the retry count.
const MIN_PROGRESS: u64 = 1 << 20;

const INVALID_RANGE: StatusCode = StatusCode::RANGE_NOT_SATISFIABLE;

struct Download<'a> {
    session: &'a Session<'a>,
    entry: &'a BlobDescriptor,
    what: String,
    path: PathBuf,
    file: File,
    sum: RunningDigest,
    /// Whether this run received all bytes of the file.
    from_scratch: bool,
}

/// Downloads a blob into the folder `blobs` unless it is present; returns whether it was downloaded.
pub(crate) async fn fetch(
    session: &Session<'_>,
    entry: &BlobDescriptor,
    blobs: &Path,
    meter: &ProgressMeter<'_>,
) -> Result<bool> {
    let name = entry.digest.hex();
    let path = blobs.join(&name);
    let is_present = || {
        let complete = is_complete(&path, entry)?;
        if complete {
            meter.blob_started(entry.digest, entry.size(), true);
            meter.blob_finished(entry.size());
        }
        Ok::<_, Error>(complete)
    };
    if is_present()? {
        return Ok(false);
    }
    let partial = blobs.join(format!(".partial-{name}"));
    let mut download = Download::start(session, entry, &partial)?;
    // Another process may have finished while the file was being opened.
    if is_present()? {
        return Ok(false);
    }
    meter.blob_started(entry.digest, entry.size(), false);
    session.with_retries(async || download.attempt(meter).await).await?;
    fs::rename(&partial, &path)?;
    meter.blob_finished(entry.size());
    Ok(true)
}

/// Whether the file at `path` is the blob. Removes a file with different content.
fn is_complete(path: &Path, entry: &BlobDescriptor) -> Result<bool> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    let sum = RunningDigest::from_reader(&mut file)?;
    let complete = sum.size() == entry.size() && sum.digest() == entry.digest;
    if !complete {
        fs::remove_file(path)?;
    }
    Ok(complete)
}

impl<'a> Download<'a> {
    fn start(session: &'a Session<'a>, entry: &'a BlobDescriptor, path: &Path) -> Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let path = path.display();
                return Err(Error::Other(format!(
                    "another process is writing `{path}`; wait for it to end"
                )));
            }
            Err(TryLockError::Error(error)) => return Err(Error::io("lock", path)(error)),
        }
        let sum = RunningDigest::from_reader(&mut file)?;
        Ok(Self {
            session,
            entry,
            what: format!("blob {}", entry.digest),
            path: path.to_owned(),
            file,
            from_scratch: sum.size() == 0,
            sum,
        })
    }

    fn restart(&mut self) -> Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.sum = RunningDigest::default();
        self.from_scratch = true;
        Ok(())
    }

    /// Downloads the missing bytes in one request.
    async fn attempt(&mut self, meter: &ProgressMeter<'_>) -> Result<(), Failure> {
        if self.sum.size() > self.entry.size() {
            self.restart()?;
        }
        let before = self.sum.size();
        meter.blob_progress(before);
        if before < self.entry.size() {
            match self.request().await {
                Ok(response) => self.receive(response, meter).await?,
                Err(failure) if before > 0 && failure.status == Some(INVALID_RANGE) => {
                    self.restart()?;
                    return Err(Failure::transient(self.interrupted("it rejects the range")));
                }
                Err(failure) => return Err(failure),
            }
        }
        let found = self.sum.digest();
        if found == self.entry.digest {
            return Ok(());
        }
        let from_scratch = self.from_scratch;
        self.restart()?;
        let image = self.session.image;
        let mismatch = image.digest_mismatch(&self.what, self.entry.digest, found);
        if from_scratch {
            // Safe to remove: the file is empty, and this process holds its lock.
            let _ = fs::remove_file(&self.path);
            return Err(mismatch.into());
        }
        // The wrong bytes may come from an earlier run.
        Err(Failure::transient(mismatch))
    }

    async fn request(&self) -> Result<Response, Failure> {
        let (digest, from) = (self.entry.digest, self.sum.size());
        let request = self.session.send(&self.what, |http| {
            let request = http.get(self.session.url(&format!("blobs/{digest}")));
            match from {
                0 => request,
                _ => request.header(RANGE, format!("bytes={from}-")),
            }
        });
        request.await
    }

    /// Appends the response's body to the file, at most up to the blob's size.
    async fn receive(&mut self, mut response: Response, meter: &ProgressMeter<'_>) -> Result<(), Failure> {
        self.what = with_encoding(format!("blob {}", self.entry.digest), response.headers());
        if response.status() == StatusCode::PARTIAL_CONTENT {
            let range = response.headers().get(CONTENT_RANGE);
            let range = range.and_then(|value| value.to_str().ok());
            let wanted = format!("bytes {}-", self.sum.size());
            if range.is_some_and(|range| !range.starts_with(&wanted)) {
                let reason = "it is for another range";
                return Err(self.session.invalid_response(&self.what, reason).into());
            }
        } else if self.sum.size() > 0 {
            // The registry does not support ranges and sends the whole blob.
            self.restart()?;
        }
        let before = self.sum.size();
        let missing = self.entry.size() - before;
        let announced = response.content_length();
        if let Some(length) = announced.filter(|length| *length > missing) {
            let found = before.saturating_add(length).to_string();
            return Err(self.size_mismatch(found)?.into());
        }
        let position = self.file.seek(SeekFrom::Start(before));
        position.map_err(Error::from)?;
        loop {
            let chunk = response.chunk().await.map_err(|error| Failure {
                made_progress: self.sum.size() - before >= MIN_PROGRESS,
                ..Failure::transient(self.interrupted(&root_cause(&error)))
            })?;
            let Some(chunk) = chunk else { break };
            if chunk.len() as u64 > self.entry.size() - self.sum.size() {
                return Err(self.size_mismatch("more".into())?.into());
            }
            let written = self.file.write_all(&chunk);
            written.map_err(Error::from)?;
            self.sum.update(&chunk);
            meter.blob_progress(self.sum.size());
        }
        if self.sum.size() == self.entry.size() {
            return Ok(());
        }
        // The response was complete by its Content-Length, so the blob itself is too short.
        if announced == Some(self.sum.size() - before) {
            let found = self.sum.size().to_string();
            return Err(self.size_mismatch(found)?.into());
        }
        Err(Failure {
            made_progress: self.sum.size() - before >= MIN_PROGRESS,
            ..Failure::transient(self.interrupted("it ended early"))
        })
    }

    fn interrupted(&self, reason: &str) -> Error {
        let (done, total) = (self.sum.size(), self.entry.size());
        self.session.image.interrupted(&self.what, done, total, reason)
    }

    /// Discards the file, because a blob of another size cannot be the right one.
    fn size_mismatch(&mut self, found: String) -> Result<Error> {
        self.restart()?;
        let _ = fs::remove_file(&self.path);
        Ok(Error::SizeMismatch {
            registry: self.session.image.registry().to_owned(),
            what: self.what.clone(),
            expected: self.entry.size(),
            found,
        })
    }
}
