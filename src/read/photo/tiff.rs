//! The pages of TIFF files: scanners and fax machines write many into one file.
//!
//! In: a file's bytes. Out: where the directory of each page lies, and a page's upright grey pixels.
//! The `image` crate decodes the first page of a file; a page is decoded by showing it a file whose
//! first directory is that page's. Smaller versions and transparency masks (NewSubfileType) are no
//! pages. Refuses pages of kinds that the decoder does not know, damaged ones and those over the limit.

use super::{Limits, PhotoError, upright};
use image::codecs::tiff::TiffDecoder;
use image::{GrayImage, ImageError};
use std::io::{BufRead, Cursor, Read, Result, Seek, SeekFrom};

/// Tag of a directory that says what it is of; bit 0: a smaller version, bit 2: a mask.
const NEW_SUBFILE_TYPE: u64 = 254;
const NOT_A_PAGE: u64 = 0b101;

/// How a file writes its numbers.
#[derive(Debug, Clone, Copy)]
struct Layout {
    big_endian: bool,
    /// TIFF with places of 8 bytes.
    big: bool,
}

impl Layout {
    fn of(bytes: &[u8]) -> Option<Self> {
        let (big_endian, big) = match bytes.get(..4)? {
            b"II\x2A\0" => (false, false),
            b"MM\0\x2A" => (true, false),
            b"II\x2B\0" => (false, true),
            b"MM\0\x2B" => (true, true),
            _ => return None,
        };
        Some(Self { big_endian, big })
    }

    /// The number in `size` bytes from `at` on.
    fn number(self, bytes: &[u8], at: u64, size: u64) -> Option<u64> {
        let from = usize::try_from(at).ok()?;
        let slice = bytes.get(from..from.checked_add(size as usize)?)?;
        let add = |n: u64, b: &u8| n << 8 | u64::from(*b);
        Some(if self.big_endian { slice.iter().fold(0, add) } else { slice.iter().rev().fold(0, add) })
    }

    /// Where the place of the first directory stands, and how many bytes a place has.
    fn first(self) -> (u64, u64) {
        if self.big { (8, 8) } else { (4, 4) }
    }

    /// Of the directory at `at`: whether it is a page, and where the next one is; 0 after the last.
    fn directory(self, bytes: &[u8], at: u64) -> Option<(bool, u64)> {
        let (count_size, entry_size, place_size) = if self.big { (8, 20, 8) } else { (2, 12, 4) };
        let count = self.number(bytes, at, count_size)?;
        let entries = at.checked_add(count_size)?;
        let end = entries.checked_add(count.checked_mul(entry_size)?)?;
        let next = self.number(bytes, end, place_size)?;
        let entry = (0..count).map(|i| entries + i * entry_size);
        let kind = entry
            .filter(|&e| self.number(bytes, e, 2) == Some(NEW_SUBFILE_TYPE))
            .find_map(|e| self.number(bytes, e + 4 + place_size, 4));
        Some((kind.unwrap_or(0) & NOT_A_PAGE == 0, next))
    }
}

/// Where the directories of a TIFF file's pages lie, in order, at most `most`; `None` for another file.
/// Where the list of pages breaks off, the place of a page that cannot be read stands last, so that what
/// is missing is told.
pub(super) fn directories(bytes: &[u8], most: usize) -> Option<Vec<u64>> {
    let layout = Layout::of(bytes)?;
    let (at, size) = layout.first();
    let mut pages = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    // A header without a place is a list that breaks off at once.
    let mut next = layout.number(bytes, at, size).unwrap_or(bytes.len() as u64);
    while next != 0 && pages.len() < most && seen.insert(next) && seen.len() <= 4 * most {
        let place = next;
        match layout.directory(bytes, place) {
            Some((is_page, following)) => {
                if is_page {
                    pages.push(place);
                }
                next = following;
            }
            None => {
                pages.push(place);
                break;
            }
        }
    }
    Some(pages)
}

/// Decodes the page whose directory lies at `place`.
pub(super) fn page(bytes: &[u8], place: u64, limits: &Limits) -> std::result::Result<GrayImage, PhotoError> {
    let format = || "tiff".to_owned();
    match TiffDecoder::new(FromPage::new(bytes, place)) {
        Ok(decoder) => upright(decoder, "tiff", limits),
        Err(ImageError::Unsupported(e)) => {
            Err(PhotoError::Unsupported { format: format(), cause: e.to_string() })
        }
        Err(e) => Err(PhotoError::Damaged { format: format(), cause: e.to_string() }),
    }
}

/// A file's bytes with another place of the first directory in its header.
struct FromPage<'b> {
    head: Vec<u8>,
    bytes: Cursor<&'b [u8]>,
}

impl<'b> FromPage<'b> {
    fn new(bytes: &'b [u8], place: u64) -> Self {
        let layout = Layout::of(bytes).unwrap_or(Layout { big_endian: false, big: false });
        let (at, size) = layout.first();
        let mut head = bytes[..bytes.len().min((at + size) as usize)].to_vec();
        let little = place.to_le_bytes();
        for (ix, slot) in head.iter_mut().skip(at as usize).enumerate() {
            let from_low = if layout.big_endian { size as usize - 1 - ix } else { ix };
            *slot = little[from_low];
        }
        Self { head, bytes: Cursor::new(bytes) }
    }
}

impl Read for FromPage<'_> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let n = self.fill_buf()?.read(out)?;
        self.consume(n);
        Ok(n)
    }
}

impl BufRead for FromPage<'_> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        let at = self.bytes.position() as usize;
        match self.head.get(at..) {
            Some(head) if !head.is_empty() => Ok(head),
            _ => self.bytes.fill_buf(),
        }
    }

    fn consume(&mut self, n: usize) {
        self.bytes.consume(n);
    }
}

impl Seek for FromPage<'_> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        self.bytes.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Document;
    use super::*;
    use crate::ground::finding::Code;

    /// A TIFF file by hand: grey pages of 2 x 2 pixels, one of each `(shade, kind)`.
    fn file(layout: Layout, pages: &[(u8, u16)]) -> Vec<u8> {
        let number = |v: u64, size: usize| {
            let bytes = v.to_le_bytes();
            let mut out = bytes[..size].to_vec();
            if layout.big_endian {
                out.reverse();
            }
            out
        };
        let place = if layout.big { 8 } else { 4 };
        let mut out: Vec<u8> = if layout.big_endian { b"MM".to_vec() } else { b"II".to_vec() };
        out.extend(number(if layout.big { 43 } else { 42 }, 2));
        if layout.big {
            out.extend(number(8, 2));
            out.extend(number(0, 2));
        }
        for &(shade, kind) in pages {
            let pixels = out.len() + place + 4;
            out.extend(number(pixels as u64 + 4, place));
            out.extend([0; 4]);
            out.extend([shade; 4]);
            let entries: [(u64, u64); 10] = [
                (254, u64::from(kind)),
                (256, 2),
                (257, 2),
                (258, 8),
                (259, 1),
                (262, 1),
                (273, pixels as u64),
                (277, 1),
                (278, 2),
                (279, 4),
            ];
            out.extend(number(entries.len() as u64, if layout.big { 8 } else { 2 }));
            for (tag, value) in entries {
                out.extend(number(tag, 2));
                out.extend(number(4, 2));
                out.extend(number(1, place));
                out.extend(number(value, 4));
                if layout.big {
                    out.extend([0; 4]);
                }
            }
        }
        out.extend(number(0, place));
        out
    }

    const LAYOUTS: [Layout; 4] = [
        Layout { big_endian: false, big: false },
        Layout { big_endian: true, big: false },
        Layout { big_endian: false, big: true },
        Layout { big_endian: true, big: true },
    ];

    fn open(bytes: Vec<u8>) -> Document {
        Document::open("a.tif", String::new(), bytes, &Limits::default()).unwrap()
    }

    #[test]
    fn every_page_has_its_own_pixels_in_every_kind_of_file() {
        for layout in LAYOUTS {
            let document = open(file(layout, &[(10, 0), (20, 2), (30, 0)]));
            assert_eq!(document.pages(), 3, "{layout:?}");
            for page in 0..3 {
                let photo = document.page(page, &Limits::default()).unwrap();
                assert_eq!(photo.pixels.into_raw(), [10 * (page as u8 + 1); 4], "{layout:?}");
                assert_eq!((photo.page, photo.pages), (page, 3));
            }
        }
    }

    #[test]
    fn a_smaller_version_and_a_mask_are_no_pages() {
        let document = open(file(LAYOUTS[0], &[(10, 0), (20, 1), (30, 4), (40, 0)]));
        assert_eq!(document.pages(), 2);
        assert_eq!(document.page(1, &Limits::default()).unwrap().pixels.into_raw(), [40; 4]);
    }

    #[test]
    fn a_file_that_breaks_off_says_so_and_keeps_the_pages_before() {
        let bytes = file(LAYOUTS[0], &[(10, 0), (20, 0), (30, 0)]);
        let document = open(bytes[..bytes.len() - 60].to_vec());
        assert_eq!(document.pages(), 3);
        assert_eq!(document.page(1, &Limits::default()).unwrap().pixels.into_raw(), [20; 4]);
        let error = document.page(2, &Limits::default()).unwrap_err();
        assert_eq!(error.code(), Code::DamagedPicture);
    }

    #[test]
    fn a_circle_of_pages_ends_and_too_many_are_refused() {
        let mut bytes = file(LAYOUTS[0], &[(10, 0), (20, 0)]);
        let end = bytes.len() - 4;
        bytes.copy_within(4..8, end);
        assert_eq!(open(bytes).pages(), 2);
        let limits = Limits { pages: 2, ..Limits::default() };
        let many = file(LAYOUTS[0], &[(1, 0); 3]);
        let error = Document::open("a.tif", String::new(), many, &limits).err().unwrap();
        assert_eq!(error.code(), Code::TooManyPages);
    }

    #[test]
    fn a_header_alone_is_a_damaged_page() {
        let document = open(b"II\x2A\0".to_vec());
        let error = document.page(0, &Limits::default()).unwrap_err();
        assert_eq!(error.code(), Code::DamagedPicture);
    }
}
