//! No pixel of the private block is published: made-up photos, taken twice.
//!
//! Each sheet is drawn, and drawn again with its private block filled with a coarse chequerboard, at the
//! place where it was drawn: the truth is the printer's, not the locator's. Both are photographed with the
//! same dice. The first photo is digitized; both are redacted with that record. If the two published
//! pictures are the same bytes, nothing of the block, not even its blur, is in them.
//!
//! `REDACTION_PHOTOS` sets how many (20 without it; `scripts/check-redaction` takes 200).

// A test fails by panicking.
#![allow(clippy::unwrap_used)]

use cotejo::config::Config;
use cotejo::form::{self, Form};
use cotejo::geometry::{Point, Quad};
use cotejo::photo::{self, Limits};
use cotejo::pipeline::Digitizer;
use cotejo::publish::redact::{Redacted, Refusal, redact};
use cotejo::record::Record;
use cotejo::synth::draw::{self, Drawn};
use cotejo::synth::scan::{self, ScanSettings};
use cotejo::synth::values::{ValueMode, invent};
use cotejo::synth::{Part, Picture, SynthRng, camera, rng};
use image::Luma;

/// The same sheet with everything from the private block on down chequered.
fn chequered(drawn: &Drawn, form: &Form) -> Drawn {
    let mut out = drawn.clone();
    let top = drawn.mesh.map(Point::new(0.0, form.private_top)).y.ceil() as u32;
    for y in top..out.pixels.height() {
        for x in 0..out.pixels.width() {
            // 2 mm squares: visible through any blur of these photos.
            let ink = (x / 16 + y / 16) % 2 == 0;
            out.pixels.put_pixel(x, y, Luma([if ink { 0 } else { 255 }]));
        }
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
    let photo = photo::decode("made-up.jpg", photo::sha256(&bytes), &bytes, &Limits::default()).unwrap();
    let records = digitizer.photo(photo.clone()).into_iter().map(|d| d.record).collect();
    (photo, records)
}

#[test]
fn no_pixel_of_the_private_block_is_published() {
    let photos: u64 = std::env::var("REDACTION_PHOTOS").ok().map_or(20, |n| n.parse().unwrap());
    let digitizer = Digitizer::new(Config::new(form::builtin().unwrap())).unwrap();
    let form = &digitizer.config().forms[0];
    let strengths = [0.0, 0.15, 0.3, 0.45, 0.6];
    let mut published = [0; 5];
    let mut seen = 0;
    for i in 0..photos {
        let step = (i % strengths.len() as u64) as usize;
        let mut dice = rng(77, i);
        let truth = invent(form, &mut dice, ValueMode::Realistic);
        let drawn = draw::draw(form, &truth, Part::Whole, &mut dice);
        let other = chequered(&drawn, form);
        let one = take(&drawn, strengths[step], dice.clone());
        let two = take(&other, strengths[step], dice);
        let (photo, records) = records(&digitizer, &one);
        let limits = Limits::default();
        let pixels = match &two.jpeg {
            Some(bytes) => photo::decode("two.jpg", String::new(), bytes, &limits).unwrap().pixels,
            None => two.pixels.clone(),
        };
        assert_eq!(photo.pixels.dimensions(), pixels.dimensions());
        assert!(photo.pixels != pixels, "photo {i}: the chequerboard is not in it");
        for record in &records {
            let both: [Result<Redacted, Refusal>; 2] =
                [&photo.pixels, &pixels].map(|p| redact(p, record, form, &[]));
            if let [Ok(a), Ok(b)] = &both {
                published[step] += 1;
                assert!(
                    a.jpeg == b.jpeg,
                    "photo {i} at strength {}: the private block shows",
                    strengths[step]
                );
                // The test sees the block where it is not covered.
                let wrong = too_high(record, form);
                if let [Ok(a), Ok(b)] = [&photo.pixels, &pixels].map(|p| redact(p, &wrong, form, &[])) {
                    seen += usize::from(a.jpeg != b.jpeg);
                }
            }
        }
    }
    let count = |s: usize| (photos as usize).div_ceil(strengths.len()).min(photos as usize).max(1) * s;
    eprintln!(
        "{photos} photos, {published:?} published at strengths {strengths:?}, seen where not covered: {seen}"
    );
    // Refusing everything would prove nothing.
    assert!(published[0] + published[1] + published[2] >= count(2), "{published:?}");
    assert!(seen > 0);
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
