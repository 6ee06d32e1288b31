//! Runs a [`PhotoFunction`]: one photo at a time with all of OpenCV's threads, or several with a thread each.

mod threads;

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use self::threads::OpenCvThreads;
use crate::error::Error;
use crate::photo::pixels::Photo;
use crate::photo::{Header, PhotoError};
use crate::photo_function::{PhotoFunction, Picture};
use crate::picture::{PictureFile, PictureFormat, PictureRequest};
use crate::processor::{Processed, Processor, StepTimes, Task};
use crate::texts::Texts;

/// How often a function is looked for while the first ones are prepared.
const PREPARE_INTERVAL: Duration = Duration::from_millis(1);

pub struct OpenCvProcessor<F> {
    /// Each processes one photo at a time.
    functions: Vec<Mutex<F>>,
    threads: Mutex<OpenCvThreads>,
}

impl<F: PhotoFunction> OpenCvProcessor<F> {
    /// OpenCV uses at most `threads` threads, by default one per processor.
    pub fn new(function: F, threads: Option<u32>) -> Self {
        Self {
            functions: vec![Mutex::new(function)],
            threads: Mutex::new(OpenCvThreads::new(threads)),
        }
    }

    /// For a photo at a time per function, each with one thread.
    pub fn with_functions(functions: Vec<F>) -> Self {
        Self {
            functions: functions.into_iter().map(Mutex::new).collect(),
            threads: Mutex::new(OpenCvThreads::new(Some(1))),
        }
    }

    /// A function that is not in use. Only [`Self::prepare`] can use more than there are turns in the queue.
    fn free_function(&self) -> MutexGuard<'_, F> {
        if let [only] = &self.functions[..] {
            return lock(only);
        }
        loop {
            for function in &self.functions {
                match function.try_lock() {
                    Ok(function) => return function,
                    Err(TryLockError::Poisoned(function)) => return function.into_inner(),
                    Err(TryLockError::WouldBlock) => {}
                }
            }
            // Any of them may be the next to be free.
            sleep(PREPARE_INTERVAL);
        }
    }
}

/// A function that panicked is used for the next photo: see [`PhotoFunction::process`].
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<F: PhotoFunction> Processor for OpenCvProcessor<F> {
    type Options = F::Options;
    type Answer = F::Answer;

    const TEXTS: Texts = F::TEXTS;
    const PICTURE_FORMATS: &'static [PictureFormat] = F::PICTURE_FORMATS;
    const PAGE: &'static str = F::PAGE;

    fn prepare(&self) {
        // A failure is repeated and reported for the first photo.
        let _ = lock(&self.threads).adjust(0);
        for function in &self.functions {
            lock(function).prepare();
        }
    }

    fn process(
        &self,
        file: &[u8],
        header: &Header,
        task: &Task<F::Options>,
    ) -> Result<Processed<F::Answer>, PhotoError> {
        let mut times = StepTimes::default();
        let mut function = self.free_function();
        // An earlier photo that could not be stopped may have delayed this one.
        task.limits.check_time()?;
        lock(&self.threads).adjust(header.pixels())?;
        let start = Instant::now();
        let (decoding, draws) = (
            crate::options::FunctionOptions::decoding(&task.options),
            task.pictures.is_some(),
        );
        let photo = Photo::decode(file, header, decoding, draws, task.limits)?;
        times.decode = start.elapsed();

        let start = Instant::now();
        let answer = function.process(&photo, &task.options)?;
        times.process = start.elapsed();

        let start = Instant::now();
        let (width, height) = photo.size();
        let mut pictures = Vec::new();
        if let Some(request) = &task.pictures {
            for picture in function.pictures(photo, &answer, &task.options)? {
                pictures.push(encode(picture, request, task)?);
            }
        }
        times.pictures = start.elapsed();
        Ok(Processed {
            width,
            height,
            answer,
            pictures,
            times,
        })
    }
}

fn encode<O>(picture: Picture, request: &PictureRequest, task: &Task<O>) -> Result<PictureFile, PhotoError> {
    let Picture { name, format, pixels } = picture;
    let format = format.unwrap_or(request.format);
    let size = opencv::prelude::MatTraitConst::size(&pixels)?;
    let side = |side: i32| u32::try_from(side).unwrap_or_default();
    let (width, height, limit) = (side(size.width), side(size.height), format.max_side);
    let content = if width.max(height) > limit {
        Err(Error::AnnotatedTooLarge { width, height, limit })
    } else {
        let file = request.encode(format, |quality| (format.encode)(&pixels, quality, task.limits))?;
        Ok(file.into())
    };
    Ok(PictureFile { name, format, content })
}

impl From<opencv::Error> for PhotoError {
    fn from(error: opencv::Error) -> Self {
        Self::OpenCv(error.to_string())
    }
}

/// Locks process-wide state, such as OpenCV's number of threads, so that only one test of it runs at a time.
#[cfg(any(test, feature = "testing"))]
pub fn lock_opencv_globals() -> std::sync::MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}
