//! What of a photo is known to say nothing: what stands under a streak that was taken out.
//!
//! In: the streaks of a picture. Out: how much of a stretch is covered. Refuses nothing: a picture without streaks
//! covers nothing.

use super::streaks::Streak;
use crate::ground::geometry::Point;
use image::GrayImage;

/// A picture to read: its pixels, and what of them says nothing.
#[derive(Debug, Clone, Copy)]
pub struct Masked<'a> {
    /// Upright pixels.
    pub pixels: &'a GrayImage,
    /// What is covered.
    pub mask: &'a Mask,
}

/// What is covered in a picture, px.
#[derive(Debug, Clone, Default)]
pub struct Mask {
    streaks: Vec<Streak>,
    size: (u32, u32),
}

impl Mask {
    /// Of a picture of a size, px, from which these streaks were taken out.
    pub fn of(streaks: Vec<Streak>, size: (u32, u32)) -> Self {
        Self { streaks, size }
    }

    /// How many streaks there are.
    pub fn streaks(&self) -> usize {
        self.streaks.len()
    }

    /// How much of the way from one point to another is covered, px.
    pub fn hides(&self, from: Point, to: Point) -> f64 {
        self.streaks.iter().map(|s| s.hides(from, to, self.size)).sum()
    }
}
