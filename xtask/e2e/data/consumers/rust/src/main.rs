//! Finds faces in a photo: faces CASCADE PHOTO

use std::process::ExitCode;

use opencv::core::{CV_VERSION, Mat, Rect, Size, Vector};
use opencv::imgproc::COLOR_BGR2GRAY;
use opencv::objdetect::CascadeClassifier;
use opencv::prelude::*;
use opencv::{imgcodecs, imgproc};

fn faces(cascade: &str, photo: &str) -> opencv::Result<Vector<Rect>> {
    let mut cascade = CascadeClassifier::new(cascade)?;
    let photo = imgcodecs::imread(photo, imgcodecs::IMREAD_COLOR)?;
    let mut grey = Mat::default();
    imgproc::cvt_color_def(&photo, &mut grey, COLOR_BGR2GRAY)?;
    let mut faces = Vector::new();
    let any = Size::new(0, 0);
    cascade.detect_multi_scale(&grey, &mut faces, 1.1, 4, 0, any, any)?;
    Ok(faces)
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [cascade, photo] = arguments.as_slice() else {
        eprintln!("usage: faces CASCADE PHOTO");
        return ExitCode::from(2);
    };
    match faces(cascade, photo) {
        Ok(faces) => {
            println!("OpenCV {CV_VERSION}");
            for face in faces {
                println!("[{},{},{},{}]", face.x, face.y, face.width, face.height);
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
