//! The files of a site, each with its SHA-256, and the signature over the list.
//!
//! In: bytes of files as they are made, from any thread; the originals. Out: files in the new folder,
//! `manifest.json`, `SHA256SUMS`, and with a key `manifest.json.minisig`, which `minisign -V` checks. Refuses
//! a path that is written twice and a key that cannot be opened.

use super::PublishError;
use crate::count::tally::about::edited;
use crate::ground::hash::{sha256, sha256_of};
use crate::run::output::{About, OutputError};
use minisign::{PublicKey, SecretKeyBox};
use serde::Serialize;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Name and version of the schema of a manifest.
pub const MANIFEST_SCHEMA: &str = "cotejo.manifest/2";
/// The manifest's file.
pub const MANIFEST: &str = "manifest.json";

/// A published file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Published {
    /// From the site's root.
    pub path: String,
    /// Size.
    pub bytes: u64,
    /// SHA-256.
    pub sha256: String,
}

/// An original picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Original {
    /// The file's name.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Page within the file, from 0.
    pub page: u32,
    /// Code of the centre; `None` where it could not be read.
    pub centre: Option<String>,
    /// Number of the unit within it.
    pub table: Option<u32>,
    /// What the program decided.
    pub status: String,
    /// The published picture, from the site's root.
    pub picture: Option<String>,
    /// Why there is none; `None` also where another picture stands for the unit.
    pub refused: Option<String>,
}

/// Writes files into the site's new folder and keeps their hashes.
#[derive(Debug)]
pub struct Writer {
    root: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<String, Published>,
    folders: BTreeSet<PathBuf>,
}

impl Writer {
    /// Writes below `root`, an empty folder.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), state: Mutex::new(State::default()) }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Writes a file. Nothing is synced one by one: the folder appears as a whole at the end.
    ///
    /// # Errors
    /// The file cannot be written, or was written before.
    pub fn file(&self, path: &str, bytes: &[u8]) -> Result<(), PublishError> {
        let to = self.place(path)?;
        std::fs::write(&to, bytes).map_err(|e| OutputError::io(&to, e))?;
        self.note(path, bytes.len() as u64, sha256(bytes))
    }

    /// Puts down a file that `write` writes to the path it is given.
    ///
    /// # Errors
    /// What `write` says; the file cannot be read again.
    pub fn writing<E: Into<PublishError>>(
        &self,
        path: &str,
        write: impl FnOnce(&Path) -> Result<(), E>,
    ) -> Result<(), PublishError> {
        let to = self.place(path)?;
        write(&to).map_err(Into::into)?;
        let hashed = std::fs::File::open(&to).and_then(sha256_of);
        let (bytes, sha256) = hashed.map_err(|e| OutputError::io(&to, e))?;
        self.note(path, bytes, sha256)
    }

    /// Where a file of the site goes; its folder is made.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn place(&self, path: &str) -> Result<PathBuf, PublishError> {
        let to = self.root.join(path);
        if let Some(folder) = to.parent() {
            let known = {
                let state = self.state.lock().map_err(|_| PublishError::Interrupted)?;
                state.folders.contains(folder)
            };
            if !known {
                std::fs::create_dir_all(folder).map_err(|e| OutputError::io(folder, e))?;
                self.state.lock().map_err(|_| PublishError::Interrupted)?.folders.insert(folder.to_owned());
            }
        }
        Ok(to)
    }

    /// Puts down a file that was written.
    ///
    /// # Errors
    /// It was put down before.
    pub fn note(&self, path: &str, bytes: u64, sha256: String) -> Result<(), PublishError> {
        let published = Published { path: path.to_owned(), bytes, sha256 };
        let mut state = self.state.lock().map_err(|_| PublishError::Interrupted)?;
        match state.files.entry(published.path.clone()) {
            Entry::Vacant(free) => {
                free.insert(published);
                Ok(())
            }
            Entry::Occupied(_) => Err(PublishError::Twice { path: published.path }),
        }
    }

    /// The files written so far whose path begins so, by path.
    pub fn files(&self, begin: &str) -> Vec<Published> {
        self.state.lock().map_or_else(
            |_| Vec::new(),
            |s| s.files.values().filter(|f| f.path.starts_with(begin)).cloned().collect(),
        )
    }

    /// Writes `SHA256SUMS` and the manifest; returns the manifest's bytes.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn finish(&self, about: &About, originals: &[Original]) -> Result<Vec<u8>, PublishError> {
        let mut sums = String::new();
        for file in self.files("") {
            sums.push_str(&format!("{}  {}\n", file.sha256, file.path));
        }
        self.file("SHA256SUMS", sums.as_bytes())?;
        let manifest = serde_json::json!({
            "schema": MANIFEST_SCHEMA,
            "cotejo": env!("CARGO_PKG_VERSION"),
            "records_sha256": about.records_sha256,
            "log": about.log,
            "edited": edited(about),
            "originals": originals,
            "files": self.files(""),
        });
        let mut bytes = serde_json::to_vec_pretty(&manifest)?;
        bytes.push(b'\n');
        let to = self.root.join(MANIFEST);
        std::fs::write(&to, &bytes).map_err(|e| OutputError::io(&to, e))?;
        Ok(bytes)
    }
}

/// Signs a manifest: the text of its `.minisig` file and the public key that checks it.
///
/// `password` opens an encrypted key; without one, the terminal is asked.
///
/// # Errors
/// The key cannot be read or opened.
pub fn sign(manifest: &[u8], key: &Path, password: Option<String>) -> Result<(String, String), PublishError> {
    let refused = |problem: String| PublishError::Key { path: key.display().to_string(), problem };
    let text = std::fs::read_to_string(key).map_err(|e| refused(e.to_string()))?;
    let parse = || SecretKeyBox::from_string(&text).map_err(|e| refused(e.to_string()));
    // A key without a password says so itself.
    let secret = match parse()?.into_unencrypted_secret_key() {
        Ok(secret) => secret,
        Err(_) => parse()?.into_secret_key(password).map_err(|e| refused(e.to_string()))?,
    };
    let public = PublicKey::from_secret_key(&secret).map_err(|e| refused(e.to_string()))?;
    let comment = format!("file:{MANIFEST} cotejo {}", env!("CARGO_PKG_VERSION"));
    let signature = minisign::sign(Some(&public), &secret, manifest, Some(&comment), Some("cotejo publish"))
        .map_err(|e| refused(e.to_string()))?;
    Ok((signature.into_string(), public.to_base64()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use minisign::{KeyPair, SignatureBox};

    #[test]
    fn a_signed_manifest_is_checked_by_the_public_key_and_a_changed_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        for password in [None, Some("secreto".to_owned())] {
            let pair = match &password {
                None => KeyPair::generate_unencrypted_keypair().unwrap(),
                Some(p) => KeyPair::generate_encrypted_keypair(Some(p.clone())).unwrap(),
            };
            let key = dir.path().join("key");
            std::fs::write(&key, pair.sk.to_box(None).unwrap().into_string()).unwrap();
            let (signature, public) = sign(b"manifest", &key, password).unwrap();
            let public = PublicKey::from_base64(&public).unwrap();
            assert_eq!(public, pair.pk);
            let signature = SignatureBox::from_string(&signature).unwrap();
            let check = |data: &[u8]| {
                minisign::verify(&public, &signature, std::io::Cursor::new(data), true, false, false)
            };
            assert!(check(b"manifest").is_ok());
            assert!(check(b"manifesto").is_err());
        }
    }

    #[test]
    fn a_file_that_is_no_key_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("key.txt");
        std::fs::write(&key, "hello").unwrap();
        let error = sign(b"x", &key, None).unwrap_err().to_string();
        assert!(error.contains("key.txt"), "{error}");
    }

    #[test]
    fn a_path_is_written_once() {
        let dir = tempfile::tempdir().unwrap();
        let writer = Writer::new(dir.path());
        writer.file("a/b.txt", b"1").unwrap();
        assert!(writer.file("a/b.txt", b"2").is_err());
        assert_eq!(writer.files("a/")[0].sha256, sha256(b"1"));
    }
}
