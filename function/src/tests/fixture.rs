//! A function with a fake detector and a folder instead of S3.

use std::fs;
use std::path::Path;
use std::time::Duration;

use harness::deadline::Deadline;
use harness::error::Result;
use harness::handler::Handler;
use harness::machine::Machine;
use harness::options::EnvironmentOptions;
use harness::photo::{Header, PhotoError, Refusal};
use harness::picture::{PictureFile, PictureFormat};
use harness::processor::{Processed, Processor, StepTimes, Task};
use harness::request::Event;
use harness::response::Response;
use serde_json::Value;

use crate::answer::Faces;
use crate::faces::Face;
use crate::options::DetectionOptions;
use crate::{PAGE, TEXTS};

/// Finds one face. Refuses photos that are 666 pixels wide, and panics on those that are 667 pixels wide. The annotated
/// photo begins with its quality, and for a width of 668 has 70,000 bytes for each of it, for one of 669 ten times as
/// many.
pub struct FakeDetector;

impl Processor for FakeDetector {
    type Options = DetectionOptions;
    type Answer = Faces;

    const TEXTS: harness::Texts = TEXTS;
    const PAGE: &'static str = PAGE;

    fn process(
        &self,
        _: &[u8],
        header: &Header,
        task: &Task<DetectionOptions>,
    ) -> Result<Processed<Faces>, PhotoError> {
        assert_ne!(header.width, 667, "a panic for a test");
        if header.width == 666 {
            let damaged = Refusal::PhotoDamaged(header.format, "damaged for a test".to_owned());
            return Err(PhotoError::Refused(damaged));
        }
        let picture = task.pictures.map(|request| {
            let file = request.encode(request.format, |quality| {
                let size = match header.width {
                    668 => 70_000 * quality,
                    669 => 700_000 * quality,
                    _ => 1,
                };
                let mut file = vec![0; usize::try_from(size).unwrap()];
                file[0] = u8::try_from(quality).unwrap();
                Ok(file)
            });
            PictureFile {
                name: "annotated".into(),
                format: PictureFormat::JPEG,
                content: file.map(bytes::Bytes::from),
            }
        });
        let face = Face {
            rectangle: [1, 2, 3, 4],
            prediction: None,
            eyes: vec![[1, 2, 1, 1]],
        };
        Ok(Processed {
            width: header.width,
            height: header.height,
            answer: Faces { faces: vec![face] },
            pictures: picture.into_iter().collect(),
            times: StepTimes::default(),
        })
    }
}

/// The bucket `b` is a folder with some photos.
pub struct FunctionFixture {
    pub folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl FunctionFixture {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        let storage = format!("file://{}", folder.path().display());
        let fixture = Self {
            folder,
            variables: vec![("FACE_DETECT_STORAGE".to_owned(), storage)],
        };
        for key in ["one.png", "two.png", "three.png"] {
            fixture.put_object(key, &png(300));
        }
        fixture.put_object("damaged.png", &png(666));
        fixture.put_object("text.png", b"not an image");
        fixture
    }

    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn object_path(&self, key: &str) -> std::path::PathBuf {
        self.folder.path().join("b").join(key)
    }

    pub fn put_object(&self, key: &str, content: &[u8]) {
        fs::write(self.object_path(key), content).unwrap();
    }

    pub async fn invoke(&self, event: Value) -> Result<Value> {
        let response = self.respond(event).await?;
        Ok(serde_json::to_value(response).unwrap())
    }

    pub async fn respond(&self, event: Value) -> Result<Response<Faces>> {
        let environment_options = EnvironmentOptions::from_variables(self.variables.clone());
        let handler = Handler::new(FakeDetector, environment_options, Machine::default());
        let deadline = Deadline::after(Duration::from_secs(60));
        handler.handle(Event(Ok(event)), String::new(), deadline).await
    }

    pub fn written_keys(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path().join("b")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut written: Vec<_> = names.filter(|name| is_output(name)).collect();
        written.sort();
        written
    }
}

fn is_output(name: &str) -> bool {
    name.contains("_rs") || Path::new(name).extension().is_some_and(|kind| kind == "json")
}

/// A PNG file, 100 pixels high, without pixel data.
pub fn png(width: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    file.extend(width.to_be_bytes());
    file.extend(b"\0\0\0\x64\x08\x02\0\0\0\0\0\0\0\0\0\0\0IEND\xae\x42\x60\x82");
    file
}
