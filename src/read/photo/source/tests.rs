//! Archives as people make them, damaged ones, and ones made to do harm.

use super::*;
use crate::ground::finding::Code;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Bytes that hardly shrink, as a photo's.
fn photo(seed: u32, length: usize) -> Vec<u8> {
    let mut x = seed.wrapping_mul(2_654_435_761).max(1);
    let step = |_| {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        x as u8
    };
    (0..length).map(step).collect()
}

fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (n, (name, bytes)) in members.iter().enumerate() {
        let method = [CompressionMethod::Deflated, CompressionMethod::Stored][n % 2];
        zip.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A tar of these members; a name may be any.
fn tarred(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        tar.append(&header, *bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(bytes).unwrap();
    gz.finish().unwrap()
}

fn names(dir: &Path, members: &[PathBuf]) -> Vec<String> {
    members.iter().map(|m| m.strip_prefix(dir).unwrap().display().to_string()).collect()
}

fn code(path: &Path) -> Code {
    read(path, &Limits::default()).unwrap_err().code()
}

#[test]
fn members_of_each_kind_of_archive_are_listed_by_name_and_read() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two, three) = (photo(1, 300_000), photo(2, 70_000), photo(3, 5));
    let members: [(&str, &[u8]); 3] = [("./b/2.jpg", &two), ("c.jpg", &three), ("b.x/1.jpg", &one)];
    let tar = tarred(&members);
    for (name, bytes) in
        [("p.zip", zipped(&members)), ("p.TGZ", gzipped(&tar)), ("p.tar.gz", gzipped(&tar)), ("p.tar", tar)]
    {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let found = super::members(&path).unwrap();
        assert!(!found.broken && found.left_out.is_empty(), "{name}");
        assert_eq!(names(&path, &found.files), ["b/2.jpg", "b.x/1.jpg", "c.jpg"], "{name}");
        for (file, bytes) in found.files.iter().zip([&two, &one, &three]) {
            assert_eq!(
                (read(file, &Limits::default()).unwrap(), size(file)),
                (bytes.clone(), Some(bytes.len() as u64))
            );
        }
        assert!(is_there(&found.files[0]) && !is_there(&path.join("d.jpg")), "{name}");
        assert_eq!(code(&path.join("d.jpg")), Code::UnreadableFile);
        let limits = Limits { bytes: 100_000, ..Limits::default() };
        assert_eq!(read(&found.files[1], &limits).unwrap_err().code(), Code::TooLarge, "{name}");
    }
}

#[test]
fn a_member_far_into_a_gzipped_archive_is_read_from_a_state_near_it() {
    let dir = tempfile::tempdir().unwrap();
    let photos: Vec<(String, Vec<u8>)> =
        (0..12).map(|n| (format!("{}.jpg", 20 - n), photo(n, 3 << 20))).collect();
    let members: Vec<(&str, &[u8])> = photos.iter().map(|(n, b)| (n.as_str(), &b[..])).collect();
    let tar = tarred(&members);
    // Of two parts, as programs that pack in parallel write it.
    let bytes = [gzipped(&tar[..tar.len() / 3]), gzipped(&tar[tar.len() / 3..])].concat();
    let path = dir.path().join("p.tar.gz");
    std::fs::write(&path, bytes).unwrap();
    assert!(!super::members(&path).unwrap().broken);
    for (name, bytes) in photos.iter().rev() {
        assert!(read(&path.join(name), &Limits::default()).unwrap() == *bytes, "{name}");
    }
}

#[test]
fn names_that_lead_out_of_an_archive_lead_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("secret.jpg"), b"secret").unwrap();
    let members: [(&str, &[u8]); 3] =
        [("../secret.jpg", b"a"), ("/etc/passwd.jpg", b"b"), ("x\\..\\..\\y.jpg", b"c")];
    for (name, bytes) in [("p.zip", zipped(&members)), ("p.tar", tarred(&members))] {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let found = super::members(&path).unwrap();
        let read: Vec<Vec<u8>> = found.files.iter().map(|f| read(f, &Limits::default()).unwrap()).collect();
        assert_eq!(read, [b"a", b"b", b"c"], "{name}");
        assert_eq!(code(&path.join("../../secret.jpg")), Code::UnreadableFile);
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 3, "nothing is written");
}

#[test]
fn links_and_devices_in_an_archive_are_no_photos() {
    let dir = tempfile::tempdir().unwrap();
    let mut tar = tar::Builder::new(Vec::new());
    for (name, kind) in
        [("l.jpg", tar::EntryType::Symlink), ("h.jpg", tar::EntryType::Link), ("d.jpg", tar::EntryType::Char)]
    {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        tar.append_link(&mut header, name, "/etc/passwd").unwrap();
    }
    let path = dir.path().join("p.tar");
    std::fs::write(&path, tar.into_inner().unwrap()).unwrap();
    let found = super::members(&path).unwrap();
    assert_eq!(
        (found.files.len(), names(&path, &found.left_out)),
        (0, vec!["d.jpg".into(), "h.jpg".into(), "l.jpg".into()])
    );
    assert_eq!(code(&path.join("l.jpg")), Code::UnreadableFile);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_symlink("l.jpg", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let path = dir.path().join("p.zip");
    std::fs::write(&path, zip.finish().unwrap().into_inner()).unwrap();
    assert_eq!(names(&path, &super::members(&path).unwrap().left_out), ["l.jpg"]);
}

#[test]
fn what_a_damaged_archive_held_before_the_damage_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (photo(1, 100_000), photo(2, 100_000));
    let members: [(&str, &[u8]); 2] = [("1.jpg", &one), ("2.jpg", &two)];
    let tar = tarred(&members);
    let cut = |bytes: Vec<u8>| bytes[..130_000].to_vec();
    for (name, bytes) in [("p.tar", cut(tar.clone())), ("p.tgz", cut(gzipped(&tar)))] {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        assert!(super::members(&path).unwrap().broken, "{name}");
        assert_eq!(code(&path), Code::DamagedArchive, "{name}");
        assert_eq!(read(&path.join("1.jpg"), &Limits::default()).unwrap(), one, "{name}");
        assert_eq!(code(&path.join("2.jpg")), Code::DamagedArchive, "{name}");
    }
    // A flipped bit of a photo; a zip without its end, where the names are; no archive at all.
    let mut flipped = zipped(&members);
    let at = flipped.windows(8).position(|w| *w == two[50_000..50_008]).unwrap();
    flipped[at] ^= 1;
    let path = dir.path().join("f.zip");
    std::fs::write(&path, flipped).unwrap();
    assert_eq!(read(&path.join("1.jpg"), &Limits::default()).unwrap(), one);
    assert_eq!(code(&path.join("2.jpg")), Code::DamagedArchive);
    for (name, bytes) in
        [("c.zip", cut(zipped(&members))), ("t.zip", b"notes".to_vec()), ("t.tgz", b"notes".to_vec())]
    {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        assert!(super::members(&path).unwrap().broken, "{name}");
        assert_eq!(code(&path), Code::DamagedArchive, "{name}");
    }
}

#[test]
fn a_bomb_and_a_locked_member_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let zeros = vec![0; 20 << 20];
    let mut bytes = zipped(&[("bomb.jpg", &zeros[..])]);
    // It says that it is small: in its own head and in the list of names.
    let told = (zeros.len() as u32).to_le_bytes();
    let places: Vec<usize> = (0..bytes.len() - 4).filter(|&at| bytes[at..at + 4] == told).collect();
    assert_eq!(places.len(), 2);
    places.iter().for_each(|&at| bytes[at..at + 4].copy_from_slice(&9u32.to_le_bytes()));
    let path = dir.path().join("b.zip");
    std::fs::write(&path, bytes).unwrap();
    let limits = Limits { bytes: 1 << 20, ..Limits::default() };
    let error = read(&path.join("bomb.jpg"), &limits).unwrap_err();
    assert!(matches!(error.code(), Code::TooLarge | Code::DamagedArchive), "{error}");
    let mut locked = zipped(&[("a.jpg", b"secret")]);
    // The flag of encryption, of both heads.
    let central = locked.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    (locked[6], locked[central + 8]) = (locked[6] | 1, locked[central + 8] | 1);
    let path = dir.path().join("l.zip");
    std::fs::write(&path, locked).unwrap();
    assert_eq!(code(&path.join("a.jpg")), Code::LockedFile);
}
