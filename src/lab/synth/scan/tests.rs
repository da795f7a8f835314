//! What a made-up scan does to a sheet.

use super::super::{Part, ValueMode, rng, sheet};
use super::*;
use crate::form::{FieldKind, builtin};
use crate::read::cut;

/// Ink per cell, through the mesh, of the drawing and of its scans.
#[test]
fn the_mesh_follows_the_print_through_a_crooked_scan() {
    let form = &builtin().unwrap()[0];
    let drawn = sheet(form, 5, ValueMode::Uniform, Part::Frame);
    let mut settings = ScanSettings::clean(200.0);
    settings.stretch = (0.985, 0.01);
    settings.skew = -1.5;
    settings.drift = 1.5;
    settings.curl = 1.0;
    settings.border = [3.0, 9.0, 6.0, 6.0];
    for turns in 0..4 {
        settings.turns = turns;
        let picture = apply(&drawn, &settings, &mut rng(1, 1));
        for field in form.fields.iter().filter(|f| f.kind != FieldKind::Header) {
            let rect = field.digits.unwrap().line_rect(field.y, 0);
            let flat = cut::cut(&drawn.pixels, &drawn.mesh, rect, 4.0);
            let seen = cut::cut(&picture.pixels, &picture.mesh, rect, 4.0);
            let apart: f64 = flat
                .iter()
                .zip(seen.iter())
                .map(|(&a, &b)| (f64::from(a) / 255.0 - (f64::from(b) - 30.0) / 215.0).abs())
                .sum::<f64>()
                / flat.len() as f64;
            assert!(apart < 0.05, "{} turned {turns}: {apart}", field.id);
        }
    }
}

#[test]
fn a_typical_scan_keeps_the_qr_readable() {
    let form = &builtin().unwrap()[0];
    let mut read = 0;
    for seed in 0..4 {
        let mut rng = rng(seed, 1);
        let drawn = sheet(form, seed, ValueMode::Realistic, Part::Whole);
        let picture = apply(&drawn, &ScanSettings::typical(&mut rng), &mut rng);
        let codes = zxingcpp::read().from(&view(&picture.pixels)).unwrap();
        read += u32::from(codes.iter().any(|c| Some(c.text()) == picture.truth.qr));
    }
    assert!(read >= 3, "{read} of 4");
}

fn view(pixels: &GrayImage) -> zxingcpp::ImageView<'_> {
    super::super::tests::view(pixels)
}

#[test]
fn the_same_seed_scans_the_same_bytes() {
    let form = &builtin().unwrap()[0];
    let drawn = sheet(form, 5, ValueMode::Uniform, Part::Frame);
    let scan = || {
        let mut rng = rng(4, 4);
        apply(&drawn, &ScanSettings::rough(&mut rng), &mut rng)
    };
    assert_eq!(scan().jpeg, scan().jpeg);
}
