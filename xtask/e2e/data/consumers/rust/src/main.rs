//! Finds faces in a photo with a cascade and with YuNet: faces CASCADE MODEL PHOTO

use std::process::ExitCode;

use opencv::core::{CV_VERSION, Mat, Rect, Size, Vector};
use opencv::imgproc::COLOR_BGR2GRAY;
use opencv::objdetect::{CascadeClassifier, FaceDetectorYN};
use opencv::prelude::*;
use opencv::{imgcodecs, imgproc};

fn find_with_cascade(cascade: &str, photo: &Mat) -> opencv::Result<Vector<Rect>> {
    let mut cascade = CascadeClassifier::new(cascade)?;
    let mut grey = Mat::default();
    imgproc::cvt_color_def(photo, &mut grey, COLOR_BGR2GRAY)?;
    let mut faces = Vector::new();
    let any = Size::new(0, 0);
    cascade.detect_multi_scale(&grey, &mut faces, 1.1, 4, 0, any, any)?;
    Ok(faces)
}

/// Each row begins with left, top, width and height, and ends with the score.
fn find_with_yunet(model: &str, photo: &Mat) -> opencv::Result<Mat> {
    let mut rows = Mat::default();
    FaceDetectorYN::create_def(model, "", photo.size()?)?.detect(photo, &mut rows)?;
    Ok(rows)
}

fn print_faces(cascade: &str, model: &str, photo: &str) -> opencv::Result<()> {
    let photo = imgcodecs::imread(photo, imgcodecs::IMREAD_COLOR)?;
    println!("OpenCV {CV_VERSION}");
    for face in find_with_cascade(cascade, &photo)? {
        println!("cascade [{},{},{},{}]", face.x, face.y, face.width, face.height);
    }
    let rows = find_with_yunet(model, &photo)?;
    for row in 0..rows.rows() {
        let face = rows.at_row::<f32>(row)?;
        println!(
            "YuNet [{:.0},{:.0},{:.0},{:.0}] {:.2}",
            face[0], face[1], face[2], face[3], face[14]
        );
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [cascade, model, photo] = arguments.as_slice() else {
        eprintln!("usage: faces CASCADE MODEL PHOTO");
        return ExitCode::from(2);
    };
    match print_faces(cascade, model, photo) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
