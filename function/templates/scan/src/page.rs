//! Finds a page in a photo, and makes a flat, black and white image of it.

use harness::{Photo, PhotoError};
use opencv::core::{Mat, Point, Point2f, Size, Vector, extract_channel};
use opencv::imgproc::{self, CHAIN_APPROX_SIMPLE, MORPH_CLOSE, MORPH_RECT, RETR_LIST};
use opencv::prelude::*;
use serde::Serialize;

/// A page covers at least this part of the photo.
const MIN_AREA: f64 = 0.1;
/// How far the outline of a page may be from straight, as a part of its length.
const MAX_DEVIATION: f64 = 0.02;
/// A pixel is black if it is darker by this much than the mean of its surroundings.
const CONTRAST: f64 = 12.0;

#[derive(Clone, Debug, Serialize)]
pub struct Page {
    /// Of the flat page, in pixels.
    pub width: i32,
    pub height: i32,
    /// In pixels of the photo, clockwise from the top left.
    #[serde(skip)]
    pub corners: [[f64; 2]; 4],
}

/// The largest convex quadrilateral.
pub fn find(photo: &Photo) -> Result<Option<Page>, PhotoError> {
    let (mut smooth, mut edges, mut closed) = (Mat::default(), Mat::default(), Mat::default());
    imgproc::gaussian_blur_def(photo.image(), &mut smooth, Size::new(5, 5), 0.0)?;
    imgproc::canny_def(&smooth, &mut edges, 50.0, 150.0)?;
    let kernel = imgproc::get_structuring_element_def(MORPH_RECT, Size::new(5, 5))?;
    imgproc::morphology_ex_def(&edges, &mut closed, MORPH_CLOSE, &kernel)?;
    let mut contours = Vector::<Vector<Point>>::new();
    imgproc::find_contours_def(&closed, &mut contours, RETR_LIST, CHAIN_APPROX_SIMPLE)?;

    let mut largest = MIN_AREA * f64::from(edges.rows()) * f64::from(edges.cols());
    let mut found = None;
    for contour in &contours {
        let mut outline = Vector::<Point>::new();
        let deviation = MAX_DEVIATION * imgproc::arc_length(&contour, true)?;
        imgproc::approx_poly_dp(&contour, &mut outline, deviation, true)?;
        let area = imgproc::contour_area_def(&outline)?;
        if outline.len() == 4 && area > largest && imgproc::is_contour_convex(&outline)? {
            largest = area;
            found = Some(outline);
        }
    }
    found.map(|outline| Page::new(photo, &outline)).transpose()
}

impl Page {
    fn new(photo: &Photo, outline: &Vector<Point>) -> Result<Self, PhotoError> {
        let mut points = outline.to_vec();
        // Positive if the points are clockwise, because the vertical axis points down.
        if imgproc::contour_area(outline, true)? < 0.0 {
            points.reverse();
        }
        let top_left = (0..4).min_by_key(|&index| points[index].x + points[index].y);
        points.rotate_left(top_left.unwrap_or_default());
        let in_photo = |point: Point| photo.scaling().to_photo([point.x, point.y].map(f64::from));
        let corners = [0, 1, 2, 3].map(|index| in_photo(points[index]).map(f64::round));
        let distance = |from: usize, to: usize| {
            let ([x1, y1], [x2, y2]) = (corners[from], corners[to]);
            (x2 - x1).hypot(y2 - y1).max(1.0)
        };
        let (width, height) = (distance(0, 1).max(distance(3, 2)), distance(0, 3).max(distance(1, 2)));
        // The harness reserves memory for as many pixels as the photo has.
        let pixels = f64::from(photo.size().0) * f64::from(photo.size().1);
        let factor = (pixels / (width * height)).sqrt().min(1.0);
        let side = |side: f64| (side * factor).max(1.0) as i32;
        let (width, height) = (side(width), side(height));
        Ok(Self { width, height, corners })
    }
}

pub fn flatten(photo: &Mat, page: &Page) -> Result<Mat, PhotoError> {
    let size = Size::new(page.width, page.height);
    let (right, bottom) = (f64::from(page.width), f64::from(page.height));
    let to = [[0.0, 0.0], [right, 0.0], [right, bottom], [0.0, bottom]];
    let [from, to] = [page.corners, to]
        .map(|corners| Vector::<Point2f>::from_iter(corners.map(|[x, y]| Point2f::new(x as f32, y as f32))));
    let transform = imgproc::get_perspective_transform_def(&from, &to)?;
    let mut flat = Mat::default();
    imgproc::warp_perspective_def(photo, &mut flat, &transform, size)?;
    Ok(flat)
}

pub fn black_and_white(image: &Mat) -> Result<Mat, PhotoError> {
    const GREEN: i32 = 1;
    let (mut grey, mut result) = (Mat::default(), Mat::default());
    extract_channel(image, &mut grey, GREEN)?;
    // Larger than a letter, and odd.
    let block = (grey.rows().max(grey.cols()) / 40).max(2) | 1;
    let (method, kind) = (imgproc::ADAPTIVE_THRESH_MEAN_C, imgproc::THRESH_BINARY);
    imgproc::adaptive_threshold(&grey, &mut result, 255.0, method, kind, block, CONTRAST)?;
    Ok(result)
}
