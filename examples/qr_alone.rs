//! Reads the QR codes of grey pictures with zxing-cpp and does nothing else: what `scripts/bench` holds the
//! whole program against.
//!
//!     qr_alone PGM...
//!
//! In: binary PGM files, 8 bits. Out: how many of them show a code that decodes. Refuses other pictures.

use anyhow::{Context, ensure};
use zxingcpp::{BarcodeFormat, ImageFormat, ImageView};

fn main() -> anyhow::Result<()> {
    let (mut read, mut all) = (0, 0);
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path).with_context(|| path.clone())?;
        let (width, height, pixels) = grey(&bytes).with_context(|| format!("{path} is no 8-bit PGM"))?;
        let view = ImageView::from_slice(pixels, width, height, ImageFormat::Lum)?;
        // zxing-cpp's own defaults, but for QR codes alone.
        let codes = zxingcpp::read().formats(BarcodeFormat::QRCode).from(&view)?;
        all += 1;
        read += usize::from(codes.iter().any(|code| code.is_valid()));
    }
    ensure!(all > 0, "usage: qr_alone PGM...");
    println!("{read} of {all}");
    Ok(())
}

/// Width, height and pixels of a PGM without comments, as `djpeg -grayscale` writes it.
fn grey(bytes: &[u8]) -> Option<(u32, u32, &[u8])> {
    let mut words = bytes.splitn(5, u8::is_ascii_whitespace);
    let mut word = || words.next().and_then(|w| std::str::from_utf8(w).ok());
    let (magic, width, height, depth) = (word()?, word()?.parse().ok()?, word()?.parse().ok()?, word()?);
    let pixels = words.next()?;
    let whole = pixels.len() == width as usize * height as usize;
    (magic == "P5" && depth == "255" && whole).then_some((width, height, pixels))
}
