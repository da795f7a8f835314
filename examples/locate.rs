//! Developer aid: registers each photo and writes it with the cells outlined to a folder.
use cotejo::geometry::{Point, Rect};
use cotejo::{form, photo, sheet};
use image::{Rgb, RgbImage};
fn main() {
    let out = std::env::args().nth(1).unwrap();
    let form = form::builtin().unwrap().remove(0);
    let t = sheet::Template::new(&form);
    for p in std::env::args().skip(2) {
        let bytes = std::fs::read(&p).unwrap();
        let t0 = std::time::Instant::now();
        let ph = photo::decode(&p, String::new(), &bytes, &photo::Limits::default()).unwrap();
        let t1 = std::time::Instant::now();
        let s = sheet::locate(&ph.pixels, std::slice::from_ref(&t));
        let t2 = std::time::Instant::now();
        let name = std::path::Path::new(&p).file_stem().unwrap().to_str().unwrap().to_owned();
        for s in &s {
            println!(
                "{name} score {:.3} residual {:.3} anchors {:.3} visible {:.0}-{:.0} px/mm {:.2} decode {:?} locate {:?}",
                s.score,
                s.residual,
                s.anchors,
                s.visible.0,
                s.visible.1,
                s.mesh.px_per_mm(150.0),
                t1 - t0,
                t2 - t1
            );
            if out != "-" {
                let mut o = RgbImage::from_fn(ph.pixels.width(), ph.pixels.height(), |x, y| {
                    let v = ph.pixels.get_pixel(x, y)[0];
                    Rgb([v, v, v])
                });
                for f in &form.fields {
                    for (slot, c) in [(f.digits, Rgb([255u8, 0, 0])), (f.words, Rgb([0, 0, 255]))] {
                        if let Some(sl) = slot {
                            for l in 0..sl.lines {
                                let r: Rect = sl.line_rect(f.y, l);
                                for i in 0..400 {
                                    let a = i as f64 / 400.0;
                                    for q in [
                                        Point::new(r.x + a * r.width, r.y),
                                        Point::new(r.x + a * r.width, r.bottom()),
                                        Point::new(r.x, r.y + a * r.height),
                                        Point::new(r.right(), r.y + a * r.height),
                                    ] {
                                        let m = s.mesh.map(q);
                                        if m.x >= 0.0
                                            && m.y >= 0.0
                                            && (m.x as u32) < o.width()
                                            && (m.y as u32) < o.height()
                                        {
                                            o.put_pixel(m.x as u32, m.y as u32, c);
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
                o.save(format!("{out}/{name}.png")).unwrap();
            }
        }
        if s.is_empty() {
            println!("{name} NONE {:?}", t2 - t1);
        }
    }
}
