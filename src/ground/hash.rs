//! SHA-256, as files, settings and records are told apart.

use sha2::{Digest, Sha256};

/// SHA-256 of bytes, hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// Length and SHA-256 of what is read to its end.
///
/// # Errors
/// It cannot be read.
pub fn sha256_of(mut from: impl std::io::Read) -> std::io::Result<(u64, String)> {
    let (mut hash, mut bytes, mut part) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        match from.read(&mut part)? {
            0 => return Ok((bytes, hexadecimal(&hash.finalize()))),
            n => {
                hash.update(&part[..n]);
                bytes += n as u64;
            }
        }
    }
}

/// Bytes as hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
