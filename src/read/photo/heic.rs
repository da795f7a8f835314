//! HEIC pictures, as phones take them, through the system's libheif.
//!
//! In: a file's bytes. Out: the grey pixels of its primary picture, turned upright by libheif itself.
//! Refuses what libheif refuses and what is over the limit. Other pictures of the file (bursts, depth,
//! thumbnails) are not read.

use super::{Limits, PhotoError, within};
use image::GrayImage;
use libheif_rs::{Chroma, ColorSpace, HeifContext, HeifError, LibHeif, Plane};
use std::sync::LazyLock;

/// Made once: it registers libheif's codecs, and dropping it would take them from other threads.
static LIBRARY: LazyLock<LibHeif> = LazyLock::new(LibHeif::new);

/// Decodes the primary picture.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<GrayImage, PhotoError> {
    let damaged = |e: HeifError| damaged(e.to_string());
    let library = &*LIBRARY;
    let mut context = HeifContext::read_from_bytes(bytes).map_err(damaged)?;
    // The photos of a run are worked on side by side already.
    context.set_max_decoding_threads(1);
    let handle = context.primary_image_handle().map_err(damaged)?;
    within(handle.width(), handle.height(), limits)?;
    // Phones code luma and chroma apart: luma is the grey picture, and no colours are worked out.
    let mut picture = library.decode(&handle, ColorSpace::Undefined, None).map_err(damaged)?;
    if picture.planes().y.is_none() {
        picture = library.decode(&handle, ColorSpace::YCbCr(Chroma::C420), None).map_err(damaged)?;
    }
    let narrow = handle.color_profile_nclx().is_some_and(|p| p.full_range_flag() == 0);
    match picture.planes().y {
        Some(plane) => grey(&plane, narrow),
        None => Err(self::damaged("it has no brightness".to_owned())),
    }
}

fn damaged(cause: String) -> PhotoError {
    PhotoError::Damaged { format: "heic".to_owned(), cause }
}

/// A luma plane as 8-bit grey. `narrow`: black is 16 and white 235 of 255, as in films.
fn grey(plane: &Plane<&[u8]>, narrow: bool) -> Result<GrayImage, PhotoError> {
    let deep = plane.storage_bits_per_pixel > 8;
    let shift = plane.bits_per_pixel.saturating_sub(8);
    let level = |v: u32| {
        let v = v.min(255);
        let v = if narrow { (v.clamp(16, 235) - 16) * 255 / 219 } else { v };
        v as u8
    };
    let width = plane.width as usize * if deep { 2 } else { 1 };
    let mut out = Vec::with_capacity(plane.width as usize * plane.height as usize);
    for row in plane.data.chunks(plane.stride.max(1)).take(plane.height as usize) {
        let Some(row) = row.get(..width) else { break };
        if deep {
            out.extend(
                row.chunks_exact(2).map(|p| level(u32::from(u16::from_le_bytes([p[0], p[1]])) >> shift)),
            );
        } else {
            out.extend(row.iter().map(|&p| level(u32::from(p))));
        }
    }
    GrayImage::from_raw(plane.width, plane.height, out)
        .ok_or_else(|| damaged("its pixels are fewer than it says".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::finding::Code;

    fn plane(data: &[u8], bits: u8) -> Plane<&[u8]> {
        let storage = if bits > 8 { 16 } else { 8 };
        Plane { data, width: 2, height: 2, stride: 6, bits_per_pixel: bits, storage_bits_per_pixel: storage }
    }

    #[test]
    fn a_plane_is_read_row_by_row_without_its_padding() {
        let data = [1, 2, 0, 0, 0, 0, 3, 4, 0, 0, 0, 0];
        assert_eq!(grey(&plane(&data, 8), false).unwrap().into_raw(), [1, 2, 3, 4]);
    }

    #[test]
    fn ten_bits_and_the_range_of_films_become_eight_bits() {
        let data = [0xFF, 0x03, 0x00, 0x02, 9, 9, 0x00, 0x00, 0x04, 0x00, 9, 9];
        assert_eq!(grey(&plane(&data, 10), false).unwrap().into_raw(), [255, 128, 0, 1]);
        let data = [16, 235, 0, 0, 0, 0, 0, 255, 0, 0, 0, 0];
        assert_eq!(grey(&plane(&data, 8), true).unwrap().into_raw(), [0, 255, 0, 255]);
    }

    #[test]
    fn bytes_that_only_begin_like_a_picture_are_damaged() {
        let error = decode(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", &Limits::default()).unwrap_err();
        assert_eq!(error.code(), Code::DamagedPicture);
    }
}
