//! Tests of the measure, and of `locate` by it.

use super::*;
use crate::form::builtin;
use crate::read::sheet::Mesh;
use image::GrayImage;

fn known(pixels: GrayImage, way: fn(Point) -> Point) -> Known {
    Known { pixels, way: Box::new(way), mesh: Mesh { width: 0.0, rungs: Vec::new() } }
}

#[test]
fn a_distance_is_measured_in_millimetres_of_the_form_whatever_the_photo_does() {
    // 10 px a mm across, 4 px a mm along, turned by 30 degrees.
    let (s, c) = 30f64.to_radians().sin_cos();
    let way = move |p: Point| Point::new(10.0 * p.x * c - 4.0 * p.y * s, 10.0 * p.x * s + 4.0 * p.y * c);
    let p = Point::new(20.0, 100.0);
    for (dx, dy) in [(0.3, 0.0), (0.0, 0.3), (0.18, -0.24)] {
        let off = apart(&way, p, way(Point::new(p.x + dx, p.y + dy)));
        assert!((off - 0.3).abs() < 1e-9, "{dx} {dy}: {off}");
    }
}

#[test]
fn a_sheet_that_is_not_found_is_a_miss_and_none_of_its_cells_is_near() {
    let form = &builtin().unwrap()[0];
    let pixels = GrayImage::from_pixel(800, 4000, image::Luma([255]));
    let known = known(pixels, |p| Point::new(8.0 * p.x + 50.0, 8.0 * p.y + 600.0));
    let placed = placed(&[], form, &known);
    assert!(!placed.found && placed.asked > 60 && placed.refused == placed.asked);
    let set = Registration { schema: SCHEMA, set: "none".to_owned(), seed: 1, pictures: vec![placed] };
    assert_eq!((set.cells(), set.exact()), ([0.0, 0.0, 1.0], 0.0));
    assert!(set.worst(0.5).is_infinite() && set.to_string().contains("not found: none seed 1"));
}

#[test]
fn cells_outside_the_photo_are_not_asked_for() {
    let form = &builtin().unwrap()[0];
    let pixels = GrayImage::from_pixel(800, 1000, image::Luma([255]));
    let known = known(pixels, |p| Point::new(8.0 * p.x + 50.0, 8.0 * p.y + 100.0));
    let part = placed(&[], form, &known).asked;
    assert!(part > 10 && part < cells(form).count() / 2, "{part}");
}

/// What `locate` reaches on made-up sheets of seed 2026 (d5d3ad5): a registration that gets worse falls out of
/// these bounds. Each is what was measured with a little room.
#[test]
fn locate_puts_cells_where_the_exact_map_puts_them() {
    let form = &builtin().unwrap()[0];
    // The set, its sheets; the least share of cells within 0.25 and 0.5 mm, the largest median of the sheets'
    // worst cells in mm, and how many sheets may be missed.
    let bounds = [
        ("scans", 6, [0.97, 1.0], 0.13, 0),
        ("turned-scans", 6, [0.97, 0.985], 0.13, 0),
        ("strip-12mp", 4, [0.99, 1.0], 0.14, 0),
        ("pieces-12mp", 1, [0.8, 0.85], 0.7, 0),
    ];
    for (name, sheets, least, worst, missed) in bounds {
        let set = Set::parse(name).unwrap();
        let measured = register(form, set, sheets, 2026, Jobs(2), || ()).unwrap();
        let [near, half, _] = measured.cells();
        let fine = near >= least[0] && half >= least[1] && measured.worst(0.5) <= worst;
        assert!(fine && measured.missed().count() <= missed, "{HEAD}\n{measured}");
    }
}
