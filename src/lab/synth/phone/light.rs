//! Light on the table: a lamp, what is scattered by walls and ceiling, and shadows of what is held above.
//!
//! In: a lamp and what stands before it (mm, the strip's middle at the origin). Out: how bright each place of
//! the table is, how bright paper that leans is, and where shadows fall. Inverse square, cosine, and
//! penumbras by the lamp's size. Refuses nothing.

use super::super::SynthRng;
use crate::ground::geometry::Point;
use rand::RngExt;
use std::f64::consts::TAU;

/// Something round and long above the table: two ends (mm) and a radius.
#[derive(Debug, Clone, Copy)]
pub struct Capsule {
    /// Its ends.
    pub ends: [[f64; 3]; 2],
    /// Its radius.
    pub radius: f64,
}

/// The light of a scene.
#[derive(Debug, Clone)]
pub struct Light {
    /// Where the lamp hangs.
    pub lamp: [f64; 3],
    /// Diameter of the lamp.
    pub size: f64,
    /// Share of the light at the strip's middle that comes from all sides.
    pub scattered: f64,
    /// What stands before the lamp.
    pub before: Vec<Capsule>,
}

impl Light {
    /// A room by day or lit well: a lamp or window 0.3 to 0.8 m wide, 1.4 to 2.4 m up and up to 1.2 m aside,
    /// half to three quarters of the light from all sides.
    pub fn room(rng: &mut SynthRng) -> Self {
        Self::lamp((0.3, 0.8), (0.5, 0.75), rng)
    }

    /// A single bulb at night: 0.06 to 0.15 m wide, a sixth to a third of the light from all sides.
    pub fn bulb(rng: &mut SynthRng) -> Self {
        Self::lamp((0.06, 0.15), (0.16, 0.33), rng)
    }

    fn lamp(size: (f64, f64), scattered: (f64, f64), rng: &mut SynthRng) -> Self {
        let (side, aside) = (rng.random_range(0.0..TAU), rng.random_range(200.0..1200.0));
        Self {
            lamp: [aside * side.cos(), aside * side.sin(), rng.random_range(1400.0..2400.0)],
            size: 1000.0 * rng.random_range(size.0..size.1),
            scattered: rng.random_range(scattered.0..scattered.1),
            before: Vec::new(),
        }
    }

    /// The shadow of a hand that holds the phone, `height` mm above the table: a forearm, a palm and three
    /// fingers between the lamp and the place `on` of the table.
    pub fn hand(&mut self, on: Point, height: f64, rng: &mut SynthRng) {
        // Points of this height whose shadow falls there lie on the way to the lamp.
        let share = height / self.lamp[2];
        let at = |x: f64, y: f64| [x + (self.lamp[0] - x) * share, y + (self.lamp[1] - y) * share, height];
        let (s, c) = rng.random_range(0.0..TAU).sin_cos();
        let place = |along: f64, aside: f64| at(on.x + along * c - aside * s, on.y + along * s + aside * c);
        let mut add = |a: (f64, f64), b: (f64, f64), radius: f64| {
            self.before.push(Capsule { ends: [place(a.0, a.1), place(b.0, b.1)], radius });
        };
        add((0.0, 0.0), (45.0, 0.0), 40.0);
        add((70.0, 0.0), (1500.0, 90.0), 36.0);
        for i in 0..3 {
            let aside = f64::from(i) * 21.0 - 21.0;
            add((-20.0, aside), (-85.0 + aside.abs() * 0.5, aside * 1.5), 9.0);
        }
    }

    /// Light at a place of the table, 1 at the strip's middle where nothing stands before the lamp.
    pub fn at(&self, p: Point) -> f64 {
        let near = self.squared(0.0, 0.0) / self.squared(p.x, p.y);
        // Inverse square times the cosine.
        let direct = near * near.sqrt() * self.unhidden(p);
        self.scattered + (1.0 - self.scattered) * direct
    }

    fn squared(&self, x: f64, y: f64) -> f64 {
        (self.lamp[0] - x).powi(2) + (self.lamp[1] - y).powi(2) + self.lamp[2].powi(2)
    }

    /// Share of the lamp that a place of the table sees.
    fn unhidden(&self, p: Point) -> f64 {
        self.before
            .iter()
            .map(|c| {
                let height = (c.ends[0][2] + c.ends[1][2]) / 2.0;
                let grow = self.lamp[2] / (self.lamp[2] - height).max(1.0);
                let [a, b] = c.ends.map(|e| self.shadow(e));
                // The penumbra of a lamp of this size.
                let soft = (self.size * (grow - 1.0)).max(1.0);
                let beside = beside(p, a, b) - c.radius * grow;
                let t = (beside / soft + 0.5).clamp(0.0, 1.0);
                t * t * (3.0 - 2.0 * t)
            })
            .product()
    }

    /// Where the shadow of a point above the table falls.
    pub fn shadow(&self, p: [f64; 3]) -> Point {
        let by = p[2] / (self.lamp[2] - p[2]).max(1.0);
        Point::new(p[0] + (p[0] - self.lamp[0]) * by, p[1] + (p[1] - self.lamp[1]) * by)
    }

    /// How much brighter paper with this unit normal is than the table below it (Lambert).
    pub fn lean(&self, place: [f64; 3], normal: [f64; 3]) -> f64 {
        let to = [0, 1, 2].map(|i| self.lamp[i] - place[i]);
        let length = (to[0] * to[0] + to[1] * to[1] + to[2] * to[2]).sqrt();
        let facing = (to[0] * normal[0] + to[1] * normal[1] + to[2] * normal[2]) / length;
        let flat = to[2] / length;
        // From all sides, less of it reaches what leans.
        let all = (1.0 + normal[2]) / 2.0;
        self.scattered * all + (1.0 - self.scattered) * (facing.max(0.0) / flat)
    }
}

/// Distance of a point from the line from `a` to `b`.
pub fn beside(p: Point, a: Point, b: Point) -> f64 {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let t = ((p.x - a.x) * dx + (p.y - a.y) * dy) / (dx * dx + dy * dy).max(1e-9);
    p.distance(a.lerp(b, t.clamp(0.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::super::super::rng;
    use super::*;

    #[test]
    fn a_hand_before_the_lamp_darkens_its_place_and_a_small_lamp_sharpens_its_edge() {
        let mut light = Light { before: Vec::new(), ..Light::bulb(&mut rng(1, 0)) };
        let place = Point::new(10.0, 100.0);
        let before = light.at(place);
        light.hand(place, 250.0, &mut rng(2, 0));
        assert!(light.at(place) < before * 0.5, "{} of {before}", light.at(place));
        assert!(light.at(place) >= light.scattered - 1e-9);
        let edge = |light: &Light| {
            let lit: Vec<f64> = (0..600).map(|i| light.at(Point::new(10.0, 100.0 - f64::from(i)))).collect();
            lit.windows(2).map(|w| w[1] - w[0]).fold(0.0, f64::max)
        };
        assert!(edge(&light) > edge(&Light { size: 600.0, ..light.clone() }));
    }

    #[test]
    fn paper_that_leans_to_the_lamp_is_brighter() {
        let light = Light { lamp: [1000.0, 0.0, 1000.0], size: 100.0, scattered: 0.3, before: Vec::new() };
        let (s, c) = 0.2f64.sin_cos();
        assert!(light.lean([0.0; 3], [s, 0.0, c]) > 1.0);
        assert!(light.lean([0.0; 3], [-s, 0.0, c]) < 1.0);
        assert!((light.lean([0.0; 3], [0.0, 0.0, 1.0]) - 1.0).abs() < 1e-9);
    }
}
