//! No pixel of the private block is published: made-up scans and photos, redacted twice.
//!
//! Each sheet is drawn and photographed; where its private block stands in the photo is known from the
//! printer, the scanner and the camera of the made-up scene, not from the locator. The photo is digitized and
//! redacted; then the whole block, from its upper edge to the end of the paper, is filled with a
//! chequerboard, and the photo is redacted again with the same record. If the two published pictures are the
//! same bytes, no pixel of the block is in them.
//!
//! `REDACTION_PHOTOS` sets how many (20 without it; `scripts/check-redaction` takes 200).

#![cfg(feature = "cli")]
// A test fails by panicking.
#![allow(clippy::unwrap_used)]

use cotejo::count::publish::redact::{Redacted, Refusal, redact};
use cotejo::form::{self, Form};
use cotejo::ground::geometry::{Point, Quad};
use cotejo::lab::synth::draw::{self, Drawn};
use cotejo::lab::synth::scan::{self, ScanSettings};
use cotejo::lab::synth::values::{ValueMode, invent};
use cotejo::lab::synth::{Part, Picture, SynthRng, camera, rng};
use cotejo::read::photo::{self, Limits};
use cotejo::read::sheet::{Mesh, Rung};
use cotejo::record::Record;
use cotejo::run::config::Config;
use cotejo::run::pipeline::Digitizer;
use image::{GrayImage, Luma};
use rayon::prelude::*;

/// The sheet with a mesh that goes on from the private block to the end of the paper: the drawing is
/// flat, and what the scanner and the camera do to the mesh is exact.
fn with_whole_mesh(mut drawn: Drawn, form: &Form) -> Drawn {
    let end = drawn.mesh.map(Point::new(0.0, 0.0));
    let paper = f64::from(drawn.pixels.height()) - end.y;
    let px_per_mm = drawn.mesh.px_per_mm(form.private_top);
    let last = drawn.mesh.rungs.last().unwrap().y;
    let more = (1..).map(|i| last + 4.0 * f64::from(i)).take_while(|y| y * px_per_mm < paper + 40.0);
    let at = |x: f64, y: f64| drawn.mesh.map(Point::new(x, y));
    let width = drawn.mesh.width;
    let rungs: Vec<Rung> =
        more.map(|y| Rung { y, points: [0.0, width / 2.0, width].map(|x| at(x, y)) }).collect();
    drawn.mesh.rungs.extend(rungs);
    drawn
}

/// The photo with its private block chequered, 2 mm a square, up to the edges of the paper.
fn chequered(pixels: &GrayImage, mesh: &Mesh, form: &Form) -> GrayImage {
    let mut out = pixels.clone();
    let end = mesh.rungs.last().unwrap().y;
    let mut y = form.private_top;
    while y < end {
        let step = 0.5 / mesh.px_per_mm(y).max(1.0);
        let mut x = -form.margin_left;
        while x < form.paper_width - form.margin_left {
            let p = mesh.map(Point::new(x, y));
            let (px, py) = (p.x.round(), p.y.round());
            if px >= 0.0 && py >= 0.0 && px < f64::from(out.width()) && py < f64::from(out.height()) {
                let ink = ((x + 100.0) / 2.0) as i64 % 2 == (y / 2.0) as i64 % 2;
                out.put_pixel(px as u32, py as u32, Luma([if ink { 0 } else { 255 }]));
            }
            x += step;
        }
        y += step;
    }
    out
}

/// A scan or photo of the sheet; the same dice take the same one.
fn take(drawn: &Drawn, strength: f64, mut dice: SynthRng) -> Picture {
    if strength == 0.0 {
        let settings = ScanSettings { turns: 0, ..ScanSettings::typical(&mut dice) };
        return scan::apply(drawn, &settings, &mut dice);
    }
    let settings = ScanSettings { turns: 0, ..ScanSettings::paper(&mut dice) };
    let paper = scan::apply(drawn, &settings, &mut dice);
    camera::photograph(&paper, strength, &mut dice)
}

fn records(digitizer: &Digitizer, picture: &Picture) -> (photo::Photo, Vec<Record>) {
    let bytes = picture.jpeg.clone().unwrap_or_else(|| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture.pixels.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        bytes.into_inner()
    });
    let photo =
        photo::decode("made-up.jpg", cotejo::ground::hash::sha256(&bytes), &bytes, &Limits::default())
            .unwrap();
    let records = digitizer.photo(photo.clone()).into_iter().map(|d| d.record).collect();
    (photo, records)
}

/// Strengths of the camera, one photo after the other.
const STRENGTHS: [f64; 5] = [0.0, 0.15, 0.3, 0.45, 0.6];

/// How many pictures of a photo are published, and in how many the test sees the block where it is not
/// covered.
fn redacted_twice(digitizer: &Digitizer, i: u64) -> (usize, usize) {
    let form = &digitizer.config().forms[0];
    let strength = STRENGTHS[(i % STRENGTHS.len() as u64) as usize];
    let mut dice = rng(77, i);
    let truth = invent(form, &mut dice, ValueMode::Realistic);
    let drawn = with_whole_mesh(draw::draw(form, &truth, Part::Whole, &mut dice), form);
    let picture = take(&drawn, strength, dice);
    let (photo, records) = records(digitizer, &picture);
    let pixels = chequered(&photo.pixels, &picture.mesh, form);
    let changed = photo.pixels.iter().zip(pixels.iter()).filter(|(a, b)| a != b).count();
    assert!(changed > 50_000, "photo {i}: the chequerboard is not in it");
    let (mut published, mut seen) = (0, 0);
    for record in &records {
        let both: [Result<Redacted, Refusal>; 2] =
            [&photo.pixels, &pixels].map(|p| redact(p, record, form, &[]));
        if let [Ok(a), Ok(b)] = &both {
            published += 1;
            assert!(
                a.jpeg == b.jpeg,
                "photo {i} at strength {strength}: the private block shows; {}",
                difference(a, b)
            );
            // The test sees the block where it is not covered.
            let wrong = too_high(record, form);
            if let [Ok(a), Ok(b)] = [&photo.pixels, &pixels].map(|p| redact(p, &wrong, form, &[])) {
                seen += usize::from(a.jpeg != b.jpeg);
            }
        }
    }
    (published, seen)
}

#[test]
fn no_pixel_of_the_private_block_is_published() {
    let photos: u64 = std::env::var("REDACTION_PHOTOS").ok().map_or(20, |n| n.parse().unwrap());
    let digitizer = Digitizer::new(Config::new(form::builtin().unwrap())).unwrap();
    let found: Vec<(usize, usize)> =
        (0..photos).into_par_iter().map(|i| redacted_twice(&digitizer, i)).collect();
    let mut published = [0; STRENGTHS.len()];
    for (i, one) in found.iter().enumerate() {
        published[i % STRENGTHS.len()] += one.0;
    }
    let seen: usize = found.iter().map(|one| one.1).sum();
    let count = |s: usize| (photos as usize).div_ceil(STRENGTHS.len()).min(photos as usize).max(1) * s;
    eprintln!(
        "{photos} photos, {published:?} published at strengths {STRENGTHS:?}, seen where not covered: {seen}"
    );
    // Refusing everything would prove nothing.
    assert!(published[0] + published[1] + published[2] >= count(2), "{published:?}");
    assert!(seen > 0);
}

/// Where two published pictures differ, and by how much.
fn difference(a: &Redacted, b: &Redacted) -> String {
    let [a, b] = [a, b].map(|r| image::load_from_memory(&r.jpeg).unwrap().into_luma8());
    let differing: Vec<(u32, u8)> = a
        .enumerate_pixels()
        .map(|(x, y, p)| (y, p.0[0].abs_diff(b.get_pixel(x, y).0[0])))
        .filter(|d| d.1 > 0)
        .collect();
    let rows = (differing.iter().map(|d| d.0).min(), differing.iter().map(|d| d.0).max());
    let most = differing.iter().map(|d| d.1).max();
    format!("{} pixels differ in rows {rows:?} of {}, by at most {most:?}", differing.len(), a.height())
}

/// The record with its whole registration 30 mm off, the block's place moved along: what a locator that
/// is wrong and sure of itself would leave.
fn too_high(record: &Record, form: &Form) -> Record {
    const OFF: f64 = 30.0;
    let mut record = record.clone();
    let registration = record.registration.as_mut().unwrap();
    let [.., before, last] = registration.mesh.as_slice() else { panic!("a mesh has two rungs") };
    let (step, from) = (last.y - before.y, last.points[1]);
    let along = [0, 1].map(|i| (from[i] - before.points[1][i]) / step);
    // The mesh goes on below its end the way that it ends.
    let on = |p: [f64; 2], mm: f64| [p[0] + along[0] * mm, p[1] + along[1] * mm];
    let (mut more, edge) = (last.clone(), form.private_top + OFF - last.y);
    more.y += 60.0;
    more.points = more.points.map(|p| on(p, 60.0));
    let ([left, _, right], far) = (last.points, 400.0);
    registration.private = Some(Quad([on(left, edge), on(right, edge), on(right, far), on(left, far)]));
    registration.mesh.push(more);
    registration.mesh.iter_mut().for_each(|rung| rung.y -= OFF);
    record
}
