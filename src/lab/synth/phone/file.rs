//! The file that a phone keeps, and what a messenger makes of it.
//!
//! In: grey levels and what each place shows. Out: a colour JPEG with halved colour (4:2:0), or that photo
//! shrunk to 1,600 pixels and coded again at quality 70. Refuses nothing.

use super::ground::Matter;
use image::GrayImage;
use image::imageops::thumbnail;
use jpeg_encoder::{Encoder, ImageBuffer, JpegColorType, SamplingFactor};

/// The long side of a photo that a messenger passes on, pixels, and its JPEG quality.
const MESSENGER: (u32, u8) = (1600, 70);

/// A developed photo: brightness, and colour at half the resolution.
pub struct Frame {
    /// Y.
    pub grey: GrayImage,
    /// Cb and Cr, one a square of two by two pixels.
    pub colour: [GrayImage; 2],
}

/// What each square of two by two pixels shows.
pub struct Matters {
    width: usize,
    of: Vec<Matter>,
}

impl Matters {
    /// All of one kind.
    pub fn new(size: (usize, usize), matter: Matter) -> Self {
        let width = size.0.div_ceil(2);
        Self { width, of: vec![matter; width * size.1.div_ceil(2)] }
    }

    /// Sets what the pixels `from..to` of a row show.
    pub fn set(&mut self, y: usize, from: usize, to: usize, matter: Matter) {
        let row = y / 2 * self.width;
        self.of[row + from / 2..(row + to.div_ceil(2)).min(row + self.width)].fill(matter);
    }
}

impl Frame {
    /// Coloured by what is seen, under light of that colour (Cb and Cr as shares of brightness).
    pub fn new(grey: GrayImage, matters: &Matters, light: (f32, f32)) -> Self {
        let (width, height) = (matters.width as u32, (matters.of.len() / matters.width) as u32);
        let mut colour = [GrayImage::new(width, height), GrayImage::new(width, height)];
        let last = (grey.width() - 1, grey.height() - 1);
        for (i, matter) in matters.of.iter().enumerate() {
            let (x, y) = (i as u32 % width * 2, i as u32 / width * 2);
            let bright = f32::from(grey.get_pixel(x.min(last.0), y.min(last.1))[0]);
            let own = matter.colour();
            for (plane, share) in colour.iter_mut().zip([own.0 + light.0, own.1 + light.1]) {
                plane.as_flat_samples_mut().samples[i] = (128.0 + bright * share + 0.5) as u8;
            }
        }
        Self { grey, colour }
    }

    /// Adds differences of red and blue from green, shares of white.
    pub fn tint(&mut self, [red, blue]: &[Vec<f32>; 2]) {
        // Of light that was not yet brightened for the eye, and JPEG's weights of a difference.
        let add = |plane: &mut GrayImage, difference: &[f32], weight: f32| {
            for (v, d) in plane.iter_mut().zip(difference) {
                *v = (f32::from(*v) + 160.0 * weight * d + 0.5).clamp(0.0, 255.0) as u8;
            }
        };
        add(&mut self.colour[0], blue, 0.56);
        add(&mut self.colour[1], red, 0.71);
    }

    /// As a messenger shrinks it, each pixel the mean of those it covers; also the share that is left.
    pub fn shrunk(&self) -> (Self, f64) {
        let (w, h) = self.grey.dimensions();
        let by = f64::from(MESSENGER.0) / f64::from(w.max(h));
        let side = |n: u32| (f64::from(n) * by).round() as u32;
        let (w, h) = (side(w), side(h));
        let colour = [0, 1].map(|i| thumbnail(&self.colour[i], w.div_ceil(2), h.div_ceil(2)));
        (Self { grey: thumbnail(&self.grey, w, h), colour }, by)
    }

    /// The bytes of a JPEG file of this quality.
    pub fn jpeg(&self, quality: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, quality);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        encoder.encode_image(self).expect("a frame of fewer than 65,536 pixels a side is coded into memory");
        bytes
    }

    /// The bytes of the file that a messenger passes on, and the share of the size that is left.
    pub fn messaged(&self) -> (Vec<u8>, f64) {
        let (small, by) = self.shrunk();
        (small.jpeg(MESSENGER.1), by)
    }
}

impl ImageBuffer for &Frame {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        self.grey.width() as u16
    }

    fn height(&self) -> u16 {
        self.grey.height() as u16
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let width = self.grey.width() as usize;
        buffers[0].extend_from_slice(&self.grey.as_raw()[usize::from(y) * width..][..width]);
        for (to, plane) in buffers[1..].iter_mut().zip(&self.colour) {
            let half = plane.width() as usize;
            let row = &plane.as_raw()[usize::from(y) / 2 * half..][..half];
            to.extend((0..width).map(|x| row[x / 2]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ground::Material;
    use super::*;

    #[test]
    fn a_frame_comes_back_from_its_file_with_its_colour_and_a_messenger_shrinks_it() {
        let grey = GrayImage::from_fn(2000, 1000, |x, _| image::Luma([if x < 1000 { 60 } else { 200 }]));
        let mut matters = Matters::new((2000, 1000), Matter::Ground(Material::Wood));
        (0..1000).for_each(|y| matters.set(y, 1000, 2000, Matter::Paper));
        let frame = Frame::new(grey, &matters, (0.0, 0.0));
        let seen = image::load_from_memory(&frame.jpeg(92)).unwrap().into_rgb8();
        let (wood, paper) = (seen.get_pixel(300, 500), seen.get_pixel(1600, 500));
        assert!(wood[0] > wood[2] + 10, "{wood:?}");
        assert!(paper[0].abs_diff(paper[2]) < 8 && paper[1].abs_diff(200) < 4, "{paper:?}");
        let (bytes, by) = frame.messaged();
        let small = image::load_from_memory(&bytes).unwrap();
        assert_eq!((small.width(), small.height()), (1600, 800));
        assert!((by - 0.8).abs() < 1e-9);
    }
}
