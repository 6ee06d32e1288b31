//! One blob of a registry: its descriptor goes in, and a file with exactly that content is in the
//! folder afterwards, under its digest. Until it is whole it has the name `.partial-DIGEST`, and
//! what a broken connection left of it is gone on with, in this run or a later one.

use std::fs::TryLockError;
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use fs_err::{self as fs, File, OpenOptions};
use layer::RunningDigest;
use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Response, StatusCode};

use super::judge::innermost;
use super::manifest::Entry;
use super::{Error, Failure, Meter, Result, Session};

/// How much a try must bring to count as progress.
const PROGRESS: u64 = 1 << 20;

const NO_SUCH_PART: StatusCode = StatusCode::RANGE_NOT_SATISFIABLE;

struct Download<'a> {
    session: &'a Session<'a>,
    entry: &'a Entry,
    what: String,
    path: PathBuf,
    file: File,
    sum: RunningDigest,
    /// Whether all of it came in this run.
    fresh: bool,
}

/// Fetches a blob into the folder `blobs`, unless it is there; whether it had to be fetched.
pub(crate) async fn fetch(
    session: &Session<'_>,
    entry: &Entry,
    blobs: &Path,
    meter: &Meter<'_>,
) -> Result<bool> {
    let name = entry.digest.hex();
    let path = blobs.join(&name);
    let is_there = || {
        let whole = is_whole(&path, entry)?;
        if whole {
            meter.blob(entry.digest, entry.size(), true);
            meter.finished(entry.size());
        }
        Ok::<_, Error>(whole)
    };
    if is_there()? {
        return Ok(false);
    }
    let partial = blobs.join(format!(".partial-{name}"));
    let mut download = Download::begin(session, entry, &partial)?;
    // Another process may have finished while the file was being opened.
    if is_there()? {
        return Ok(false);
    }
    meter.blob(entry.digest, entry.size(), false);
    session
        .patiently(async || download.attempt(meter).await)
        .await?;
    fs::rename(&partial, &path)?;
    meter.finished(entry.size());
    Ok(true)
}

/// Whether the file at `path` is the blob; one that has another content is removed.
fn is_whole(path: &Path, entry: &Entry) -> Result<bool> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    let sum = RunningDigest::of(&mut file)?;
    let whole = sum.bytes() == entry.size() && sum.digest() == entry.digest;
    if !whole {
        fs::remove_file(path)?;
    }
    Ok(whole)
}

impl<'a> Download<'a> {
    fn begin(session: &'a Session<'a>, entry: &'a Entry, path: &Path) -> Result<Self> {
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
        let sum = RunningDigest::of(&mut file)?;
        Ok(Self {
            session,
            entry,
            what: format!("blob {}", entry.digest),
            path: path.to_owned(),
            file,
            fresh: sum.bytes() == 0,
            sum,
        })
    }

    fn restart(&mut self) -> Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.sum = RunningDigest::default();
        self.fresh = true;
        Ok(())
    }

    /// Fetches what is missing, in one request.
    async fn attempt(&mut self, meter: &Meter<'_>) -> Result<(), Failure> {
        if self.sum.bytes() > self.entry.size() {
            self.restart()?;
        }
        let before = self.sum.bytes();
        meter.moved(before);
        if before < self.entry.size() {
            match self.request().await {
                Ok(response) => self.receive(response, meter).await?,
                Err(failure) if before > 0 && failure.status == Some(NO_SUCH_PART) => {
                    self.restart()?;
                    return Err(Failure::passing(self.cut_off("it refuses to go on there")));
                }
                Err(failure) => return Err(failure),
            }
        }
        let found = self.sum.digest();
        if found == self.entry.digest {
            return Ok(());
        }
        let fresh = self.fresh;
        self.restart()?;
        let remote = self.session.remote;
        let lied = remote.lied(&self.what, self.entry.digest, found);
        if fresh {
            // An empty file, and only one that has the lock is there.
            let _ = fs::remove_file(&self.path);
            return Err(lied.into());
        }
        // What an earlier run left may be what is wrong.
        Err(Failure::passing(lied))
    }

    async fn request(&self) -> Result<Response, Failure> {
        let (digest, from) = (self.entry.digest, self.sum.bytes());
        let address = self.session.remote.address(&format!("blobs/{digest}"));
        let asked = self.session.send(&self.what, |http| match from {
            0 => http.get(&address),
            _ => http.get(&address).header(RANGE, format!("bytes={from}-")),
        });
        asked.await
    }

    /// Takes in an answer, as far as it is wanted.
    async fn receive(&mut self, mut response: Response, meter: &Meter<'_>) -> Result<(), Failure> {
        if response.status() == StatusCode::PARTIAL_CONTENT {
            let range = response.headers().get(CONTENT_RANGE);
            let range = range.and_then(|value| value.to_str().ok());
            let wanted = format!("bytes {}-", self.sum.bytes());
            if range.is_some_and(|range| !range.starts_with(&wanted)) {
                let reason = "it sends another part of it";
                return Err(self.session.unusable(&self.what, reason).into());
            }
        } else if self.sum.bytes() > 0 {
            // A registry that knows no ranges begins anew, and so does the file.
            self.restart()?;
        }
        let before = self.sum.bytes();
        let missing = self.entry.size() - before;
        let announced = response.content_length();
        if let Some(length) = announced.filter(|length| *length > missing) {
            let found = before.saturating_add(length).to_string();
            return Err(self.wrong_size(found)?.into());
        }
        let place = self.file.seek(SeekFrom::Start(before));
        place.map_err(Error::from)?;
        loop {
            let chunk = response.chunk().await.map_err(|error| Failure {
                progress: self.sum.bytes() - before >= PROGRESS,
                ..Failure::passing(self.cut_off(&innermost(&error)))
            })?;
            let Some(chunk) = chunk else { break };
            if chunk.len() as u64 > self.entry.size() - self.sum.bytes() {
                return Err(self.wrong_size("more".into())?.into());
            }
            let written = self.file.write_all(&chunk);
            written.map_err(Error::from)?;
            self.sum.add(&chunk);
            meter.moved(self.sum.bytes());
        }
        if self.sum.bytes() == self.entry.size() {
            return Ok(());
        }
        // Where the end of the answer was announced, this is all that there is.
        if announced == Some(self.sum.bytes() - before) {
            let found = self.sum.bytes().to_string();
            return Err(self.wrong_size(found)?.into());
        }
        Err(Failure {
            progress: self.sum.bytes() - before >= PROGRESS,
            ..Failure::passing(self.cut_off("it ended early"))
        })
    }

    fn cut_off(&self, reason: &str) -> Error {
        let (done, total) = (self.sum.bytes(), self.entry.size());
        self.session.remote.cut_off(&self.what, done, total, reason)
    }

    /// Drops everything: a blob with another size is another blob.
    fn wrong_size(&mut self, found: String) -> Result<Error> {
        self.restart()?;
        let _ = fs::remove_file(&self.path);
        Ok(Error::Size {
            registry: self.session.remote.registry().to_owned(),
            what: self.what.clone(),
            wanted: self.entry.size(),
            found,
        })
    }
}
