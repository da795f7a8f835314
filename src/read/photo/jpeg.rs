//! JPEG to grey in one go.
//!
//! In: the bytes of a JPEG file. Out: its brightness as it is stored, and which way up. Refuses (gives `None`) JPEG that is
//! stored in other colours than brightness and two differences: that goes the way of all pictures.

use image::GrayImage;
use image::metadata::Orientation;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// A JPEG file whose header is read.
pub(super) struct Jpeg<'a> {
    decoder: JpegDecoder<ZCursor<&'a [u8]>>,
    size: (u32, u32),
    /// Which way up it is.
    pub orientation: Orientation,
}

impl<'a> Jpeg<'a> {
    /// Of a file's bytes.
    pub fn open(bytes: &'a [u8]) -> Option<Self> {
        let options = DecoderOptions::default()
            .jpeg_set_out_colorspace(ColorSpace::Luma)
            .set_strict_mode(false)
            .set_max_width(usize::MAX)
            .set_max_height(usize::MAX);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
        decoder.decode_headers().ok()?;
        let stored = decoder.input_colorspace()?;
        let (w, h) = decoder.dimensions()?;
        let size = (u32::try_from(w).ok()?, u32::try_from(h).ok()?);
        let turned = decoder.exif().and_then(|exif| Orientation::from_exif_chunk(exif));
        let orientation = turned.unwrap_or(Orientation::NoTransforms);
        matches!(stored, ColorSpace::Luma | ColorSpace::YCbCr).then_some(Self { decoder, size, orientation })
    }

    /// Width and height, pixels.
    pub fn dimensions(&self) -> (u32, u32) {
        self.size
    }

    /// Its pixels as they are stored.
    pub fn grey(mut self) -> Result<GrayImage, DecodeErrors> {
        let pixels = self.decoder.decode()?;
        let all = GrayImage::from_raw(self.size.0, self.size.1, pixels);
        all.ok_or(DecodeErrors::FormatStatic("it holds less than it says"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
    use std::io::Cursor;

    #[test]
    fn a_colour_file_gives_its_brightness_and_a_grey_one_itself() {
        let colour = RgbImage::from_fn(40, 30, |x, _| Rgb(if x < 20 { [200, 120, 40] } else { [90; 3] }));
        let grey = DynamicImage::ImageRgb8(colour.clone()).into_luma8();
        for picture in [DynamicImage::ImageRgb8(colour), DynamicImage::ImageLuma8(grey)] {
            let mut bytes = Vec::new();
            picture.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Jpeg).unwrap();
            let jpeg = Jpeg::open(&bytes).unwrap();
            assert_eq!(jpeg.dimensions(), (40, 30));
            let read = jpeg.grey().unwrap();
            // 0.3 red, 0.59 green, 0.11 blue; a grey file holds what it was given.
            let left = if picture.color().has_color() { 135 } else { picture.to_luma8().get_pixel(5, 5)[0] };
            assert!(read.get_pixel(5, 5)[0].abs_diff(left) < 3, "{}", read.get_pixel(5, 5)[0]);
            assert!(read.get_pixel(30, 5)[0].abs_diff(90) < 3);
        }
        assert!(Jpeg::open(b"not a picture").is_none());
    }
}
