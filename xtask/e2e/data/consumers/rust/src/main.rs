//! Finds faces with a cascade and with YuNet, in a photo or in a sample of OpenCV: faces [PHOTO]

use std::process::ExitCode;

use opencv::core::{CV_VERSION, Mat, Rect, Size, Vector, find_file_def};
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

fn print_faces(photo: Option<String>) -> opencv::Result<()> {
    // `find_file` searches the folder of the SDK.
    let cascade = find_file_def("haarcascades/haarcascade_frontalface_default.xml")?;
    let model = find_file_def("yunet/face_detection_yunet.onnx")?;
    let photo = photo.map_or_else(|| find_file_def("lena.jpg"), Ok)?;
    let photo = imgcodecs::imread(&photo, imgcodecs::IMREAD_COLOR)?;
    println!("OpenCV {CV_VERSION}");
    for face in find_with_cascade(&cascade, &photo)? {
        println!("cascade [{},{},{},{}]", face.x, face.y, face.width, face.height);
    }
    let rows = find_with_yunet(&model, &photo)?;
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
    match print_faces(std::env::args().nth(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
