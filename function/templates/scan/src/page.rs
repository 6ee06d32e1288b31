//! Finds a page in a photo, and makes a flat, black and white image of it.

use harness::{Photo, PhotoError};
use opencv::core::{Mat, Point, Point2f, Rect, Size, Vector, extract_channel};
use opencv::imgproc::{self, CHAIN_APPROX_SIMPLE, RETR_LIST};
use opencv::prelude::*;
use serde::Serialize;

/// A page covers at least this part of the photo.
const MIN_AREA: f64 = 0.1;
/// How far the outline of a page may be from straight, as a part of its length.
const MAX_DEVIATION: f64 = 0.02;

#[derive(Clone, Debug, Serialize)]
pub struct Page {
    /// Of the flat page, in pixels.
    pub width: i32,
    pub height: i32,
    /// In pixels of the photo, clockwise from the top left.
    #[serde(skip)]
    pub corners: [[f64; 2]; 4],
}

/// The largest quadrilateral that is brighter than what surrounds it.
pub fn find(photo: &Photo) -> Result<Option<Page>, PhotoError> {
    let image = photo.image();
    // Black around a page, even if the light is uneven.
    let bright = threshold(image, 8, 10)?;
    let mut contours = Vector::<Vector<Point>>::new();
    imgproc::find_contours_def(&bright, &mut contours, RETR_LIST, CHAIN_APPROX_SIMPLE)?;
    let inner = Rect::new(2, 2, image.cols() - 4, image.rows() - 4);
    let (mut largest, mut found) = (MIN_AREA * image.total() as f64, None);
    for contour in &contours {
        let mut outline = Vector::<Point>::new();
        let deviation = MAX_DEVIATION * imgproc::arc_length(&contour, true)?;
        imgproc::approx_poly_dp(&contour, &mut outline, deviation, true)?;
        // Negative if what is inside is bright, positive if it is black.
        let area = -imgproc::contour_area(&outline, true)?;
        let is_inside = outline.iter().all(|point| inner.contains(point));
        if outline.len() == 4 && area > largest && is_inside && imgproc::is_contour_convex(&outline)? {
            largest = area;
            found = Some(Page::new(photo, outline.to_vec()));
        }
    }
    Ok(found)
}

impl Page {
    /// `outline` has four points, counter-clockwise.
    fn new(photo: &Photo, mut outline: Vec<Point>) -> Self {
        outline.reverse();
        let top_left = (0..4).min_by_key(|&index| outline[index].x + outline[index].y);
        outline.rotate_left(top_left.unwrap_or_default());
        let in_photo = |point: Point| photo.scaling().to_photo([point.x, point.y].map(f64::from));
        let corners = [0, 1, 2, 3].map(|index| in_photo(outline[index]).map(f64::round));
        let distance = |from: usize, to: usize| {
            let ([x1, y1], [x2, y2]) = (corners[from], corners[to]);
            (x2 - x1).hypot(y2 - y1).max(1.0)
        };
        let (width, height) = (distance(0, 1).max(distance(3, 2)), distance(0, 3).max(distance(1, 2)));
        // The harness reserves memory for as many pixels as the photo has.
        let pixels = f64::from(photo.size().0) * f64::from(photo.size().1);
        let factor = (pixels / (width * height)).sqrt().min(1.0);
        let [width, height] = [width, height].map(|side| (side * factor).max(1.0) as i32);
        Self { width, height, corners }
    }
}

pub fn flatten(photo: &Mat, page: &Page) -> Result<Mat, PhotoError> {
    // Leaves out the pixels at the edges, which are partly of the background.
    const EDGE: f64 = 2.0;
    let [right, bottom] = [page.width, page.height].map(|side| f64::from(side) + EDGE);
    let to = [[-EDGE, -EDGE], [right, -EDGE], [right, bottom], [-EDGE, bottom]];
    let [from, to] = [page.corners, to]
        .map(|corners| Vector::<Point2f>::from_iter(corners.map(|[x, y]| Point2f::new(x as f32, y as f32))));
    let transform = imgproc::get_perspective_transform_def(&from, &to)?;
    let mut flat = Mat::default();
    imgproc::warp_perspective_def(photo, &mut flat, &transform, Size::new(page.width, page.height))?;
    Ok(flat)
}

pub fn black_and_white(image: &Mat) -> Result<Mat, PhotoError> {
    let mut green = Mat::default();
    extract_channel(image, &mut green, 1)?;
    threshold(&green, 40, 12)
}

/// Black where the image is darker by `contrast` than the mean of a square whose side is a `part` of the longest side.
/// `adaptive_threshold` does the same, and makes the program larger by 0.6 MB of filters that are not used.
fn threshold(grey: &Mat, part: i32, contrast: i32) -> Result<Mat, PhotoError> {
    let side = (grey.rows().max(grey.cols()) / part).max(2) | 1;
    let mut result = Mat::default();
    imgproc::blur_def(grey, &mut result, Size::new(side, side))?;
    for (mean, level) in result.data_bytes_mut()?.iter_mut().zip(grey.data_bytes()?) {
        *mean = 255 * u8::from(i32::from(*level) >= i32::from(*mean) - contrast);
    }
    Ok(result)
}
